"""One operation, seen from one side: what may be said and heard next, and how it ends.

Two queues leave an operation, and each is emptied by one thread at a time, in order, with no lock held: tickets
for the joined link, and upcalls to the customer. Whoever adds to a queue that nobody is emptying empties it;
whoever finds somebody at it leaves the work to them. So values are never reordered, a customer that calls back
from inside an upcall (or a peer joined in memory that answers at once) meets no lock and no recursion, and a
customer who takes long holds up nothing but its own upcalls.

Sequence of an operation, service side (the invocation side is the same without `serve`):
    serve(ticket 0) -> servicer.service() -> subscription; accept(ticket n) -> operator.advance(...);
    advance(...) by the customer -> ticket to the link; end: upcalls still due -> termination callbacks -> forgotten.
"""

from __future__ import annotations

import collections
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, Deque, Hashable, List, Optional, Sequence, Tuple

from grpc.framework.core import _states, _values
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Environment, Timer

_LOGGER = logging.getLogger(__name__)

_COMPLETION = links.Ticket.Termination.COMPLETION
_OPEN = _states.State.OPEN
_LOCAL_COMPLETE = _states.State.LOCAL_COMPLETE
_REMOTE_COMPLETE = _states.State.REMOTE_COMPLETE
_ENDED = _states.State.ENDED
_Kind = base.Outcome.Kind
_Subscription = links.Ticket.Subscription

TerminationCallback = Callable[[base.Outcome], None]


