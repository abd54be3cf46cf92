"""What the two sides of an operation say to each other, and the path that it takes.

A `Ticket` is one move in an operation, a `Link` is something that takes tickets. Two links that
are joined carry the operations between an invocation side and a service side: a transport on
either one's behalf, or nothing at all, when two Ends in one process are joined directly.

Rules for the tickets of one operation, which both sides keep and may rely upon:

- Each direction counts its tickets from `sequence_number` 0 without gaps, and they arrive in
  that order.
- The invocation side begins. Its ticket 0 carries `group`, `method` and `subscription`; no later
  ticket and no ticket of the service side carries any of them.
- `timeout` on ticket 0 of the invocation side is the time that the operation may last. On a later
  ticket of either side it takes the place of what was in force at the receiver, counted anew.
- What is known together travels together: any further fields may be set on any ticket, so that
  a whole unary request, or a whole unary response, is one ticket.
- Within one ticket the fields count in the order initial metadata, `payload`,
  `further_payloads`, terminal metadata with code and message, termination. Initial metadata
  thus comes no later than the first payload of its direction, and at most once.
- Terminal metadata, code and message come with a `termination` and never without.
- A ticket with a `termination` is the last of its direction that carries any values. The service
  side has the last word: its `COMPLETION` ends the operation on both sides. That of the invocation
  side ends its own direction, and the operation lives on. Every other value, from either side, is
  an abortion and ends the operation for both at once.
- An invocation side that is complete may still grant allowance, and may still abort the
  operation, as may the service side. Nothing follows the end; what was under way is dropped.
- A ticket carries payloads if and only if `payload` is not None; `further_payloads` is empty
  otherwise. None is never itself a payload.
- Each direction starts with leave to send `INITIAL_ALLOWANCE` payloads. `allowance` on a ticket
  grants its receiver that many FURTHER ones, on top of all that was granted before. No side
  sends a payload without leave.

A side that receives a ticket which breaks these rules delivers nothing of it and ends the operation
with a RECEPTION_FAILURE.
"""

from __future__ import annotations

import abc
import enum
from typing import Any, Final, Hashable, NamedTuple, Optional, Tuple

INITIAL_ALLOWANCE: Final = 1
"""How many payloads either side may send before it has been granted any.

One, so that a unary call needs no ticket for the sake of allowance alone.
"""

REFUSAL: Final = "refused before anything was done for it"
"""The message of a SHUTDOWN termination with which an End refuses an operation.

A transport that knows it may tell the other side that trying again elsewhere is safe. The abortion
of an operation that was running does not carry it.
"""


# Each tuple class comes in two steps, fields first: type checkers do not accept an enum inside the
# body of a NamedTuple. Nobody but the class below derives from the fields.


class _ProtocolFields(NamedTuple):
    kind: Protocol.Kind
    value: Any


class Protocol(_ProtocolFields):
    """Something that only the transport understands, on its way past the layers that do not.

    Attributes:
        kind: who says it to whom.
        value: an object that the transport defines. Nothing between the transport and the
            outermost caller looks inside.
    """

    __slots__ = ()

    class Kind(enum.Enum):
        """Who speaks to whom.

        Members:
            CALL_OPTION: the invoking application to its transport, with the first ticket.
            SERVICER_CONTEXT: the transport of the service side to the serving application.
            INVOCATION_CONTEXT: the transport of the invocation side to the invoking application.

        An End passes on what is for its own customer and drops the rest: if two Ends are joined
        directly, there is no transport to hear a call's options.
        """

        CALL_OPTION = "call option"
        SERVICER_CONTEXT = "servicer context"
        INVOCATION_CONTEXT = "invocation context"


class _TicketFields(NamedTuple):
    operation_id: Hashable
    sequence_number: int
    group: Optional[str] = None
    method: Optional[str] = None
    subscription: Optional[Ticket.Subscription] = None
    timeout: Optional[float] = None
    allowance: Optional[int] = None
    initial_metadata: Optional[Any] = None
    payload: Optional[Any] = None
    terminal_metadata: Optional[Any] = None
    code: Optional[Any] = None
    message: Optional[str] = None
    termination: Optional[Ticket.Termination] = None
    protocol: Optional[Protocol] = None
    further_payloads: Tuple[Any, ...] = ()


