"""An End: the register of the operations on one side, and the life of that register.

The same class serves both sides. What differs is who begins operations: an invocation End's customer does by
`operate`, a service End's peer does by a first ticket, which goes to the servicer.
"""

from __future__ import annotations

import enum
import functools
import itertools
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, Dict, Final, Hashable, Mapping, Optional, Tuple, Type

from grpc.framework.core import _hearing, _life, _operation
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links, utilities

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Environment, Timer

_LOGGER = logging.getLogger(__name__)

# How an operation is invoked, and what the peer is told of it, by how much the customer wants to hear.
_INVOCATIONS: Final[
    Mapping[base.Subscription.Kind, Tuple[Type[_operation.InvocationOperation], links.Ticket.Subscription]]
] = {
    base.Subscription.Kind.NONE: (_operation.UnheardInvocationOperation, links.Ticket.Subscription.NONE),
    base.Subscription.Kind.TERMINATION_ONLY: (_operation.InvocationOperation, links.Ticket.Subscription.TERMINATION),
    base.Subscription.Kind.FULL: (_operation.InvocationOperation, links.Ticket.Subscription.FULL),
}

_CALL_OPTION = links.Protocol.Kind.CALL_OPTION

# A ticket that ends an operation which is not known here needs no answer.
_FIRST_TERMINATIONS = (None, links.Ticket.Termination.COMPLETION)


class _Life(enum.Enum):
    """Whether an End takes operations."""

    UNSTARTED = "unstarted"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


_RUNNING = _Life.RUNNING
_STOPPING = _Life.STOPPING


