"""Calls that are over already: what stands for a blocking call between an interceptor and the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from grpc._modern import _contexts, _errors, _futures
from grpc._values import status

if TYPE_CHECKING:
    from types import TracebackType

    from grpc._modern._contexts import Call


class Outcome(_errors.Over):
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

    def initial_metadata(self) -> Any:
        return self._call.initial_metadata()

    def trailing_metadata(self) -> Any:
        return self._call.trailing_metadata()

    def code(self) -> status.StatusCode:
        return self._call.code()

    def details(self) -> str:
        return self._call.details()


class Failure(_contexts.RpcError, Outcome):
    """What stands for an interceptor that raised, or for a blocking call that raised something else than a call."""

    def __init__(self, error: Exception) -> None:
        if not isinstance(error, _contexts.Call):
            call: Call = _errors.own_error(status.StatusCode.INTERNAL, f"Exception in interceptor: {error}")
        else:
            call = error
        Outcome.__init__(self, None, call)
        self._error = error

    def __str__(self) -> str:
        return f"<{type(self).__name__} of an RPC that ended with {type(self._error).__name__}: {self._error}>"

    __repr__ = __str__

    def debug_error_string(self) -> str:
        """What was raised, as one line for a log."""
        return f"{self.code().name}: {self.details()}"

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


def failed(error: Exception) -> Any:
    """What a continuation returns for a blocking call that raised: a `Call` and `Future`, and always an `RpcError`.

    Interceptors tell failures by `isinstance(call, grpc.RpcError)`; the error of an RPC is all three by itself.
    """
    is_all = all(isinstance(error, kind) for kind in (_contexts.RpcError, _contexts.Call, _futures.Future))
    return error if is_all else Failure(error)