class Ticket(_TicketFields):
    """One move of one side in one operation: an immutable value whose absent fields are None.

    The module's docstring says which tickets may follow which.

    Attributes:
        operation_id: tells the operation from all others between the same two links.
        sequence_number: the place of this ticket among those of its direction, from 0.
        group: the group of the method, on the first ticket of the invocation side.
        method: the name of the method within its group, on that ticket.
        subscription: what the invocation side wants to hear back, on that ticket.
        timeout: seconds that the operation may last, counted from the moment this ticket is
            accepted; 0 or less ends it at once. None for no limit on the first ticket, and for no
            change on a later one.
        allowance: how many further payloads the receiver of this ticket may send; positive.
        initial_metadata: the metadata that precedes the payloads of this direction.
        payload: one message, bytes or another object agreed upon by both sides; never None.
        terminal_metadata: the metadata that follows the payloads of this direction.
        code: the code with which this direction ends, in terms that both sides know.
        message: words that go with `code`.
        termination: that and how this side ends the operation, or its half of it.
        protocol: a word from or for the transport.
        further_payloads: payloads of the same direction that follow `payload`, in order, so
            that a batch travels as one ticket; empty unless `payload` is set.
    """

    __slots__ = ()

    class Subscription(enum.Enum):
        """What the invocation side wants to hear from the service side.

        Members:
            NONE: nothing but how much the invocation side may send.
            TERMINATION: that, and how the operation ends.
            FULL: everything.
        """

        NONE = "none"
        TERMINATION = "termination"
        FULL = "full"

    class Termination(enum.Enum):
        """How the sender of a ticket ends the operation.

        Local and remote, reception and transmission are meant as the sender sees them.

        Members:
            COMPLETION: all that the sender had to send is sent.
            CANCELLATION: somebody called it off.
            EXPIRATION: it took longer than its timeout.
            SHUTDOWN: the sender refuses or drops it because it is stopping.
            RECEPTION_FAILURE: the sender could not receive from the other side.
            TRANSMISSION_FAILURE: the sender could not transmit to the other side.
            LOCAL_FAILURE: a defect on the sender's side.
            REMOTE_FAILURE: a defect of the other side that the sender noticed.
        """

        COMPLETION = "completion"
        CANCELLATION = "cancellation"
        EXPIRATION = "expiration"
        SHUTDOWN = "shutdown"
        RECEPTION_FAILURE = "reception failure"
        TRANSMISSION_FAILURE = "transmission failure"
        LOCAL_FAILURE = "local failure"
        REMOTE_FAILURE = "remote failure"

    def __repr__(self) -> str:
        # Most tickets leave most fields out, and traces print many tickets.
        set_fields = [
            f"{name}={value!r}"
            for name, value in zip(self._fields, self)
            if value is not None and (name != "further_payloads" or value)
        ]
        return f"Ticket({', '.join(set_fields)})"


class Link(abc.ABC):
    """One end of a path for tickets.

    A link hands what it has to say to the link that it was joined with, and is handed what that
    one has to say. All methods may be called from any thread. None of them blocks, and none
    raises because of anything the remote side did or the network failed to do: such faults
    arrive as tickets with a termination.
    """

    __slots__ = ()

    @abc.abstractmethod
    def accept_ticket(self, ticket: Ticket) -> None:
        """Takes a ticket from the joined link.

        Tickets of one operation are passed in the order of their sequence numbers; tickets of
        different operations may come at the same time, from several threads. It is allowed that
        the answer comes back, through the joined link's `accept_ticket`, before this call
        returns; callers therefore hold no lock that the answer needs.

        Args:
            ticket: the move of the other side. A ticket of an operation that is unknown, or is
                over, is dropped or answered with a termination, and is no error.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def join_link(self, link: Link) -> None:
        """Names the link to which this one passes its own tickets from now on.

        Joining is one-sided: the other link has to be told, too; `utilities.join` tells both.
        It is done once, before any ticket flows.

        Args:
            link: the mate.
        """
        raise NotImplementedError