class Operation(base.OperationContext, base.Operator):
    """The context of an operation and the operator for its customer's side, in one object."""

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_deadline",
        "_delivering",
        "_environment",
        "_forget",
        "_initial_received",
        "_initial_sent",
        "_lock",
        "_maximum_timeout",
        "_next_received",
        "_next_sent",
        "_operator",
        "_outcome",
        "_peer_subscription",
        "_protocol_receiver",
        "_receive_allowance",
        "_send_allowance",
        "_state",
        "_tickets",
        "_timer",
        "_transitions",
        "_transmit",
        "_transmitting",
        "_upcalls",
        "_withheld",
        "_withheld_completion",
        "operation_id",
    )

    def __init__(
        self,
        operation_id: Hashable,
        transitions: _states.Transitions,
        environment: Environment,
        transmit: Callable[[links.Ticket], None],
        forget: Callable[[Operation], None],
    ) -> None:
        """Make an operation that has not yet said or heard anything.

        Args:
          operation_id: Its name between the two joined links.
          transitions: The table of its side.
          environment: Clock and timers.
          transmit: Takes its tickets, one at a time, in order.
          forget: Called once, when the operation has ended and every callback has been called.
        """
        self.operation_id = operation_id
        self._transitions = transitions
        self._environment = environment
        self._transmit = transmit
        self._forget = forget
        # Guards every attribute below. Never held while calling anything outside this object.
        self._lock = threading.Lock()
        self._state = _OPEN
        self._outcome: Optional[_values.Outcome] = None
        self._callbacks: Optional[List[TerminationCallback]] = []
        self._operator: Optional[base.Operator] = None
        self._protocol_receiver: Optional[base.ProtocolReceiver] = None
        self._next_sent = 0
        self._next_received = 0
        self._initial_sent = False
        self._initial_received = False
        self._send_allowance = links.INITIAL_ALLOWANCE
        self._receive_allowance = links.INITIAL_ALLOWANCE
        # What the peer has not allowed us to send yet; the deque is made when first needed.
        self._withheld: Optional[Deque[Any]] = None
        self._withheld_completion: Optional[base.Completion] = None
        # How much the other side of a service operation wants to hear.
        self._peer_subscription = _Subscription.FULL
        self._deadline: Optional[float] = None
        self._maximum_timeout: Optional[float] = None
        self._timer: Optional[Timer] = None
        self._tickets: Deque[links.Ticket] = collections.deque()
        self._transmitting = False
        self._upcalls: Deque[Tuple[links.Ticket, Optional[base.Completion]]] = collections.deque()
        self._delivering = False

    # ------------------------------------------------------------ beginning

    def invoke(
        self,
        group: str,
        method: str,
        subscription: base.Subscription,
        ticket_subscription: links.Ticket.Subscription,
        timeout: Optional[float],
        initial_metadata: Optional[Any],
        payload: Optional[Any],
        completion: Optional[base.Completion],
        protocol: Optional[links.Protocol],
    ) -> None:
        """Begin on the invocation side: everything known leaves as one ticket."""
        self._operator = subscription.operator
        self._protocol_receiver = subscription.protocol_receiver
        if subscription.termination_callback is not None:
            self._callbacks = [subscription.termination_callback]
        if timeout is not None and timeout <= 0:
            self._abort(_Kind.EXPIRED, None, None, tell_peer=False)
            return
        terminal_metadata = code = message = termination = None
        with self._lock:
            if self._outcome is not None:
                return  # the End was stopped meanwhile
            if timeout is not None:
                self._set_deadline(timeout)
            if completion is not None:
                terminal_metadata = completion.terminal_metadata
                code = completion.code
                message = completion.message
                termination = _COMPLETION
                self._change(_states.Input.LOCAL_COMPLETION)
                if self._state is _ENDED:
                    self._conclude(_values.Outcome(_Kind.COMPLETED))
            if payload is not None:
                self._send_allowance -= 1
            self._initial_sent = initial_metadata is not None or payload is not None
            self._next_sent = 1
            self._tickets.append(
                links.Ticket(
                    self.operation_id, 0, group, method, ticket_subscription, timeout, None, initial_metadata,
                    payload, terminal_metadata, code, message, termination, protocol,
                )
            )  # fmt: skip
            self._transmitting = True
        self._empty_tickets()
        if self._outcome is not None:
            self._settle()

    def refuse(self, subscription: base.Subscription) -> None:
        """End on the invocation side at once, with LOCAL_SHUTDOWN and without a word to the peer."""
        if subscription.termination_callback is not None:
            self._callbacks = [subscription.termination_callback]
        self.shut_down(tell_peer=False)

    def serve(
        self,
        servicer: base.Servicer,
        ticket: links.Ticket,
        default_timeout: Optional[float],
        maximum_timeout: Optional[float],
    ) -> None:
        """Begin on the service side with the peer's first ticket."""
        assert ticket.group is not None
        assert ticket.method is not None
        self._peer_subscription = ticket.subscription or _Subscription.FULL
        self._maximum_timeout = maximum_timeout
        self._delivering = True  # nothing is delivered before the servicer has given its subscription
        timeout = default_timeout if ticket.timeout is None else ticket.timeout
        if timeout is None:
            timeout = maximum_timeout
        if timeout is not None:
            with self._lock:
                self._set_deadline(timeout)
        try:
            subscription = servicer.service(ticket.group, ticket.method, self, self)
        except base.NoSuchMethodError as error:
            self._abort(_Kind.REMOTE_FAILURE, error.code, error.details)
        except abandonment.Abandoned:
            self._abort(_Kind.LOCAL_FAILURE, None, None)
        except Exception as error:
            _LOGGER.exception("The servicer raised for %s/%s; its operation fails", ticket.group, ticket.method)
            self._abort(_Kind.LOCAL_FAILURE, None, _said(error))
        else:
            with self._lock:
                self._operator = subscription.operator
                self._protocol_receiver = subscription.protocol_receiver
                if subscription.termination_callback is not None and self._callbacks is not None:
                    self._callbacks.append(subscription.termination_callback)
                if self._outcome is None:
                    self._receive(ticket)
            self._empty_tickets_if_any()
        self._empty_upcalls()

    # ------------------------------------------------------------ what the peer says

    def accept(self, ticket: links.Ticket) -> None:
        """Take a ticket from the peer; one that breaks the rules ends the operation with RECEPTION_FAILURE."""
        with self._lock:
            if self._outcome is not None:
                return  # late: the operation is over
            self._receive(ticket)
        self._settle()

    def _receive(self, ticket: links.Ticket) -> None:
        """Check a ticket against the state and queue what it means. The lock is held."""
        fault = self._fault_in(ticket)
        if fault is not None:
            self._end(_Kind.RECEPTION_FAILURE, None, fault)
            return
        self._next_received += 1
        if ticket.payload is not None:
            self._initial_received = True
            self._receive_allowance -= 1 + len(ticket.further_payloads)
        elif ticket.initial_metadata is not None:
            self._initial_received = True
        if ticket.allowance is not None:
            self._send_allowance += ticket.allowance
            if self._withheld:
                self._release_withheld()
        if ticket.timeout is not None and ticket.sequence_number > 0:
            self._set_deadline(ticket.timeout)
        termination = ticket.termination
        if termination is None:
            self._upcalls.append((ticket, None))
        elif termination is _COMPLETION:
            completion = _values.Completion(ticket.terminal_metadata, ticket.code, ticket.message)
            self._upcalls.append((ticket, completion))
            self._change(_states.Input.REMOTE_COMPLETION)
            if self._state is _ENDED:
                self._conclude(_values.Outcome(_Kind.COMPLETED, ticket.code, ticket.message))
        else:
            # What came along is delivered before the end is told.
            if ticket.payload is not None or ticket.initial_metadata is not None or ticket.protocol is not None:
                self._upcalls.append((ticket, None))
            self._state = self._transitions[self._state, _states.Input.ABORTION]
            self._conclude(
                _values.Outcome(
                    _states.OUTCOME_OF_REMOTE_TERMINATION[termination],
                    ticket.code,
                    ticket.message,
                    ticket.terminal_metadata,
                )
            )

    def _fault_in(self, ticket: links.Ticket) -> Optional[str]:
        """Tell what a ticket contradicts, if anything. The lock is held."""
        if ticket.sequence_number != self._next_received:
            return f"ticket {ticket.sequence_number} arrived where ticket {self._next_received} was due"
        if self._state is _REMOTE_COMPLETE and (
            ticket.payload is not None
            or ticket.initial_metadata is not None
            or ticket.termination is _COMPLETION
        ):
            return "the peer sent values after its completion"
        if ticket.initial_metadata is not None and self._initial_received:
            return "the peer sent initial metadata twice, or after a payload"
        if ticket.payload is not None:
            count = 1 + len(ticket.further_payloads)
            if count > self._receive_allowance:
                return f"the peer sent {count} payloads where {self._receive_allowance} were allowed"
        elif ticket.further_payloads:
            return "the peer sent further payloads without a first one"
        if ticket.allowance is not None and ticket.allowance <= 0:
            return f"the peer granted an allowance of {ticket.allowance}"
        return None

    # ------------------------------------------------------------ what the customer says

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        """See `base.Operator.advance`.

        Raises:
          ValueError: The customer contradicts itself: values after its completion, initial metadata twice or
            after a payload, an allowance that is not positive. The operation goes on as if nothing was said.
        """
        with self._lock:
            if self._outcome is not None:
                return
            self._check_speech(initial_metadata, payload is not None, completion, allowance)
            if payload is not None:
                if self._send_allowance > 0 and not self._withheld:
                    self._send_allowance -= 1
                else:
                    self._withhold((payload,), completion)
                    payload = completion = None
            elif completion is not None and self._withheld:
                self._withheld_completion = completion
                completion = None
            self._emit(initial_metadata, payload, (), completion, allowance)
        self._settle()

    def advance_payloads(self, payloads: Sequence[Any], completion: Optional[base.Completion] = None) -> None:
        """See `base.Operator.advance_payloads`: as many payloads as are allowed leave as one ticket."""
        with self._lock:
            if self._outcome is not None:
                return
            self._check_speech(None, bool(payloads), completion, None)
            leaving: Sequence[Any] = payloads
            allowed = 0 if self._withheld else self._send_allowance
            if len(payloads) > allowed or (self._withheld and completion is not None):
                leaving = payloads[:allowed]
                self._withhold(payloads[allowed:], completion)
                completion = None
            self._send_allowance -= len(leaving)
            if leaving:
                self._emit(None, leaving[0], tuple(leaving[1:]), completion, None)
            elif completion is not None:
                self._emit(None, None, (), completion, None)
        self._settle()

    def _check_speech(
        self,
        initial_metadata: Optional[Any],
        has_payload: bool,
        completion: Optional[base.Completion],
        allowance: Optional[int],
    ) -> None:
        """Raise ValueError, before anything is changed, if the customer may not say this now. The lock is held."""
        if initial_metadata is not None or has_payload or completion is not None:
            if self._state is _LOCAL_COMPLETE or self._withheld_completion is not None:
                raise ValueError("advance() after the completion: nothing but allowance may follow it")
            if initial_metadata is not None and self._initial_sent:
                raise ValueError("initial metadata comes once, and before the first payload")
            if initial_metadata is not None or has_payload:
                self._initial_sent = True
        if allowance is not None and allowance <= 0:
            raise ValueError(f"allowance must be a positive number of payloads, not {allowance!r}")

    def _withhold(self, payloads: Sequence[Any], completion: Optional[base.Completion]) -> None:
        """Keep what the peer has not allowed yet, in order. The lock is held."""
        if self._withheld is None:
            self._withheld = collections.deque()
        self._withheld.extend(payloads)
        self._withheld_completion = completion

    def _release_withheld(self) -> None:
        """Send what has become allowed, as one ticket. The lock is held."""
        withheld = self._withheld
        assert withheld is not None
        leaving = [withheld.popleft() for _ in range(min(self._send_allowance, len(withheld)))]
        self._send_allowance -= len(leaving)
        completion = None
        if not withheld:
            completion, self._withheld_completion = self._withheld_completion, None
        self._emit(None, leaving[0], tuple(leaving[1:]), completion, None)

    def _emit(
        self,
        initial_metadata: Optional[Any],
        payload: Optional[Any],
        further_payloads: Tuple[Any, ...],
        completion: Optional[base.Completion],
        allowance: Optional[int],
    ) -> None:
        """Queue one ticket with all of this, if there is anything in it. The lock is held."""
        terminal_metadata = code = message = termination = None
        if allowance is not None:
            if self._state is _REMOTE_COMPLETE:
                allowance = None  # nothing more will come, so there is nothing to allow
            else:
                self._receive_allowance += allowance
        if completion is not None:
            terminal_metadata = completion.terminal_metadata
            code = completion.code
            message = completion.message
            termination = _COMPLETION
            self._change(_states.Input.LOCAL_COMPLETION)
        if self._peer_subscription is not _Subscription.FULL:
            initial_metadata = payload = None
            further_payloads = ()
            if self._peer_subscription is _Subscription.NONE:
                termination = None
        if termination is not None or payload is not None or initial_metadata is not None or allowance is not None:
            self._tickets.append(
                links.Ticket(
                    self.operation_id, self._next_sent, None, None, None, None, allowance, initial_metadata,
                    payload, terminal_metadata, code, message, termination, None, further_payloads,
                )
            )  # fmt: skip
            self._next_sent += 1
        if self._state is _ENDED:
            self._upcalls.clear()  # whoever has said the last word of all wants to hear no more
            self._conclude(_values.Outcome(_Kind.COMPLETED))

    # ------------------------------------------------------------ the context

    def outcome(self) -> Optional[base.Outcome]:
        return self._outcome

    def add_termination_callback(self, callback: TerminationCallback) -> Optional[base.Outcome]:
        with self._lock:
            if self._outcome is None:
                assert self._callbacks is not None
                self._callbacks.append(callback)
            return self._outcome

    def time_remaining(self) -> Optional[float]:
        with self._lock:
            if self._outcome is not None:
                return 0.0
            if self._deadline is None:
                return None
            deadline = self._deadline
        return max(0.0, deadline - self._environment.time())

    def cancel(self) -> None:
        self._abort(_Kind.CANCELLED, None, None)

    def fail(self, exception: BaseException) -> None:
        """See `base.OperationContext.fail`; a `NoSuchMethodError` ends it as if the servicer had raised it."""
        if isinstance(exception, base.NoSuchMethodError):
            self._abort(_Kind.REMOTE_FAILURE, exception.code, exception.details)
        else:
            self._abort(_Kind.LOCAL_FAILURE, None, None)

    def shut_down(self, tell_peer: bool = True) -> None:
        """End the operation because its End stops."""
        self._abort(_Kind.LOCAL_SHUTDOWN, None, None, tell_peer)

    # ------------------------------------------------------------ ending

    def _set_deadline(self, timeout: float) -> None:
        """Have the operation expire so many seconds from now; a later call replaces an earlier one.

        The lock is held. Setting a timer under it is safe: an environment neither blocks in `call_at` nor calls
        the action from within it.
        """
        if self._maximum_timeout is not None:
            timeout = min(timeout, self._maximum_timeout)
        self._deadline = self._environment.time() + timeout
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._environment.call_at(self._deadline, self._expire)

    def _expire(self) -> None:
        with self._lock:
            if self._outcome is not None or self._deadline is None or self._environment.time() < self._deadline:
                return  # over, or put off by a later timeout whose own timer will come
            self._end(_Kind.EXPIRED, None, None)
        self._settle()

    def _abort(self, kind: base.Outcome.Kind, code: Any, details: Optional[str], tell_peer: bool = True) -> None:
        with self._lock:
            if self._outcome is not None:
                return
            self._end(kind, code, details, tell_peer)
        self._settle()

    def _end(self, kind: base.Outcome.Kind, code: Any, details: Optional[str], tell_peer: bool = True) -> None:
        """End by our own doing: nothing queued for the customer is delivered any more. The lock is held."""
        self._state = self._transitions[self._state, _states.Input.ABORTION]
        self._upcalls.clear()
        if tell_peer and self._peer_subscription is not _Subscription.NONE:
            self._tickets.append(
                links.Ticket(
                    self.operation_id, self._next_sent, None, None, None, None, None, None, None, None, code, details,
                    _states.TERMINATION_OF_LOCAL_ABORTION[kind],
                )
            )  # fmt: skip
            self._next_sent += 1
        self._conclude(_values.Outcome(kind, code, details))

    def _change(self, happening: _states.Input) -> None:
        """Follow the table. The lock is held, and the input has been found legal."""
        self._state = self._transitions[self._state, happening]

    def _conclude(self, outcome: _values.Outcome) -> None:
        """Fix the outcome; the callbacks are called when the upcalls still queued have been. The lock is held."""
        self._state = _ENDED
        self._outcome = outcome
        self._withheld = self._withheld_completion = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ------------------------------------------------------------ the two queues

    def _settle(self) -> None:
        """Do what the last change left to do, unless somebody is doing it. The lock is not held."""
        if self._tickets:
            self._empty_tickets_if_any()
        if self._upcalls or self._outcome is not None:
            with self._lock:
                if self._delivering:
                    return
                self._delivering = True
            self._empty_upcalls()

    def _empty_tickets_if_any(self) -> None:
        with self._lock:
            if self._transmitting or not self._tickets:
                return
            self._transmitting = True
        self._empty_tickets()

    def _empty_tickets(self) -> None:
        """Pass tickets to the link until none is left. This thread has set `_transmitting`."""
        tickets = self._tickets
        while True:
            with self._lock:
                if not tickets:
                    self._transmitting = False
                    return
                ticket = tickets.popleft()
            self._transmit(ticket)

    def _empty_upcalls(self) -> None:
        """Call the customer until nothing is left to tell. This thread has set `_delivering`."""
        upcalls = self._upcalls
        while True:
            with self._lock:
                if upcalls:
                    ticket, completion = upcalls.popleft()
                    callbacks = None
                elif self._outcome is None:
                    self._delivering = False
                    return
                else:
                    # `_delivering` stays set: after the callbacks nothing is ever delivered again.
                    callbacks, self._callbacks = self._callbacks, None
                    self._operator = self._protocol_receiver = None
                    break
            try:
                self._hand_over(ticket, completion)
            except abandonment.Abandoned:
                self._abort(_Kind.LOCAL_FAILURE, None, None)
            except Exception as error:
                _LOGGER.exception("A customer's operator raised; its operation fails")
                self._abort(_Kind.LOCAL_FAILURE, None, _said(error))
        for callback in callbacks or ():
            try:
                callback(self._outcome)
            except Exception:
                _LOGGER.exception("A termination callback raised")
        self._forget(self)

    def _hand_over(self, ticket: links.Ticket, completion: Optional[base.Completion]) -> None:
        """Give the customer what one ticket brought."""
        if ticket.protocol is not None and self._protocol_receiver is not None:
            self._protocol_receiver.context(ticket.protocol.value)
        operator = self._operator
        if operator is None:
            return
        if ticket.further_payloads:
            if ticket.initial_metadata is not None or ticket.allowance is not None:
                operator.advance(initial_metadata=ticket.initial_metadata, allowance=ticket.allowance)
            operator.advance_payloads((ticket.payload, *ticket.further_payloads), completion)
        elif (
            ticket.payload is not None
            or completion is not None
            or ticket.initial_metadata is not None
            or ticket.allowance is not None
        ):
            operator.advance(ticket.initial_metadata, ticket.payload, completion, ticket.allowance)


def _said(error: Exception) -> str:
    """What the peer may know of a customer's exception: its type and its words, no traceback."""
    return f"{type(error).__name__}: {error}"
