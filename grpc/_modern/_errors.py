"""Calls that are over: what they have in common, and the errors among them, which blocking calls raise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from grpc._modern import _contexts, _futures

if TYPE_CHECKING:
    from types import TracebackType

    from grpc._values import status


class Over(_contexts.Call, _futures.Future):
    """A call, and a future, that has ended, and that nobody has cancelled as a future."""

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> Optional[float]:
        return None

    def cancel(self) -> bool:  # type: ignore[override]  # a Call's cancel returns nothing, a Future's does
        return False

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def running(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        fn(self)


class InactiveRpcError(_contexts.RpcError, Over):
    """An RPC that did not end with status OK; it can be pickled and copied.

    As a future it is over, and raises itself.
    """

    def __init__(
        self,
        initial_metadata: Any,
        trailing_metadata: Any,
        code: status.StatusCode,
        details: str,
        method: str = "the RPC",
    ) -> None:
        """Make an error of an RPC's status, the metadata that came with it, and the method's name."""
        # All go to Exception as well: that is what pickles and copies an exception.
        super().__init__(initial_metadata, trailing_metadata, code, details, method)
        self._method = method
        self._initial_metadata = initial_metadata or ()
        self._trailing_metadata = trailing_metadata or ()
        self._code = code
        self._details = details

    def __str__(self) -> str:
        return f"<RpcError: {self._method} ended with status {self._code.name}: {self._details}>"

    __repr__ = __str__

    def initial_metadata(self) -> Any:
        return self._initial_metadata

    def trailing_metadata(self) -> Any:
        return self._trailing_metadata

    def code(self) -> status.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def debug_error_string(self) -> str:
        """The status, and the error of the system behind it if there was one, as one line for a log."""
        cause = "" if self.__cause__ is None else f" ({type(self.__cause__).__name__}: {self.__cause__})"
        return f"{self._code.name}: {self._details}{cause}"

    # ------------------------------------------------------------ as the future

    def result(self, timeout: Optional[float] = None) -> Any:
        raise self

    def exception(self, timeout: Optional[float] = None) -> Optional[Exception]:
        return self

    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        return self.__traceback__

    def with_traceback(self, tb: Optional[TracebackType]) -> InactiveRpcError:
        return super().with_traceback(tb)


def own_error(code: status.StatusCode, details: str) -> InactiveRpcError:
    """The error for an RPC that failed on this side, before or after anything was sent."""
    return InactiveRpcError((), (), code, details)


class Rendezvous(_contexts.RpcError):
    """What calls that are objects of their own and the errors they raise have in common, as programs catch them."""


class RendezvousError(InactiveRpcError, Rendezvous):
    """What a future or a call with many responses raises."""
