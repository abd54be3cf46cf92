"""The life of an operation: how long it may last, how it ends, and who does its work meanwhile.

Two kinds of work arise in an operation: tickets for the link, and upcalls to the customer. Each is a role that one
thread has at a time. Whoever has work and finds the role free takes it, does the work with no lock held, looks for
more that others have left meanwhile, and gives the role up when there is none; whoever finds the role taken leaves the
work in its queue. So values are never reordered; a customer that calls back from inside an upcall, or a peer joined in
memory that answers at once, meets no lock and no recursion; and a customer who takes long holds up nothing but its own
upcalls.

How an operation ends is decided under its lock. When that was the peer's doing, what the peer has said before is still
delivered, and the customer, who does not know of the end yet, may put its own in the place of a completion; when it was
ours, nothing more is delivered. Then come the termination callbacks, from whoever has the role of
delivering, which is never given up any more; then, with the last ticket handed over as well, the End forgets the
operation.
"""

from __future__ import annotations

import abc
import collections
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Deque, Hashable, List, Optional, Protocol, Tuple

from grpc.framework.core import _deadline, _states, _values
from grpc.framework.foundation import abandonment, forking
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Environment

_LOGGER = logging.getLogger(__name__)

_Kind = base.Outcome.Kind
_ENDED = _states.State.ENDED
_NONE = links.Ticket.Subscription.NONE

TerminationCallback = Callable[[base.Outcome], None]

# What the customer is to be told of one ticket: initial metadata, payload, further payloads, completion, allowance,
# and the transport's word.
Upcall = Tuple[
    Optional[Any], Optional[Any], Tuple[Any, ...], Optional[base.Completion], Optional[int], Optional[links.Protocol]
]


class Owner(Protocol):
    """What an operation needs of its End."""

    @property
    def environment(self) -> Environment:
        """Clock and timers."""

    @property
    def transmit(self) -> Callable[[links.Ticket], None]:
        """Takes the tickets of an operation, one at a time, in order."""

    def forget(self, operation: Life, kind: base.Outcome.Kind) -> None:
        """Strike an operation that has ended so, with every callback called and every ticket handed over.

        Called at least once for every operation, and perhaps twice.
        """


