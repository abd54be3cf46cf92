"""One side of an operation, written as plainly as possible: what an implementation is compared with.

The model knows one thread, no queues and no speed. It keeps lists of what was said and heard, and works out from them
what may follow. It shares the contracts with the implementation, and nothing else.
"""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links

Kind = base.Outcome.Kind
Termination = links.Ticket.Termination
Heard = links.Ticket.Subscription

# What a side tells its peer when it ends an operation, and what the peer makes of it.
ABORTIONS = {
    Kind.CANCELLED: Termination.CANCELLATION,
    Kind.EXPIRED: Termination.EXPIRATION,
    Kind.LOCAL_SHUTDOWN: Termination.SHUTDOWN,
    Kind.RECEPTION_FAILURE: Termination.RECEPTION_FAILURE,
    Kind.LOCAL_FAILURE: Termination.LOCAL_FAILURE,
}
MEANINGS = {
    Termination.CANCELLATION: Kind.CANCELLED,
    Termination.EXPIRATION: Kind.EXPIRED,
    Termination.SHUTDOWN: Kind.REMOTE_SHUTDOWN,
    Termination.RECEPTION_FAILURE: Kind.TRANSMISSION_FAILURE,
    Termination.TRANSMISSION_FAILURE: Kind.RECEPTION_FAILURE,
    Termination.LOCAL_FAILURE: Kind.REMOTE_FAILURE,
    Termination.REMOTE_FAILURE: Kind.LOCAL_FAILURE,
}


