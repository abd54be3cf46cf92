"""Calls that are over already: what stands for a blocking call between an interceptor and the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from grpc._modern import _contexts, _futures, _rpc
from grpc._values import status

if TYPE_CHECKING:
    from types import TracebackType

    from grpc._modern._contexts import Call


class Outcome(_futures.Future, _contexts.Call):
    """What a continuation returns for a blocking call, which is over by then: a response with its call."""

    def __init__(self, response: Any, call: Call) -> None:
        self._response = response
        self._call = call

    def result(self, timeout: Optional[float] = None) -> Any:
        return self._response

    def exception(self, timeout: Optional[float] = None) -> Optional[Exception]:
        return None

    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        return None

    def cancel(self) -> bool:  # type: ignore[override]  # a Call's cancel returns nothing, a Future's does
        return False

    def cancelled(self) -> bool:
        return False

    def running(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        fn(self)

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> Optional[float]:
        return None

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False

    def initial_metadata(self) -> Any:
        return self._call.initial_metadata()

    def trailing_metadata(self) -> Any:
        return self._call.trailing_metadata()

    def code(self) -> status.StatusCode:
        return self._call.code()

    def details(self) -> str:
        return self._call.details()


class Failure(Outcome):
    """What stands for a blocking call that failed, or for an interceptor that raised."""

    def __init__(self, error: Exception) -> None:
        if not isinstance(error, _contexts.Call):
            call: Call = _rpc.own_error(status.StatusCode.INTERNAL, f"Exception in interceptor: {error}")
        else:
            call = error
        super().__init__(None, call)
        self._error = error

    def result(self, timeout: Optional[float] = None) -> Any:
        raise self._error

    def exception(self, timeout: Optional[float] = None) -> Optional[Exception]:
        return self._error

    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        return self._error.__traceback__

    def __iter__(self) -> Failure:
        return self

    def __next__(self) -> Any:
        raise self._error
