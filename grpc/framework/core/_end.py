"""An End: the register of the operations on one side, and the life of that register.

The same class serves both sides. What differs is who begins operations: an invocation End's customer does by
`operate`, a service End's peer does by a first ticket, which goes to the servicer.
"""

from __future__ import annotations

import enum
import itertools
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, Dict, Hashable, List, Optional, Tuple

from grpc.framework.core import _operation, _states
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links, utilities

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Environment, Timer

_LOGGER = logging.getLogger(__name__)

_TICKET_SUBSCRIPTIONS = {
    base.Subscription.Kind.NONE: links.Ticket.Subscription.NONE,
    base.Subscription.Kind.TERMINATION_ONLY: links.Ticket.Subscription.TERMINATION,
    base.Subscription.Kind.FULL: links.Ticket.Subscription.FULL,
}


class _Life(enum.Enum):
    """Whether an End takes operations."""

    UNSTARTED = "unstarted"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


class End(base.End, links.Link):
    """Operations over a joined link; see `base.End` and `links.Link`."""

    __slots__ = (
        "__weakref__",
        "_default_timeout",
        "_environment",
        "_ids",
        "_idle_actions",
        "_life",
        "_link",
        "_lock",
        "_maximum_timeout",
        "_operations",
        "_servicer",
        "_stats",
        "_stop_deadline",
        "_stop_timer",
        "_stopped",
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
        self._environment = environment
        self._link: links.Link = utilities.NULL_LINK
        self._ids = itertools.count()
        # Guards everything below; nothing is called while it is held but the environment's `call_at`.
        self._lock = threading.Lock()
        self._life = _Life.UNSTARTED
        self._operations: Dict[Hashable, _operation.Operation] = {}
        self._stats: Dict[base.Outcome.Kind, int] = {}
        self._idle_actions: List[Callable[[], None]] = []
        self._stopped = threading.Event()
        self._stop_deadline: Optional[float] = None
        self._stop_timer: Optional[Timer] = None
        self._reset_stats()

    def __repr__(self) -> str:
        side = "invocation" if self._servicer is None else "service"
        return f"<{side} End, {self._life.value}, {len(self._operations)} operations>"

    @property
    def environment(self) -> Environment:
        """The clock, timers and waiting that this End was given; layers above use the same."""
        return self._environment

    def _reset_stats(self) -> None:
        self._stats = {kind: 0 for kind in base.Outcome.Kind}

    # ------------------------------------------------------------ life

    def start(self) -> None:
        with self._lock:
            if self._life in (_Life.RUNNING, _Life.STOPPING):
                raise ValueError(f"start() of an End that is {self._life.value}: stop it first, and wait for the end")
            self._life = _Life.RUNNING
            self._stopped = threading.Event()
            self._reset_stats()

    def stop(self, grace: Optional[float]) -> threading.Event:
        now = self._environment.time()
        deadline = now + max(grace or 0.0, 0.0)
        overdue: List[_operation.Operation] = []
        with self._lock:
            if self._life in (_Life.UNSTARTED, _Life.STOPPED):
                self._life = _Life.STOPPED
                self._stopped.set()
                return self._stopped
            self._life = _Life.STOPPING
            if not self._operations:
                self._finish_stopping()
            elif deadline <= now:
                overdue = list(self._operations.values())
            elif self._stop_deadline is None or deadline < self._stop_deadline:
                self._stop_deadline = deadline
                if self._stop_timer is not None:
                    self._stop_timer.cancel()
                self._stop_timer = self._environment.call_at(deadline, self._abort_all)
            stopped = self._stopped
        for operation in overdue:
            operation.shut_down()
        return stopped

    def _abort_all(self) -> None:
        with self._lock:
            if self._life is not _Life.STOPPING:
                return
            operations = list(self._operations.values())
        for operation in operations:
            operation.shut_down()

    def _finish_stopping(self) -> None:
        """The lock is held, the End is stopping, and no operation is left."""
        self._life = _Life.STOPPED
        if self._stop_timer is not None:
            self._stop_timer.cancel()
        self._stop_timer = self._stop_deadline = None
        self._stopped.set()

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
        unsubscribed = subscription.kind is base.Subscription.Kind.NONE
        operation = _operation.Operation(
            next(self._ids),
            _states.INVOCATION_UNSUBSCRIBED if unsubscribed else _states.INVOCATION,
            self._environment,
            self._link.accept_ticket,
            self._forget,
        )
        with self._lock:
            if self._life is _Life.UNSTARTED:
                raise ValueError("operate() of an End that has not been started: call start() first")
            refused = self._life is not _Life.RUNNING
            self._operations[operation.operation_id] = operation
        if refused:
            operation.refuse(subscription)
        else:
            operation.invoke(
                group,
                method,
                subscription,
                _TICKET_SUBSCRIPTIONS[subscription.kind],
                timeout,
                initial_metadata,
                payload,
                completion,
                None if protocol_options is None else links.Protocol(_CALL_OPTION, protocol_options),
            )
        return operation, operation

    def accept_ticket(self, ticket: links.Ticket) -> None:
        operation = self._operations.get(ticket.operation_id)
        if operation is not None:
            operation.accept(ticket)
        elif self._servicer is not None and ticket.sequence_number == 0 and ticket.group is not None:
            self._begin(ticket, self._servicer)
        # Anything else belongs to an operation that has ended here while the ticket was under way.

    def _begin(self, ticket: links.Ticket, servicer: base.Servicer) -> None:
        """Serve a new operation, or refuse it in a way that is safe to try again elsewhere."""
        with self._lock:
            accepted = self._life is _Life.RUNNING
            if accepted:
                operation = self._operations[ticket.operation_id] = _operation.Operation(
                    ticket.operation_id, _states.SERVICE, self._environment, self._link.accept_ticket, self._forget
                )
        if accepted:
            operation.serve(servicer, ticket, self._default_timeout, self._maximum_timeout)
        elif ticket.subscription is not links.Ticket.Subscription.NONE:
            self._link.accept_ticket(
                links.Ticket(
                    ticket.operation_id, 0, message=links.REFUSAL, termination=links.Ticket.Termination.SHUTDOWN
                )
            )

    def _forget(self, operation: _operation.Operation) -> None:
        """Strike an operation whose last callback has returned."""
        outcome = operation.outcome()
        assert outcome is not None
        actions: List[Callable[[], None]] = []
        with self._lock:
            self._operations.pop(operation.operation_id, None)
            self._stats[outcome.kind] += 1
            if not self._operations:
                if self._idle_actions:
                    actions, self._idle_actions = self._idle_actions, []
                if self._life is _Life.STOPPING:
                    self._finish_stopping()
        for action in actions:
            _run_idle_action(action)

    def operation_stats(self) -> Dict[base.Outcome.Kind, int]:
        with self._lock:
            return dict(self._stats)

    def add_idle_action(self, action: Callable[[], None]) -> None:
        with self._lock:
            if self._operations:
                self._idle_actions.append(action)
                return
        _run_idle_action(action)

    # ------------------------------------------------------------ the link

    def join_link(self, link: links.Link) -> None:
        self._link = link


_CALL_OPTION = links.Protocol.Kind.CALL_OPTION


def _run_idle_action(action: Callable[[], None]) -> None:
    try:
        action()
    except Exception:
        _LOGGER.exception("An idle action raised")
