"""The invocation side of an RPC: what every invocation returns is a Call, and a Future of its end.

What it holds besides is up to the subclasses: one response (`_unary`), an iterator of them (`_stream`), or a receiver
that is passed them (`_event`).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, List, Optional

from grpc.framework.crust import _abortion, _rendezvous
from grpc.framework.foundation import future
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from types import TracebackType

    from grpc.framework.foundation.environment import Environment

_CANCELLED = face.Abortion.Kind.CANCELLED

_MORE_THAN_ONE = "the service sent more than one response"

DoneCallback = Callable[[future.Future[Any]], object]


class Call(_rendezvous.Rendezvous, face.Call, face.PassiveCall, future.Future[Any]):
    """What the service side says besides responses, and the end.

    That every call is a future is an extension; with many responses its result is None, and is there at the end.
    """

    __slots__ = (
        "_code",
        "_details",
        "_done_callbacks",
        "_initial_known",
        "_initial_metadata",
        "_surplus_allowed",
        "_terminal_metadata",
    )

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._initial_metadata: Optional[Any] = None
        self._initial_known = False
        self._terminal_metadata: Optional[Any] = None
        self._code: Optional[Any] = None
        self._details: Optional[str] = None
        self._done_callbacks: Optional[List[DoneCallback]] = None
        self._surplus_allowed = False

    # ------------------------------------------------------------ what arrives

    def _note(self, initial_metadata: Optional[Any], completion: Optional[base.Completion]) -> None:
        """Take what is no response. The lock is held."""
        if initial_metadata is not None:
            self._initial_metadata = initial_metadata
            self._initial_known = True
        if completion is not None:
            self._terminal_metadata = completion.terminal_metadata
            self._code = completion.code
            self._details = completion.message

    def _conclude(self, outcome: base.Outcome) -> None:
        self._initial_known = True
        if self._reading is None:
            return
        if outcome.code is not None:
            self._code = outcome.code
        if outcome.details is not None:
            self._details = outcome.details
        # What came with an abortion is no completion's; outcomes of another make need not have it.
        terminal_metadata = getattr(outcome, "terminal_metadata", None)
        if terminal_metadata is not None:
            self._terminal_metadata = terminal_metadata

    def _after_end(self) -> None:
        # The RPC has ended, so nobody adds to the list any more.
        callbacks = self._done_callbacks
        if callbacks is not None:
            self._done_callbacks = None
            for callback in callbacks:
                self._environment.execute(functools.partial(_rendezvous.call_logged, callback, self))

    # ------------------------------------------------------------ where there may be one response

    def _allow_surplus(self) -> None:
        """Let another response come after the only one there may be, if the service has not completed with that.

        Otherwise a service that has another would wait for leave, and this side for the end. The lock is not held.
        """
        with self._lock:
            if self._surplus_allowed:
                return
            self._surplus_allowed = True
        self._output.advance(None, None, None, 1)

    def _refuse_surplus(self) -> None:
        """End an RPC because another response did come. The lock is not held."""
        # What ends an operation as the other side's failure, with words: it takes the method for another shape.
        self._operation.fail(base.NoSuchMethodError(None, _MORE_THAN_ONE))

    # ------------------------------------------------------------ as the call

    def initial_metadata(self) -> Optional[Any]:
        if not self._initial_known:
            self._wait_until(self.initial_metadata_known)
        return self._initial_metadata

    def terminal_metadata(self) -> Optional[Any]:
        self._wait_for_end(None)
        return self._terminal_metadata

    def code(self) -> Optional[Any]:
        self._wait_for_end(None)
        return self._code

    def details(self) -> Optional[str]:
        self._wait_for_end(None)
        return self._details

    def initial_metadata_known(self) -> bool:
        return self._initial_known

    def _wait_for_end(self, timeout: Optional[float]) -> bool:
        """Block until the RPC has ended or so many seconds have passed; tell whether it has ended."""
        if self._ended:
            return True
        if timeout is None:
            return self._wait_until(self._has_ended)
        return timeout > 0 and self._wait_until(self._has_ended, self._environment.time() + timeout)

    def forsake(self) -> None:
        if not self._ended:
            self._environment.call_from_finalizer(self.cancel)

    # ------------------------------------------------------------ as the future

    def cancel(self) -> bool:
        """See `face.RpcContext.cancel`; as a future it cannot promise that nothing has begun at the other side."""
        self._operation.cancel()
        return False

    def cancelled(self) -> bool:
        return self._ended and self._reading is not None and self._reading.kind is _CANCELLED

    def running(self) -> bool:
        return not self._ended

    def done(self) -> bool:
        return self._ended

    def result(self, timeout: Optional[float] = None) -> Any:
        self._await(timeout)
        if self._reading is not None:
            raise self.abortion_error()
        return self._result()

    def exception(self, timeout: Optional[float] = None) -> Optional[BaseException]:
        self._await(timeout)
        return None if self._reading is None else self.abortion_error()

    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        error = self.exception(timeout)
        if error is None:
            return None
        try:
            raise error
        except face.AbortionError as raised:
            return raised.__traceback__

    def add_done_callback(self, fn: DoneCallback) -> None:
        with self._lock:
            if not self._ended:
                if self._done_callbacks is None:
                    self._done_callbacks = []
                self._done_callbacks.append(fn)
                return
        _rendezvous.call_logged(fn, self)

    def _result(self) -> Any:
        """The result of an RPC that completed."""
        return None

    def _await(self, timeout: Optional[float]) -> None:
        """Wait as the future's methods do, and raise what they raise for want of a result."""
        if not self._wait_for_end(timeout):
            raise future.TimeoutError(f"the RPC had not ended after {timeout} seconds; it goes on")
        if self.cancelled():
            raise future.CancelledError("the RPC was cancelled")

    # ------------------------------------------------------------ the abortion

    def abortion(self) -> Optional[face.Abortion]:
        """The abortion of an RPC that was aborted, else None."""
        if self._reading is None:
            return None
        return face.Abortion(
            self._reading.kind, self._initial_metadata, self._terminal_metadata, self._code, self._details
        )

    def abortion_error(self) -> face.AbortionError:
        """The error to raise for an RPC that was aborted, made afresh: each raise has its own traceback."""
        assert self._reading is not None
        return self._reading.error(self._initial_metadata, self._terminal_metadata, self._code, self._details)

    def _drops_responses(self, outcome: base.Outcome) -> bool:
        """Whether responses that wait to be fetched are wanted no more. The lock is held."""
        return self._reading is not None and not _abortion.keeps_responses(self._reading, outcome)
