"""The rendezvous of an RPC with one response: Call and Future in one."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any, Callable, List, Optional

from grpc.framework.crust import _abortion, _call
from grpc.framework.foundation import future
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from types import TracebackType

    from grpc.framework.foundation.environment import Environment

_LOGGER = logging.getLogger(__name__)

_CANCELLED = face.Abortion.Kind.CANCELLED
# A service that completes without the one response it owes has failed, whatever code it gives for that.
_NO_RESPONSE = _abortion.READINGS[base.Outcome.Kind.REMOTE_FAILURE]


class UnaryRendezvous(_call.Rendezvous, future.Future[Any]):
    """Holds at most one response; `result` waits for the end of the RPC, not for the response alone."""

    __slots__ = ("_done_callbacks", "_response")

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._response: Optional[Any] = None
        self._done_callbacks: Optional[List[Callable[[future.Future[Any]], object]]] = None

    # ------------------------------------------------------------ what arrives

    def advance(
        self,
        initial_metadata: Optional[Any] = None,
        payload: Optional[Any] = None,
        completion: Optional[base.Completion] = None,
        allowance: Optional[int] = None,
    ) -> None:
        with self._lock:
            if payload is not None:
                self._response = payload
            self._note(initial_metadata, completion)
        if initial_metadata is not None and completion is None and self._waiters:
            self._wake()

    def _note_end(self, outcome: base.Outcome) -> None:
        super()._note_end(outcome)
        if self._abortion is None and self._response is None:
            self._abortion = _NO_RESPONSE

    def termination_callback(self, outcome: base.Outcome) -> None:
        super().termination_callback(outcome)
        with self._lock:
            callbacks, self._done_callbacks = self._done_callbacks, None
        for callback in callbacks or ():
            self._environment.execute(functools.partial(self._call_done, callback))

    def _call_done(self, callback: Callable[[future.Future[Any]], object]) -> None:
        try:
            callback(self)
        except Exception:
            _LOGGER.exception("A done callback raised")

    # ------------------------------------------------------------ as the blocking invoker sees it

    def response(self) -> Any:
        """Block until the RPC has ended; return its response or raise its `AbortionError`.

        A thread that is torn out of the wait (by Ctrl-C, say) cancels the RPC: nobody else can get its result.
        """
        try:
            self._wait_for_end()
        except BaseException:
            self.cancel()
            raise
        if self._abortion is not None:
            raise self.abortion_error()
        return self._response

    # ------------------------------------------------------------ as the future

    def cancel(self) -> bool:
        super().cancel()
        return self._abortion is not None and self._abortion.kind is _CANCELLED

    def cancelled(self) -> bool:
        return self._abortion is not None and self._abortion.kind is _CANCELLED

    def running(self) -> bool:
        return not self._ended

    def done(self) -> bool:
        return self._ended

    def result(self, timeout: Optional[float] = None) -> Any:
        self._await(timeout)
        if self._abortion is not None:
            raise self.abortion_error()
        return self._response

    def exception(self, timeout: Optional[float] = None) -> Optional[BaseException]:
        self._await(timeout)
        return None if self._abortion is None else self.abortion_error()

    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        error = self.exception(timeout)
        if error is None:
            return None
        try:
            raise error
        except face.AbortionError as raised:
            return raised.__traceback__

    def add_done_callback(self, fn: Callable[[future.Future[Any]], object]) -> None:
        with self._lock:
            if not self._ended:
                if self._done_callbacks is None:
                    self._done_callbacks = []
                self._done_callbacks.append(fn)
                return
        self._call_done(fn)

    def _await(self, timeout: Optional[float]) -> None:
        """Wait as the future's methods do, and raise what they raise for want of a result."""
        if not self._wait_for_end(timeout):
            raise future.TimeoutError(f"the RPC had not ended after {timeout} seconds; it goes on")
        if self.cancelled():
            raise future.CancelledError("the RPC was cancelled")
