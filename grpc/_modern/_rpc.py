"""What calls return: Face calls in the clothes of the modern API."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, NamedTuple, Optional, Protocol, Tuple, Type

from grpc._modern import _contexts, _futures
from grpc._modern._errors import InactiveRpcError, Rendezvous, RendezvousError
from grpc._values import metadata as _metadata
from grpc._values import status
from grpc.framework.foundation import future
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from types import TracebackType

    from grpc._modern._calling import Deserializer
    from grpc._modern._requests import Requests

_Kind = face.Abortion.Kind
_StatusCode = status.StatusCode

# The status of an RPC that was aborted without one: this side, or the transport, made it end.
_STATUS_OF_ABORTION: Mapping[_Kind, int] = {
    _Kind.CANCELLED: status.CANCELLED,
    _Kind.EXPIRED: status.DEADLINE_EXCEEDED,
    _Kind.LOCAL_SHUTDOWN: status.CANCELLED,
    _Kind.REMOTE_SHUTDOWN: status.UNAVAILABLE,
    _Kind.NETWORK_FAILURE: status.UNAVAILABLE,
    _Kind.LOCAL_FAILURE: status.INTERNAL,
    _Kind.REMOTE_FAILURE: status.UNKNOWN,
}

_DETAILS_OF_ABORTION: Mapping[_Kind, str] = {
    _Kind.CANCELLED: "Locally cancelled by application!",
    _Kind.EXPIRED: "Deadline Exceeded",
    _Kind.LOCAL_SHUTDOWN: "Channel closed!",
    _Kind.REMOTE_SHUTDOWN: "The server is shutting down",
    _Kind.NETWORK_FAILURE: "The connection was lost",
    _Kind.LOCAL_FAILURE: "The client failed",
    _Kind.REMOTE_FAILURE: "The server failed without saying how",
}


class Fallible(Protocol):
    """Where requests come from."""

    @property
    def fault(self) -> Optional[Tuple[int, str, BaseException]]:
        """The status, the text and the exception with which drawing them failed, or None."""


class Ending(NamedTuple):
    """How an RPC ended."""

    initial_metadata: Any
    trailing_metadata: Any
    code: status.StatusCode
    details: str
    cause: Optional[BaseException]
    method: str


NO_RESULT = (face.AbortionError, future.CancelledError)
"""What a Face future raises for an RPC that was aborted."""


def error_of(ending: Ending, kind: Type[InactiveRpcError] = InactiveRpcError) -> InactiveRpcError:
    """The error for an RPC that ended so; the error of the operating system or of TLS behind it is its cause."""
    error = kind(
        ending.initial_metadata, ending.trailing_metadata, ending.code, ending.details, ending.method
    )
    error.__cause__ = ending.cause
    error.__suppress_context__ = True
    return error


def ending_of(call: face.Call, method: str, requests: Optional[Fallible] = None) -> Ending:
    """How a Face call ended; waits for the end.

    Args:
      call: The call.
      method: The method's name.
      requests: Where its requests came from: a fault there is the reason for whatever the call says.
    """
    code = call.code()
    details = call.details()
    cause: Optional[BaseException] = None
    aborted: List[face.Abortion] = []
    call.add_abortion_callback(aborted.append)  # called at once if, and only if, the RPC was aborted
    if requests is not None and requests.fault is not None:
        code, details, cause = requests.fault
    elif aborted:
        kind = aborted[0].kind
        if code == status.OK and kind is _Kind.REMOTE_FAILURE:
            # The service says that all is well, and Face that it is not: there was no response.
            code, details = status.UNIMPLEMENTED, "The server ended the call without a response"
        elif code == status.OK:
            code = details = None  # all was well, and had arrived, and yet this is how the call ended
        if code is None and details is not None and kind in (_Kind.LOCAL_FAILURE, _Kind.REMOTE_FAILURE):
            # Words without a code: one side takes the method for another shape than the other, or knows none.
            code = status.UNIMPLEMENTED
        if code is None:
            code = _STATUS_OF_ABORTION[kind]
        if details is None:
            details = _DETAILS_OF_ABORTION[kind]
        cause = getattr(call.protocol_context(), "cause", None)
    return Ending(
        _metadata.named(call.initial_metadata()),
        _metadata.named(call.terminal_metadata()),
        status.status_code(code or 0),
        details or "",
        cause,
        method,
    )


class RpcCall(Rendezvous, _contexts.Call, _futures.Future):
    """A call that has begun: `Call` and `Future`; with many responses an iterator as well, see `StreamCall`."""

    def __init__(self, call: Any, method: str, deserializer: Deserializer, requests: Optional[Requests] = None) -> None:
        """Clothe a Face call.

        Args:
          call: A `face.Call`, with one response a `future.Future` as well, else an iterator.
          method: The method's name.
          deserializer: From bytes to response; None if bytes are wanted.
          requests: Where its requests come from, if they are many.
        """
        super().__init__()
        self._face = call
        self._method = method
        self._deserializer = deserializer
        self._requests = requests
        # Whether `cancel` was called in time: that, and no status, makes a future a cancelled one.
        self._cancelled = False

    def __del__(self) -> None:
        # Nobody can hear how it ends: not a done callback either, which would have kept this object.
        call = getattr(self, "_face", None)  # it may never have been quite made
        if call is not None:
            call.forsake()

    def __repr__(self) -> str:
        if self._face.is_active():
            return f"<{type(self).__name__} of an RPC that goes on>"
        ending = self._ending()
        return f"<{type(self).__name__} of an RPC that ended with status {ending.code.name}: {ending.details}>"

    __str__ = __repr__

    def _ending(self) -> Ending:
        return ending_of(self._face, self._method, self._requests)

    # ------------------------------------------------------------ as the call

    def is_active(self) -> bool:
        return bool(self._face.is_active())

    def time_remaining(self) -> Optional[float]:
        remaining: Optional[float] = self._face.time_remaining() if self._face.is_active() else None
        return remaining

    def cancel(self) -> bool:  # type: ignore[override]  # a Call's cancel returns nothing, a Future's does
        if self._face.is_active():
            self._cancelled = True
            self._face.cancel()
        return self.cancelled()

    def initial_metadata(self) -> Any:
        return _metadata.named(self._face.initial_metadata())

    def trailing_metadata(self) -> Any:
        return _metadata.named(self._face.terminal_metadata())

    def code(self) -> status.StatusCode:
        return self._ending().code

    def details(self) -> str:
        return self._ending().details

    def debug_error_string(self) -> str:
        """The status as one line for a log; waits for the end."""
        return error_of(self._ending()).debug_error_string()

    def add_callback(self, callback: Callable[[], None]) -> bool:
        if not self._face.is_active():
            return False
        self._when_done(callback)
        return True

    # ------------------------------------------------------------ as the future

    def cancelled(self) -> bool:
        return self._cancelled and not self.is_active() and self._ending().code is _StatusCode.CANCELLED

    def running(self) -> bool:
        return self.is_active()

    def done(self) -> bool:
        return not self.is_active()

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        self._when_done(lambda: fn(self))

    def _when_done(self, callback: Callable[[], None]) -> None:
        run = contextvars.copy_context().run
        self._face.add_done_callback(lambda _: run(callback))

    def result(self, timeout: Optional[float] = None) -> Any:
        """Wait for the one response; see `Future.result`."""
        error: Optional[Exception] = None
        try:
            payload = self._face.result(timeout)
        except future.TimeoutError as late:
            error = _futures.FutureTimeoutError(str(late))
        except NO_RESULT:
            error = self._error()
        else:
            if not self._face.code():  # in memory a service may give a response and a status that is not OK
                return deserialized(self._deserializer, payload, self._face)
            error = self._error()
        raise error from error.__cause__

    def _error(self) -> Exception:
        """What a future raises for an RPC that did not end well."""
        return _futures.FutureCancelledError() if self.cancelled() else error_of(self._ending(), RendezvousError)

    def exception(self, timeout: Optional[float] = None) -> Optional[Exception]:
        try:
            self.result(timeout)
        except _contexts.RpcError as error:
            return error
        return None

    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        error = self.exception(timeout)
        return None if error is None else error.__traceback__


class StreamCall(RpcCall):
    """A call with many responses."""

    def __iter__(self) -> StreamCall:
        return self

    def __next__(self) -> Any:
        try:
            payload = next(self._face)
        except StopIteration:
            if not self._face.code():
                raise
            error = error_of(self._ending(), RendezvousError)
        except face.AbortionError:
            error = error_of(self._ending(), RendezvousError)
        else:
            return self._message(payload)
        raise error from error.__cause__

    def _message(self, payload: bytes) -> Any:
        """The response that bytes stand for; bytes that stand for none end the RPC."""
        if self._deserializer is None:
            return payload
        try:
            return self._deserializer(payload)
        except Exception as error:
            self._face.cancel()
            details = f"Exception deserializing response! {error}"
            raise RendezvousError((), (), _StatusCode.INTERNAL, details) from error

    def result(self, timeout: Optional[float] = None) -> Any:
        """Wait for the end; there is no one response to be had.

        Raises:
          FutureTimeoutError: It is not over in time.
          RpcError: It did not end with status OK.
        """
        error: Optional[Exception] = None
        try:
            self._face.result(timeout)
        except future.TimeoutError as late:
            error = _futures.FutureTimeoutError(str(late))
        except NO_RESULT:
            error = self._error()
        if error is None and self._face.code():
            error = self._error()
        if error is not None:
            raise error from error.__cause__


def deserialized(deserializer: Deserializer, payload: bytes, call: face.Call) -> Any:
    """The response that bytes stand for.

    Raises:
      InactiveRpcError: INTERNAL, if the deserializer fails.
    """
    if deserializer is None:
        return payload
    try:
        return deserializer(payload)
    except Exception as error:
        raise InactiveRpcError(
            _metadata.named(call.initial_metadata()),
            _metadata.named(call.terminal_metadata()),
            _StatusCode.INTERNAL,
            f"Exception deserializing response! {error}",
        ) from error
