"""What the asynchronous API raises, and the mark at the end of a stream.

Exception
  BaseError
    UsageError        the API was used in a way that cannot work
    AbortError        the way out of a handler that has aborted its RPC
    InternalError     the library failed
  RpcError
    AioRpcError       an RPC did not end with status OK
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from grpc._modern import _contexts, _rpc
from grpc._modern.aio._metadata import Metadata

if TYPE_CHECKING:
    from grpc._values.status import StatusCode


class BaseError(Exception):
    """The common class of the errors of this API that do not stand for an RPC."""


class UsageError(BaseError):
    """Raised where the API is used in a way that cannot work, such as reading a stream in two styles."""


class AbortError(BaseError):
    """Raised by `ServicerContext.abort`; a handler may catch it to clean up, and should let it pass."""


class InternalError(BaseError):
    """Raised where the library has failed."""


class AioRpcError(_contexts.RpcError):
    """An RPC that did not end with status OK, as it was at its end; it can be pickled and copied."""

    def __init__(
        self,
        code: StatusCode,
        initial_metadata: Metadata,
        trailing_metadata: Metadata,
        details: Optional[str] = None,
        debug_error_string: Optional[str] = None,
        method: str = "the RPC",
    ) -> None:
        """Make an error.

        Args:
          code: The status code.
          initial_metadata: What the server sent first.
          trailing_metadata: What it sent last.
          details: The status text.
          debug_error_string: More about it, for logs.
          method: The name of the method, for people.
        """
        # All go to Exception as well: that is what pickles and copies an exception.
        super().__init__(code, initial_metadata, trailing_metadata, details, debug_error_string, method)
        self._code = code
        self._initial_metadata = initial_metadata
        self._trailing_metadata = trailing_metadata
        self._details = details
        self._debug_error_string = debug_error_string
        self._method = method

    def __str__(self) -> str:
        return f"<AioRpcError: {self._method} ended with status {self._code.name}: {self._details}>"

    __repr__ = __str__

    def code(self) -> StatusCode:
        """The status code."""
        return self._code

    def details(self) -> Optional[str]:
        """The status text."""
        return self._details

    def initial_metadata(self) -> Metadata:
        """What the server sent first."""
        return self._initial_metadata

    def trailing_metadata(self) -> Metadata:
        """What the server sent last."""
        return self._trailing_metadata

    def debug_error_string(self) -> str:
        """The status, and the error of the system behind it if there was one, as one line for a log."""
        return self._debug_error_string or f"{self._code.name}: {self._details}"


def own_error(code: StatusCode, details: str, method: str) -> AioRpcError:
    """The error for an RPC that failed on this side."""
    return AioRpcError(code, Metadata(), Metadata(), details, None, method)


def error_of(ending: _rpc.Ending) -> AioRpcError:
    """The error for an RPC that ended so; the error of the operating system or of TLS behind it is its cause."""
    cause = ending.cause
    behind = "" if cause is None else f" ({type(cause).__name__}: {cause})"
    error = AioRpcError(
        ending.code,
        Metadata.from_tuple(ending.initial_metadata),
        Metadata.from_tuple(ending.trailing_metadata),
        ending.details,
        f"{ending.code.name}: {ending.details}{behind}",
        ending.method,
    )
    error.__cause__ = cause
    error.__suppress_context__ = True
    return error


class _Eof:
    """The end of a stream; false, and the same object in every process that unpickles it."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "<grpc.aio.EOF>"

    def __reduce__(self) -> str:
        return "EOF"


EOF: Any = _Eof()
"""What `read` returns when no message follows."""