class Model:
    """What a side should have said and heard, after each step."""

    def __init__(
        self,
        operation_id: Any,
        serves: bool,
        hears: base.Subscription.Kind,
        peer_hears: links.Ticket.Subscription,
        maximum_timeout: Optional[float] = None,
    ) -> None:
        self.operation_id = operation_id
        self.serves = serves
        self.hears = hears
        self.peer_hears = peer_hears
        self.maximum_timeout = maximum_timeout
        self.now = 0.0
        self.deadline: Optional[float] = None
        # What happened, in order.
        self.said: List[links.Ticket] = []
        self.values_heard: List[Any] = []
        self.allowance_heard = 0
        self.end: Optional[Tuple[Kind, Any, Any]] = None
        # Our direction: all values of the customer, and how much of them has left.
        self.payloads: List[Any] = []
        self.payloads_sent = 0
        self.payloads_allowed_by_peer = 1
        self.metadata_given = False
        self.completion: Optional[base.Completion] = None
        self.completion_sent = False
        # The peer's direction.
        self.tickets_received = 0
        self.payloads_received = 0
        self.payloads_allowed_to_peer = 1
        self.metadata_received = False
        self.peer_complete = False

    # ------------------------------------------------------------ steps

    def advance(
        self,
        initial_metadata: Any = None,
        payloads: Sequence[Any] = (),
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> bool:
        """Say something; tell whether it is allowed."""
        if self.end is not None:
            return True
        speaks = initial_metadata is not None or len(payloads) > 0 or completion is not None
        if speaks and self.completion is not None:
            return False
        if initial_metadata is not None and (self.metadata_given or self.payloads):
            return False
        if allowance is not None and allowance <= 0:
            return False
        if initial_metadata is not None:
            self.metadata_given = True
        self.payloads.extend(payloads)
        if completion is not None:
            self.completion = completion
        self._send(initial_metadata, allowance)
        return True

    def hear(self, ticket: links.Ticket) -> None:
        """Get a ticket of the peer."""
        if self.end is not None:
            return
        if self._breaks_rules(ticket):
            self.abort(Kind.RECEPTION_FAILURE)
            return
        first = self.tickets_received == 0
        payloads = [] if ticket.payload is None else [ticket.payload, *ticket.further_payloads]
        self.tickets_received += 1
        self.payloads_received += len(payloads)
        if ticket.initial_metadata is not None:
            self.metadata_received = True
        aborted = ticket.termination not in (None, Termination.COMPLETION)
        completed = ticket.termination is Termination.COMPLETION
        if completed:
            self.peer_complete = True
        ends = aborted or (completed and not self.serves)
        if not ends:
            if ticket.timeout is not None and not (first and self.serves):
                if ticket.timeout <= 0:
                    self.abort(Kind.EXPIRED)
                    return
                self.set_timeout(ticket.timeout)
            if ticket.allowance is not None:
                self.payloads_allowed_by_peer += ticket.allowance
            gives_back = len(payloads) if self.hears is not base.Subscription.Kind.FULL and payloads else None
            self._send(None, gives_back)
            if self.end is not None:
                return  # that was the service's last word: it hears no more
        if self.hears is base.Subscription.Kind.FULL:
            if ticket.initial_metadata is not None:
                self.values_heard.append(("initial metadata", ticket.initial_metadata))
            self.values_heard.extend(("payload", payload) for payload in payloads)
            if completed:
                words = (ticket.terminal_metadata, ticket.code, ticket.message)
                self.values_heard.append(("completion", words))
        if self.hears is not base.Subscription.Kind.NONE and ticket.allowance is not None and not ends:
            self.allowance_heard += ticket.allowance
        if aborted:
            assert ticket.termination is not None
            self._finish(MEANINGS[ticket.termination], ticket.code, ticket.message)
        elif ends:
            self._finish(Kind.COMPLETED, ticket.code, ticket.message)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        if self.end is None and self.deadline is not None and self.now >= self.deadline:
            self.abort(Kind.EXPIRED)

    def abort(self, kind: base.Outcome.Kind) -> None:
        """End by the doing of this side."""
        if self.end is None:
            self._say(termination=ABORTIONS[kind])
            self._finish(kind, None, None)

    def set_timeout(self, timeout: float) -> None:
        if self.maximum_timeout is not None:
            timeout = min(timeout, self.maximum_timeout)
        self.deadline = self.now + timeout

    # ------------------------------------------------------------ rules

    def _breaks_rules(self, ticket: links.Ticket) -> bool:
        payloads = 0 if ticket.payload is None else 1 + len(ticket.further_payloads)
        begins = self.serves and self.tickets_received == 0
        speaks = ticket.initial_metadata is not None or payloads or ticket.termination is Termination.COMPLETION
        ends = ticket.termination is not None
        return bool(
            ticket.sequence_number != self.tickets_received
            or (ticket.group is not None and not begins)
            or (speaks and self.peer_complete)
            or (ticket.initial_metadata is not None and (self.metadata_received or self.payloads_received))
            or (self.payloads_received + payloads > self.payloads_allowed_to_peer)
            or (ticket.further_payloads and ticket.payload is None)
            or (ticket.allowance is not None and ticket.allowance <= 0)
            or (not ends and (ticket.code, ticket.message, ticket.terminal_metadata) != (None, None, None))
        )

    def _send(self, initial_metadata: Any, allowance: Optional[int]) -> None:
        """Send all that is allowed, as one ticket."""
        if self.peer_hears is Heard.FULL:
            sendable = min(len(self.payloads), self.payloads_allowed_by_peer)
        else:
            sendable = len(self.payloads)
        payloads = self.payloads[self.payloads_sent : sendable]
        self.payloads_sent = sendable
        fields = {}
        if self.peer_complete:
            allowance = None
        if allowance is not None:
            self.payloads_allowed_to_peer += allowance
        completion = None
        if sendable == len(self.payloads) and not self.completion_sent:
            completion = self.completion
        if completion is not None:
            self.completion_sent = True
            fields = {
                "terminal_metadata": completion.terminal_metadata,
                "code": completion.code,
                "message": completion.message,
                "termination": Termination.COMPLETION,
            }
        if payloads:
            fields = {"payload": payloads[0], "further_payloads": tuple(payloads[1:]), **fields}
        self._say(initial_metadata=initial_metadata, allowance=allowance, **fields)
        if completion is not None and (self.serves or self.hears is base.Subscription.Kind.NONE):
            self._finish(Kind.COMPLETED, None, None)

    def _say(self, **fields: Any) -> None:
        """Send a ticket with what of these the peer wants to hear, unless it is nothing."""
        if self.peer_hears is not Heard.FULL:
            for unheard in ("initial_metadata", "payload", "further_payloads"):
                fields.pop(unheard, None)
        if self.peer_hears is Heard.NONE:
            fields = {"allowance": fields.get("allowance")}
        fields = {name: value for name, value in fields.items() if value is not None}
        if fields:
            self.said.append(links.Ticket(self.operation_id, len(self.said) + (not self.serves), **fields))

    def _finish(self, kind: base.Outcome.Kind, code: Any, details: Any) -> None:
        self.end = (kind, code, details)
        self.deadline = None
