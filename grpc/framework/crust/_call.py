"""The rendezvous of an invocation: where the operation leaves what arrives and the invoker picks it up.

One object is the operation's subscription, operator and termination callback, and the invoker's `face.Call`.
What kind of responses it holds is up to its subclasses.
"""

from __future__ import annotations

import functools
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, List, Optional

from grpc.framework.crust import _abortion
from grpc.framework.foundation.environment import Waiter
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Environment

_LOGGER = logging.getLogger(__name__)

_COMPLETED = base.Outcome.Kind.COMPLETED

AbortionCallback = Callable[[face.Abortion], None]


class Rendezvous(base.Operator, base.ProtocolReceiver, base.Subscription, face.Call):
    """What every invocation has: metadata, the end, and threads that wait for either."""

    __slots__ = (
        "__weakref__",
        "_abortion",
        "_abortion_callbacks",
        "_code",
        "_details",
        "_ended",
        "_environment",
        "_initial_metadata",
        "_initial_known",
        "_lock",
        "_operation",
        "_protocol_context",
        "_terminal_metadata",
        "_waiters",
    )

    kind = base.Subscription.Kind.FULL
    allowance = None

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._operation: Optional[base.OperationContext] = None
        # Guards everything below. Nothing is called while it is held.
        self._lock = threading.Lock()
        self._waiters: List[Waiter] = []
        self._initial_metadata: Optional[Any] = None
        self._initial_known = False
        self._terminal_metadata: Optional[Any] = None
        self._code: Optional[Any] = None
        self._details: Optional[str] = None
        self._ended = False
        self._abortion: Optional[_abortion.Reading] = None
        self._abortion_callbacks: Optional[List[AbortionCallback]] = None
        self._protocol_context: Optional[Any] = None

    def __repr__(self) -> str:
        if not self._ended:
            return f"<{type(self).__name__} active>"
        if self._abortion is None:
            return f"<{type(self).__name__} completed, code {self._code!r}>"
        return f"<{type(self).__name__} aborted: {self._abortion.kind.value}, code {self._code!r}>"

    # ------------------------------------------------------------ as the subscription

    @property
    def operator(self) -> base.Operator:  # type: ignore[override]  # an attribute of the contract, read-only here
        return self

    @property
    def protocol_receiver(self) -> base.ProtocolReceiver:  # type: ignore[override]  # likewise
        return self

    def context(self, protocol_context: Any) -> None:
        self._protocol_context = protocol_context

    def attach(self, operation: base.OperationContext) -> None:
        """Name the operation; done by whoever began it, before anybody else has the call."""
        self._operation = operation

    # ------------------------------------------------------------ what arrives

    def _note(self, initial_metadata: Optional[Any], completion: Optional[base.Completion]) -> None:
        """Take metadata and the like. The lock is held."""
        if initial_metadata is not None:
            self._initial_metadata = initial_metadata
            self._initial_known = True
        if completion is not None:
            self._terminal_metadata = completion.terminal_metadata
            self._code = completion.code
            self._details = completion.message

    def termination_callback(self, outcome: base.Outcome) -> None:
        """Hear how the operation ended; nothing arrives after this."""
        with self._lock:
            self._note_end(outcome)
            self._initial_known = self._ended = True
            waiters, self._waiters = self._waiters, []
            callbacks, self._abortion_callbacks = self._abortion_callbacks, None
        for waiter in waiters:
            waiter.set()
        abortion = self.abortion() if callbacks else None
        if callbacks and abortion is not None:
            for callback in callbacks:
                self._environment.execute(functools.partial(_call_logged, callback, abortion))

    def _note_end(self, outcome: base.Outcome) -> None:
        """Take the outcome. The lock is held. Subclasses add what their cardinality demands."""
        if outcome.kind is _COMPLETED:
            return
        self._abortion = _abortion.READINGS[outcome.kind]
        if outcome.code is not None:
            self._code = outcome.code
        if outcome.details is not None:
            self._details = outcome.details
        terminal_metadata = getattr(outcome, "terminal_metadata", None)
        if terminal_metadata is not None:
            self._terminal_metadata = terminal_metadata

    def _wake(self) -> None:
        """Let the threads that wait look again."""
        with self._lock:
            waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.set()

    # ------------------------------------------------------------ waiting

    def _wait_for_end(self, timeout: Optional[float] = None) -> bool:
        """Block until the RPC has ended or so many seconds have passed; tell whether it has ended."""
        deadline = None if timeout is None else self._environment.time() + timeout
        while not self._ended:
            waiter = Waiter()
            with self._lock:
                if self._ended:
                    return True
                self._waiters.append(waiter)
            if not self._environment.wait(waiter, deadline) and deadline is not None:
                return self._ended
        return True

    def _wait_for_initial_metadata(self) -> None:
        while not self._initial_known:
            waiter = Waiter()
            with self._lock:
                if self._initial_known:
                    return
                self._waiters.append(waiter)
            self._environment.wait(waiter)

    # ------------------------------------------------------------ as the call

    def is_active(self) -> bool:
        return not self._ended

    def time_remaining(self) -> Optional[float]:
        operation = self._operation
        return 0.0 if operation is None or self._ended else operation.time_remaining()

    def cancel(self) -> Optional[bool]:
        if self._operation is not None:
            self._operation.cancel()
        return None

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
            _call_logged(abortion_callback, abortion)

    def initial_metadata(self) -> Optional[Any]:
        if not self._initial_known:
            self._wait_for_initial_metadata()
        return self._initial_metadata

    def terminal_metadata(self) -> Optional[Any]:
        self._wait_for_end()
        return self._terminal_metadata

    def code(self) -> Optional[Any]:
        self._wait_for_end()
        return self._code

    def details(self) -> Optional[str]:
        self._wait_for_end()
        return self._details

    # ------------------------------------------------------------ the abortion

    def abortion(self) -> Optional[face.Abortion]:
        """The abortion of an RPC that was aborted, else None."""
        if self._abortion is None:
            return None
        return face.Abortion(
            self._abortion.kind, self._initial_metadata, self._terminal_metadata, self._code, self._details
        )

    def abortion_error(self) -> face.AbortionError:
        """The error to raise for an RPC that was aborted, made afresh: each raise has its own traceback."""
        assert self._abortion is not None
        return self._abortion.error(self._initial_metadata, self._terminal_metadata, self._code, self._details)


def _call_logged(callback: AbortionCallback, abortion: face.Abortion) -> None:
    try:
        callback(abortion)
    except Exception:
        _LOGGER.exception("An abortion callback raised")