class Life(base.OperationContext):
    """The context of an operation. What is said in it, and heard, is for the subclasses, which also fill the slots.

    Where a lock is taken on the way of every operation, it is by `acquire` and `release`, elsewhere by `with`, which
    costs twice as much.
    """

    __slots__ = (
        "__weakref__",
        "_callbacks",
        "_deadline",
        "_delivering",
        "_lock",
        "_next_sent",
        "_outcome",
        "_owner",
        "_peer_subscription",
        "_silent",
        "_state",
        "_termination_callback",
        "_tickets",
        "_told",
        "_transmitting",
        "_upcalls",
        "operation_id",
    )

    # The table of this side.
    _transitions: ClassVar[_states.Transitions]

    # The name between the two joined links.
    operation_id: Hashable
    _owner: Owner

    # Guards what follows, and what subclasses add. Never held while anything outside this object is called but the
    # environment's timers, which neither block nor call back.
    # Some of it is read without the lock, where one of two things holds: once the outcome is there all else stands
    # still; or whoever sees an old value leaves the work to a thread that will look again.
    _lock: threading.Lock

    _state: _states.State
    # How it ended, from the moment that this is decided; nothing is queued any more.
    _outcome: Optional[_values.Outcome]
    # Nothing more is to be delivered to the customer, who may therefore know the outcome.
    _silent: bool
    _deadline: Optional[_deadline.Deadline]
    # How much the other side wants to hear, and the number of our next ticket to it.
    _peer_subscription: links.Ticket.Subscription
    _next_sent: int

    # The two roles, and what is left to who has them; the queues are made when first needed.
    _transmitting: bool
    _tickets: Optional[Deque[links.Ticket]]
    _delivering: bool
    _upcalls: Optional[Deque[Upcall]]

    # For who has the role of delivering: the subscription's callback, and whether all callbacks have been called.
    _termination_callback: Optional[TerminationCallback]
    _told: bool
    _callbacks: Optional[List[TerminationCallback]]

    def __repr__(self) -> str:
        state = self._state.value if self._outcome is None else f"ended: {self._outcome.kind.value}"
        return f"<{type(self).__name__} {self.operation_id!r}, {state}>"

    # ------------------------------------------------------------ the context

    def outcome(self) -> Optional[base.Outcome]:
        return self._outcome if self._silent else None

    def add_termination_callback(self, callback: TerminationCallback) -> Optional[base.Outcome]:
        with self._lock:
            if self._silent:
                return self._outcome
            if self._callbacks is None:
                self._callbacks = []
            self._callbacks.append(callback)
            return None

    def time_remaining(self) -> Optional[float]:
        if self._silent:
            return 0.0
        deadline = self._deadline
        return None if deadline is None else deadline.remaining()

    def cancel(self) -> None:
        self.abort(_Kind.CANCELLED)

    def fail(self, exception: BaseException) -> None:
        """See `base.OperationContext.fail`; a `NoSuchMethodError` ends it as if the servicer had raised it."""
        if isinstance(exception, base.NoSuchMethodError):
            self.abort(_Kind.REMOTE_FAILURE, exception.code, exception.details)
        else:
            self.abort(_Kind.LOCAL_FAILURE)

    def _set_timeout(self, timeout: float, maximum: Optional[float] = None) -> bool:
        """Have the operation expire so many seconds from now; a later call replaces an earlier one. The lock is held.

        Returns:
          Whether it lives on: no time at all ends it at once, and `_settle` is due.
        """
        if timeout <= 0:
            self._end(_Kind.EXPIRED)
            return False
        if self._deadline is None:
            self._deadline = _deadline.Deadline(self._owner.environment, maximum, self._expire)
        self._deadline.put(timeout)
        return True

    def _expire(self) -> None:
        with self._lock:
            if self._outcome is not None or self._deadline is None or not self._deadline.passed():
                return
            self._end(_Kind.EXPIRED)
        self._settle()

    # ------------------------------------------------------------ forking

    def after_fork_in_child(self) -> None:
        """Have the lock anew, and the roles without the threads that had them; see `forking`.

        What they were about to say is the parent's to say. What they were about to tell the customer is told at the
        end at the latest, which the End brings about for those that this side began.
        """
        self._lock = threading.Lock()
        self._transmitting = False
        self._tickets = None
        if not self._told:
            self._delivering = False
        customer = getattr(self._termination_callback, "__self__", None)
        if isinstance(customer, forking.Member):
            customer.after_fork_in_child()

    # ------------------------------------------------------------ ending

    def abort(self, kind: base.Outcome.Kind, code: Optional[Any] = None, details: Optional[str] = None) -> None:
        """End the operation by our own doing, unless it has ended.

        Args:
          kind: How this side sees the end; anything but COMPLETED.
          code: For the peer, as are the details.
          details: Words.
        """
        with self._lock:
            self._end_if_active(kind, code, details)
        self._settle()

    def _end_if_active(self, kind: base.Outcome.Kind, code: Optional[Any], details: Optional[str]) -> None:
        """End unless that is decided. The lock is held, and `_settle` is due.

        What the peer has completed is still active for a customer that has not been told everything. The customer may
        think better of it then, and the peer needs not know.
        """
        if self._outcome is None:
            self._end(kind, code, details)
        elif self._outcome.kind is _Kind.COMPLETED and not self._silent:
            self._conclude(_values.Outcome(kind, code, details), silent=True)

    def _end(self, kind: base.Outcome.Kind, code: Optional[Any] = None, details: Optional[str] = None) -> None:
        """Decide the end, and leave the last ticket, which tells the peer. The lock is held, and `_settle` is due."""
        if self._peer_subscription is not _NONE:
            self._enqueue(
                links.Ticket(
                    self.operation_id,
                    self._next_sent,
                    code=code,
                    message=details,
                    termination=_states.TERMINATION_OF_LOCAL_ABORTION[kind],
                )
            )
        self._conclude(_values.Outcome(kind, code, details), silent=True)

    def _conclude(self, outcome: _values.Outcome, silent: bool) -> None:
        """Decide the outcome. The lock is held.

        Args:
          outcome: How the operation ended.
          silent: Whether nothing more is to be delivered. Otherwise all that is has been queued.
        """
        self._state = _ENDED
        if silent:
            self._silent = True
            self._upcalls = None
        self._outcome = outcome
        if self._deadline is not None:
            self._deadline.cancel()

    # ------------------------------------------------------------ the role of transmitting

    def _enqueue(self, ticket: links.Ticket) -> None:
        """Leave a ticket to who transmits. The lock is held, and `_settle` is due."""
        if self._tickets is None:
            self._tickets = collections.deque()
        self._tickets.append(ticket)

    def _transmit_waiting(self) -> None:
        """Transmit what waits, unless somebody does. The lock is not held."""
        with self._lock:
            if self._transmitting or not self._tickets:
                return
            self._transmitting = True
            ticket = self._tickets.popleft()
        self._transmit_from(ticket)

    def _transmit_from(self, ticket: links.Ticket) -> None:
        """Pass a ticket to the link, then those that are left meanwhile. This thread has the role."""
        transmit = self._owner.transmit
        interruption: Optional[BaseException] = None
        while True:
            try:
                transmit(ticket)
            except BaseException as error:
                if isinstance(error, Exception):
                    _LOGGER.exception("The link raised, which it may not; the operation fails: %r", self)
                    self.abort(_Kind.TRANSMISSION_FAILURE)
                else:
                    interruption = interruption or error
            if self._outcome is None:
                self._lock.acquire()
                try:
                    if self._tickets:
                        ticket = self._tickets.popleft()
                        continue
                    if self._outcome is None:
                        self._transmitting = False
                        break
                finally:
                    self._lock.release()
            # The end is decided, so the queue does not grow any more.
            if not self._tickets:
                self._transmitting = False
                if self._told:
                    self._owner.forget(self, self._outcome.kind)
                break
            ticket = self._tickets.popleft()
        if interruption is not None:
            self._settle()  # now, for the caller will not come to it
            _raise(interruption)

    # ------------------------------------------------------------ the role of delivering

    def _settle(self) -> None:
        """Do what a change has left to do, unless somebody is at it. The lock is not held."""
        if self._tickets and not self._transmitting:
            self._transmit_waiting()
        if self._outcome is not None and not self._delivering:
            with self._lock:
                if self._delivering:
                    return
                self._delivering = True
            self._terminate()

    def _deliver(self, upcall: Optional[Upcall]) -> None:
        """Tell the customer one thing, then those that are left meanwhile. This thread has the role."""
        while upcall is not None:
            try:
                self._hand_over(upcall)
            except BaseException as error:
                self._customer_raised(error, "A customer's operator raised; its operation fails: %r")
                if not isinstance(error, Exception):
                    self._terminate()
                    raise
            if self._outcome is None:
                self._lock.acquire()
                try:
                    if self._upcalls:
                        upcall = self._upcalls.popleft()
                        continue
                    if self._outcome is None:
                        self._delivering = False
                        return
                finally:
                    self._lock.release()
            # The end is decided, so the queue does not grow any more; it may be taken away.
            upcalls = self._upcalls
            upcall = upcalls.popleft() if upcalls else None
        self._terminate()

    @abc.abstractmethod
    def _hand_over(self, upcall: Upcall) -> None:
        """Call the customer. The lock is not held."""
        raise NotImplementedError

    def _customer_raised(self, error: BaseException, words: str) -> None:
        """Fail the operation for what customer code did. This thread has the role of delivering, and keeps it."""
        if not isinstance(error, abandonment.Abandoned):
            _LOGGER.error(words, self, exc_info=error)
        with self._lock:
            self._end_if_active(_Kind.LOCAL_FAILURE, None, _said(error))
        if self._tickets:
            self._transmit_waiting()

    def _terminate(self) -> None:
        """Call the termination callbacks, and have the End forget. This thread has the role, and keeps it."""
        if not self._silent:
            self._lock.acquire()
            self._silent = True  # from now on nobody adds a callback, or thinks better of it
            self._lock.release()
        outcome = self._outcome
        assert outcome is not None
        self._let_go()
        interruption: Optional[BaseException] = None
        callback = self._termination_callback
        if callback is not None:
            self._termination_callback = None
            interruption = _call_back(callback, outcome)
        if self._callbacks is not None:
            callbacks, self._callbacks = self._callbacks, None
            for callback in callbacks:
                interruption = _call_back(callback, outcome) or interruption
        # Told first, then a look at who transmits, who does the same the other way round: so at least one of the two
        # sees that nothing is left to do. Both may, and the End does not mind.
        self._told = True
        if not self._transmitting:
            self._owner.forget(self, outcome.kind)
        if interruption is not None:
            _raise(interruption)

    @abc.abstractmethod
    def _let_go(self) -> None:
        """Drop what is the customer's, now that nothing more is delivered or sent."""
        raise NotImplementedError


def _call_back(callback: TerminationCallback, outcome: base.Outcome) -> Optional[BaseException]:
    """Tell the end; return what must not be caught for good, which would otherwise keep others from being told."""
    try:
        callback(outcome)
    except Exception:
        _LOGGER.exception("A termination callback raised")
    except BaseException as error:
        return error
    return None


def _raise(interruption: BaseException) -> None:
    """Raise what was put off, from a frame that does not keep it: its traceback keeps the frame."""
    try:
        raise interruption
    finally:
        del interruption


def _said(error: BaseException) -> Optional[str]:
    """What the peer may know of a customer's exception: its type and its words, no traceback."""
    return None if isinstance(error, abandonment.Abandoned) else f"{type(error).__name__}: {error}"
