"""What the two sides of an RPC have in common: one object where the operation and the customer meet.

To the operation it is the subscription, the operator and the termination callback; to the customer it is the context
of the RPC. Nothing is called while its lock is held, and a thread that has to wait does so in its environment.
"""

from __future__ import annotations

import functools
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, Deque, List, Optional, Union

from grpc.framework.crust import _abortion
from grpc.framework.foundation import abandonment, forking
from grpc.framework.foundation.environment import Waiter
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from grpc.framework.crust._allowance import Window
    from grpc.framework.foundation.environment import Environment
    from grpc.framework.foundation.serial import Serial

_LOGGER = logging.getLogger(__name__)

_COMPLETED = base.Outcome.Kind.COMPLETED

NOTHING_MORE = utilities.completion(None, None, None)
"""The completion of a side that has nothing to add to its values."""

AbortionCallback = Callable[[face.Abortion], None]


class Notice:
    """In the place of a waiter: calls instead of waking a thread."""

    __slots__ = ("set",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.set = action


class Rendezvous(
    base.Operator, base.ProtocolReceiver, base.Subscription, face.RpcContext, face.Watchable, forking.Member
):
    """One side of an RPC: how it ends, who is to be told, and the threads that wait."""

    # The streams of values have their slots here because of several bases only one may have any. `Incoming`,
    # `Delivery`, `OutgoingPump` and `OutgoingConsumer` set and explain them; sides without such a stream do not.
    __slots__ = (
        "__weakref__",
        "_abortion_callbacks",
        "_allowed",
        "_ended",
        "_environment",
        "_incoming",
        "_incoming_complete",
        "_lock",
        "_operation",
        "_output",
        "_protocol_context",
        "_reading",
        "_said_all",
        "_sender",
        "_sent",
        "_serial",
        "_waiters",
        "_window",
    )

    kind = base.Subscription.Kind.FULL
    allowance = None

    _allowed: int
    _incoming: Deque[Any]
    _incoming_complete: bool
    _operation: base.OperationContext
    _output: base.Operator
    _said_all: bool
    _sent: int
    _serial: Serial
    _window: Optional[Window]

    def __init__(self, environment: Environment) -> None:
        """Make one for an operation that `attach` will name.

        Args:
          environment: Where threads wait, and where callbacks are called.
        """
        self._environment = environment
        # Guards what is shared by the threads that bring news and those that want them. Nothing is called while it
        # is held but the waiters' and the window's own methods.
        self._lock = threading.Lock()
        self._waiters: Optional[List[Union[Waiter, Notice]]] = None
        self._sender: Optional[Union[Waiter, Notice]] = None
        self._ended = False
        self._reading: Optional[_abortion.Reading] = None
        self._abortion_callbacks: Optional[List[AbortionCallback]] = None
        self._protocol_context: Optional[Any] = None

    def __repr__(self) -> str:
        if not self._ended:
            return f"<{type(self).__name__} active>"
        if self._reading is None:
            return f"<{type(self).__name__} completed>"
        return f"<{type(self).__name__} aborted: {self._reading.kind.value}>"

    # ------------------------------------------------------------ as the subscription

    @property
    def operator(self) -> base.Operator:  # type: ignore[override]  # an attribute of the contract, read-only here
        return self

    @property
    def protocol_receiver(self) -> base.ProtocolReceiver:  # type: ignore[override]  # likewise
        return self

    def context(self, protocol_context: Any) -> None:
        self._protocol_context = protocol_context

    def attach(self, operation: base.OperationContext, output: base.Operator) -> None:
        """Name the operation and the operator for this side's values, before any customer has the object."""
        self._operation = operation
        self._output = output

    # ------------------------------------------------------------ the end

    def termination_callback(self, outcome: base.Outcome) -> None:
        """Hear how the operation ended; nothing arrives after this."""
        with self._lock:
            if outcome.kind is not _COMPLETED:
                self._reading = _abortion.READINGS[outcome.kind]
            self._conclude(outcome)
            self._ended = True
            waiters, self._waiters = self._waiters, None
            callbacks, self._abortion_callbacks = self._abortion_callbacks, None
        if waiters is not None:
            wake(waiters)
        if self._sender is not None:  # nobody begins to wait for leave any more, the RPC having ended
            self._sender.set()
        if callbacks is not None:
            abortion = self.abortion()
            if abortion is not None:
                for callback in callbacks:
                    self._environment.execute(functools.partial(call_logged, callback, abortion))
        self._after_end()

    def after_fork_in_child(self) -> None:
        """Have the lock anew; the operation asks for it."""
        self._lock = threading.Lock()

    def _conclude(self, outcome: base.Outcome) -> None:
        """Take the outcome, `_reading` being set. The lock is held."""

    def _after_end(self) -> None:
        """Tell those of a subclass that the RPC has ended. The lock is not held."""

    def abortion(self) -> Optional[face.Abortion]:
        """The abortion of an RPC that was aborted, else None."""
        raise NotImplementedError

    def fail(self, error: BaseException, message: Optional[str] = None) -> None:
        """End the RPC because customers' code raised; to be called while the exception is being handled.

        Has no effect but the log if the RPC has ended.

        Args:
          error: What it raised. An `Abandoned` is no fault and goes unlogged, and so does what is no `Exception`,
            because the caller passes that on.
          message: What to say above the logged traceback; None if the caller has said it all.
        """
        if message is not None and isinstance(error, Exception) and not isinstance(error, abandonment.Abandoned):
            _LOGGER.exception(message)
        self._operation.fail(error)

    # ------------------------------------------------------------ waiting

    def _wait_until(self, reached: Callable[[], bool], deadline: Optional[float] = None) -> bool:
        """Block until `reached`, which is called with the lock held, or until the deadline; tell whether it is."""
        while True:
            with self._lock:
                if reached():
                    return True
                waiter = Waiter()
                if self._waiters is None:
                    self._waiters = []
                self._waiters.append(waiter)
            try:
                in_time = self._environment.wait(waiter, deadline)
            finally:
                if not waiter.ready:
                    self._forget_waiter(waiter)
            if not in_time:
                return reached()

    def _forget_waiter(self, waiter: Waiter) -> None:
        """Strike a waiter that gave up: who polls with short timeouts must not pile them up."""
        with self._lock:
            if self._waiters is not None and waiter in self._waiters:
                self._waiters.remove(waiter)

    def when_changed(self, action: Callable[[], None]) -> None:
        """See `face.Watchable.when_changed`."""
        with self._lock:
            if not self._ended:
                if self._waiters is None:
                    self._waiters = []
                self._waiters.append(Notice(action))
                return
        action()

    def _has_ended(self) -> bool:
        return self._ended

    # ------------------------------------------------------------ as the context

    def is_active(self) -> bool:
        return not self._ended

    def time_remaining(self) -> Optional[float]:
        return 0.0 if self._ended else self._operation.time_remaining()

    def cancel(self) -> Optional[bool]:
        self._operation.cancel()
        return False

    def protocol_context(self) -> Any:
        return self._protocol_context

    def add_abortion_callback(self, abortion_callback: AbortionCallback) -> None:
        with self._lock:
            if not self._ended:
                if self._abortion_callbacks is None:
                    self._abortion_callbacks = []
                self._abortion_callbacks.append(abortion_callback)
                return
        abortion = self.abortion()
        if abortion is not None:
            call_logged(abortion_callback, abortion)

    # ------------------------------------------------------------ what subclasses with streams share

    def _closing(self) -> base.Completion:
        """What this side says last."""
        return NOTHING_MORE

    def _allow(self, allowance: int) -> None:
        """Learn that so many further values may be sent; sides that pass theirs on as they come need not know."""


def wake(waiters: List[Union[Waiter, Notice]]) -> None:
    """Let those who wait look again."""
    for waiter in waiters:
        waiter.set()


def call_logged(callback: Callable[[Any], object], argument: Any) -> None:
    """Call back a customer; what that raises is logged, unless it is `Abandoned`."""
    try:
        callback(argument)
    except abandonment.Abandoned:
        pass
    except Exception:
        _LOGGER.exception("A callback of an RPC raised: %r", callback)
