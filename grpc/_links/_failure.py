"""Why an operation could not be carried: words for its status, and the error behind them for who wants to look."""

from __future__ import annotations

from typing import Hashable, NamedTuple, Optional

from grpc._values import contexts, status
from grpc.framework.interfaces.links import links

_INVOCATION_CONTEXT = links.Protocol.Kind.INVOCATION_CONTEXT
_TRANSMISSION_FAILURE = links.Ticket.Termination.TRANSMISSION_FAILURE


class Failure(NamedTuple):
    """See the module.

    Attributes:
      reason: A sentence for the details of the status, naming the addresses tried.
      cause: The error of the operating system or of TLS, if there was one.
      permanent: Whether waiting is no use: the next attempt will fail alike.
    """

    reason: str
    cause: Optional[BaseException] = None
    permanent: bool = False

    def ticket(self, operation_id: Hashable, sequence_number: int, peer: Optional[str] = None) -> links.Ticket:
        """The last ticket of an operation that was not carried: UNAVAILABLE, with the cause beside it.

        Args:
          operation_id: Of which operation.
          sequence_number: The number of the ticket.
          peer: The address of the connection that was to carry it, if there was one.
        """
        protocol = None
        if self.cause is not None or peer is not None:
            protocol = links.Protocol(_INVOCATION_CONTEXT, contexts.InvocationContext(peer, self.cause))
        return links.Ticket(
            operation_id,
            sequence_number,
            code=status.UNAVAILABLE,
            message=self.reason,
            termination=_TRANSMISSION_FAILURE,
            protocol=protocol,
        )