class End(base.End, links.Link):
    """Operations over a joined link; see `base.End` and `links.Link`."""

    __slots__ = (
        "__weakref__",
        "_default_timeout",
        "_idle_actions",
        "_ids",
        "_life",
        "_lock",
        "_maximum_timeout",
        "_operations",
        "_servicer",
        "_stats",
        "_stop_deadline",
        "_stop_timer",
        "_stopped",
        "environment",
        "transmit",
    )

    def __init__(
        self,
        servicer: Optional[base.Servicer],
        default_timeout: Optional[float],
        maximum_timeout: Optional[float],
        environment: Environment,
    ) -> None:
        self._servicer = servicer
        self._default_timeout = default_timeout
        self._maximum_timeout = maximum_timeout
        # The clock, timers and waiting that this End was given; layers above use the same.
        self.environment = environment
        self.transmit: Callable[[links.Ticket], None] = utilities.NULL_LINK.accept_ticket
        self._ids = itertools.count()
        # Guards everything below; nothing is called while it is held but the environment's `call_at`.
        self._lock = threading.Lock()
        self._life = _Life.UNSTARTED
        self._operations: Dict[Hashable, _hearing.Hearing] = {}
        self._stats: Dict[base.Outcome.Kind, int] = {}
        self._idle_actions: Tuple[Callable[[], None], ...] = ()
        self._stopped = threading.Event()
        self._stop_deadline: Optional[float] = None
        self._stop_timer: Optional[Timer] = None
        self._reset_stats()

    def __repr__(self) -> str:
        side = "invocation" if self._servicer is None else "service"
        return f"<{side} End, {self._life.value}, {len(self._operations)} operations>"

    def _reset_stats(self) -> None:
        self._stats = dict.fromkeys(base.Outcome.Kind, 0)

    # ------------------------------------------------------------ life

    def start(self) -> None:
        with self._lock:
            if self._life in (_RUNNING, _STOPPING):
                raise ValueError(f"start() of an End that is {self._life.value}: stop it first, and wait for the end")
            self._life = _RUNNING
            self._stopped = threading.Event()
            self._reset_stats()

    def stop(self, grace: Optional[float]) -> threading.Event:
        now = self.environment.time()
        deadline = now + max(grace or 0.0, 0.0)
        with self._lock:
            stopped = self._stopped
            if self._life in (_Life.UNSTARTED, _Life.STOPPED):
                self._life = _Life.STOPPED
            else:
                self._life = _STOPPING
            if self._operations and self._life is _STOPPING:
                if deadline > now and (self._stop_deadline is None or deadline < self._stop_deadline):
                    self._cancel_stop_timer()
                    self._stop_deadline = deadline
                    abort_all = functools.partial(self._abort_all, stopped)
                    self._stop_timer = self.environment.call_at(deadline, abort_all)
                finished = False
            else:
                self._finish_stopping()
                finished = True
        if finished:
            stopped.set()
        elif deadline <= now:
            self._abort_all(stopped)
        return stopped

    def _abort_all(self, stopped: threading.Event) -> None:
        """The grace is over, of the stop that this event is to be set for."""
        with self._lock:
            if self._life is not _STOPPING or self._stopped is not stopped:
                return
            operations = list(self._operations.values())
        for operation in operations:
            operation.abort(base.Outcome.Kind.LOCAL_SHUTDOWN)

    def _finish_stopping(self) -> None:
        """No operation is left. The lock is held, and the event is to be set as soon as it is not."""
        self._life = _Life.STOPPED
        self._cancel_stop_timer()

    def _cancel_stop_timer(self) -> None:
        if self._stop_timer is not None:
            self._stop_timer.cancel()
        self._stop_timer = self._stop_deadline = None

    # ------------------------------------------------------------ forking

    def after_fork_in_child(self) -> None:
        """Have all locks anew; see `forking`."""
        self._lock = threading.Lock()
        for operation in list(self._operations.values()):
            operation.after_fork_in_child()

    def cancel_all(self, details: str) -> None:
        """Cancel every operation, on this side with these words."""
        for operation in list(self._operations.values()):
            operation.abort(base.Outcome.Kind.CANCELLED, None, details)

    # ------------------------------------------------------------ operations

    def operate(
        self,
        group: str,
        method: str,
        subscription: base.Subscription,
        timeout: Optional[float],
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        protocol_options: Optional[Any] = None,
    ) -> Tuple[base.OperationContext, base.Operator]:
        make_operation, ticket_subscription = _INVOCATIONS[subscription.kind]
        operation = make_operation(next(self._ids), self)
        ticket = operation.prepare(
            group,
            method,
            subscription,
            ticket_subscription,
            timeout,
            initial_metadata,
            payload,
            completion,
            None if protocol_options is None else links.Protocol(_CALL_OPTION, protocol_options),
        )
        self._lock.acquire()
        try:
            life = self._life
            if life is _Life.UNSTARTED:
                raise ValueError("operate() of an End that has not been started: call start() first")
            self._operations[operation.operation_id] = operation
        finally:
            self._lock.release()
        if life is _RUNNING:
            operation.begin(ticket)
        else:
            operation.give_up(base.Outcome.Kind.LOCAL_SHUTDOWN)
        return operation, operation

    def accept_ticket(self, ticket: links.Ticket) -> None:
        operation = self._operations.get(ticket.operation_id)
        if operation is not None:
            operation.accept(ticket)
        elif self._servicer is not None and ticket.group is not None and ticket.termination in _FIRST_TERMINATIONS:
            self._begin(ticket, self._servicer)
        # Anything else belongs to an operation that has ended here while the ticket was under way.

    def _begin(self, ticket: links.Ticket, servicer: base.Servicer) -> None:
        """Serve a new operation, or refuse it in a way that is safe to try again elsewhere."""
        operation = _operation.ServiceOperation(ticket.operation_id, self)
        upcall = operation.prepare(ticket)
        self._lock.acquire()
        try:
            accepted = self._life is _RUNNING
            if accepted:
                self._operations[ticket.operation_id] = operation
        finally:
            self._lock.release()
        if accepted:
            operation.begin(servicer, ticket, upcall, self._default_timeout, self._maximum_timeout)
        elif ticket.subscription is not links.Ticket.Subscription.NONE:
            self.transmit(
                links.Ticket(
                    ticket.operation_id, 0, message=links.REFUSAL, termination=links.Ticket.Termination.SHUTDOWN
                )
            )

    def forget(self, operation: _life.Life, kind: base.Outcome.Kind) -> None:
        """See `_life.Owner`."""
        operations = self._operations
        self._lock.acquire()
        try:
            if operations.get(operation.operation_id) is not operation:
                return
            del operations[operation.operation_id]
            self._stats[kind] += 1
            if operations:
                return
            actions, self._idle_actions = self._idle_actions, ()
            stopped = None
            if self._life is _STOPPING:
                self._finish_stopping()
                stopped = self._stopped
        finally:
            self._lock.release()
        for action in actions:
            _run_idle_action(action)
        if stopped is not None:
            stopped.set()

    def operation_stats(self) -> Dict[base.Outcome.Kind, int]:
        with self._lock:
            return dict(self._stats)

    def add_idle_action(self, action: Callable[[], None]) -> None:
        with self._lock:
            if self._operations:
                self._idle_actions += (action,)
                return
        _run_idle_action(action)

    # ------------------------------------------------------------ the link

    def join_link(self, link: links.Link) -> None:
        self.transmit = link.accept_ticket


def _run_idle_action(action: Callable[[], None]) -> None:
    try:
        action()
    except Exception:
        _LOGGER.exception("An idle action raised")
