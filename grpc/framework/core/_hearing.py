"""What a side hears in an operation: tickets of the peer, checked against the rules, and told to the customer.

The rules are those of `grpc.framework.interfaces.links.links`. A ticket that breaks one ends the operation with
RECEPTION_FAILURE, and the peer is told; nothing of it is delivered.
"""

from __future__ import annotations

import collections
import threading
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Hashable, Optional, Sequence

from grpc.framework.core import _life, _speech, _states, _values
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc.framework.core._life import Upcall

_COMPLETION = links.Ticket.Termination.COMPLETION
_OPEN = _states.State.OPEN
_REMOTE_COMPLETE = _states.State.REMOTE_COMPLETE
_REMOTE_COMPLETION = _states.Input.REMOTE_COMPLETION
_ENDED = _states.State.ENDED
_FULL = base.Subscription.Kind.FULL
_Kind = base.Outcome.Kind
_PEER_FULL = links.Ticket.Subscription.FULL
_INITIAL_ALLOWANCE = links.INITIAL_ALLOWANCE


class Fault(Exception):
    """A ticket breaks the rules; the words say how."""


class Hearing(_speech.Speech):
    """A whole operation, but for how it begins."""

    __slots__ = ("_initial_received", "_next_received", "_operator", "_protocol_receiver", "_unheard")

    # Whether the peer begins, and which words of the transport are for this side.
    _serves: ClassVar[bool]
    _context_kind: ClassVar[links.Protocol.Kind]

    _next_received: int
    _initial_received: bool
    # The customer has not subscribed to values: they are dropped here, and their leave is given back.
    _unheard: bool
    # For who has the role of delivering.
    _operator: Optional[base.Operator]
    _protocol_receiver: Optional[base.ProtocolReceiver]

    def __init__(self, operation_id: Hashable, owner: _life.Owner) -> None:
        """Make an operation that has not yet said or heard anything.

        Args:
          operation_id: Its name between the two joined links.
          owner: Its End.
        """
        # All slots of the base classes, too: one frame for every operation instead of three.
        self.operation_id = operation_id
        self._owner = owner
        self._lock = threading.Lock()
        self._state = _OPEN
        self._peer_subscription = _PEER_FULL
        self._next_sent = self._next_received = 0
        self._send_allowance = self._receive_allowance = _INITIAL_ALLOWANCE
        self._silent = self._told = self._transmitting = self._delivering = False
        self._initial_sent = self._initial_received = self._unheard = False
        self._outcome = self._deadline = self._tickets = self._upcalls = self._withheld = None
        self._operator = self._protocol_receiver = self._termination_callback = self._callbacks = None

    def _subscribe(self, subscription: base.Subscription) -> None:
        """Note who hears. This thread has the role of delivering, or nobody else knows of this object yet."""
        self._termination_callback = subscription.termination_callback
        if subscription.kind is _FULL:
            self._operator = subscription.operator
            self._protocol_receiver = subscription.protocol_receiver
        else:
            self._unheard = True
            if subscription.allowance is not None:
                self._operator = _AllowanceOnly(subscription.allowance)

    def accept(self, ticket: links.Ticket) -> None:
        """Take a ticket from the peer, whatever it holds; one for an operation that has ended is dropped."""
        lock = self._lock
        lock.acquire()
        try:
            if self._outcome is not None:
                return
            upcall = self._receive(ticket)
        except Fault as fault:
            self._end_for(fault)
            upcall = None
        finally:
            lock.release()
        try:
            if upcall is None or self._tickets:
                self._settle()
        finally:
            if upcall is not None:
                self._deliver(upcall)

    def _end_for(self, fault: Fault) -> None:
        """End because of what the peer sent. The lock is held, and `_settle` is due."""
        self._end(_Kind.RECEPTION_FAILURE, None, str(fault))

    def _receive(self, ticket: links.Ticket) -> Optional[Upcall]:
        """Check a ticket and note what it means. The lock is held, and `_settle` is due.

        Returns:
          What this thread has to deliver, for which it has the role now; None if there is nothing, or if who has the
          role will do it.

        Raises:
          Fault: The ticket breaks the rules; `_end_for` is to follow.
        """
        (
            _, number, group, method, subscription, timeout, allowance, initial_metadata, payload, terminal_metadata,
            code, message, termination, protocol, further_payloads,
        ) = ticket  # fmt: skip
        if number != self._next_received:
            raise Fault(f"ticket {number} arrived where ticket {self._next_received} was due")
        self._next_received = number + 1
        begins = number == 0 and self._serves
        if (group is not None or method is not None or subscription is not None) and not begins:
            raise Fault("the peer named a method where none was due")
        if initial_metadata is not None:
            if self._initial_received or self._state is _REMOTE_COMPLETE:
                raise Fault("the peer sent initial metadata twice, or after a payload or its completion")
            self._initial_received = True
        if payload is not None:
            if self._state is _REMOTE_COMPLETE:
                raise Fault("the peer sent a payload after its completion")
            count = 1 + len(further_payloads)
            if count > self._receive_allowance:
                raise Fault(f"the peer sent {count} payloads where {self._receive_allowance} were allowed")
            self._receive_allowance -= count
            self._initial_received = True
        elif further_payloads:
            raise Fault("the peer sent further payloads without a first one")
        if allowance is not None:
            if allowance <= 0:
                raise Fault(f"the peer granted an allowance of {allowance}")
            self._send_allowance += allowance
        completion: Optional[base.Completion] = None
        outcome: Optional[_values.Outcome] = None
        if termination is None:
            if terminal_metadata is not None or code is not None or message is not None:
                raise Fault("the peer gave terminal metadata, a code or a message without a termination")
        elif termination is _COMPLETION:
            state = self._transitions.get((self._state, _REMOTE_COMPLETION))
            if state is None:
                raise Fault("the peer completed twice")
            self._state = state
            if terminal_metadata is None and code is None and message is None:
                completion = _values.NOTHING_MORE
                if state is _ENDED:
                    outcome = _values.COMPLETED
            else:
                completion = _values.Completion(terminal_metadata, code, message)
                if state is _ENDED:
                    outcome = _values.Outcome(_Kind.COMPLETED, code, message)
        else:
            kind = _states.OUTCOME_OF_REMOTE_TERMINATION[termination]
            outcome = _values.Outcome(kind, code, message, terminal_metadata)
        if protocol is not None and protocol.kind is not self._context_kind:
            protocol = None  # joined in memory, an End hears what was meant for a transport
        if outcome is None:
            if timeout is not None and not (begins or self._set_timeout(timeout)):
                return None
            if self._unheard and payload is not None:
                self._release(count)
            elif allowance is not None and self._withheld is not None:
                self._release(None)
            if self._silent:
                return None  # what was withheld had the last word of all with it
            if (
                payload is None
                and completion is None
                and initial_metadata is None
                and allowance is None
                and protocol is None
            ):
                return None
        else:
            allowance = None  # nothing can be sent any more
        upcall = (initial_metadata, payload, further_payloads, completion, allowance, protocol)
        mine = not self._delivering
        if mine:
            self._delivering = True
        else:
            if self._upcalls is None:
                self._upcalls = collections.deque()
            self._upcalls.append(upcall)
        if outcome is not None:
            self._conclude(outcome, silent=False)
        return upcall if mine else None

    def _hand_over(self, upcall: Upcall) -> None:
        """Tell the customer what one ticket brought, until another thread or the customer itself ends the operation."""
        initial_metadata, payload, further_payloads, completion, allowance, protocol = upcall
        if self._silent:
            return
        if protocol is not None and self._protocol_receiver is not None:
            self._protocol_receiver.context(protocol.value)
            if self._silent:
                return
        operator = self._operator
        if operator is None:
            return
        if further_payloads:
            if initial_metadata is not None or allowance is not None:
                operator.advance(initial_metadata=initial_metadata, allowance=allowance)
                if self._silent:
                    return
            operator.advance_payloads((payload, *further_payloads), completion)
        elif payload is not None or completion is not None or initial_metadata is not None or allowance is not None:
            operator.advance(initial_metadata, payload, completion, allowance)

    def _let_go(self) -> None:
        self._operator = self._protocol_receiver = self._withheld = None


class _AllowanceOnly(base.Operator):
    """Tells a customer that hears no values how much it may send."""

    __slots__ = ("_tell",)

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        if allowance is not None:
            self._tell(allowance)

    def advance_payloads(self, payloads: Sequence[Any], completion: Optional[base.Completion] = None) -> None:
        pass
