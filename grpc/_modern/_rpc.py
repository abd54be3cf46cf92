"""What calls return and raise: Face calls in the clothes of the modern API."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Tuple

from grpc._modern import _interfaces
from grpc._values import status
from grpc.framework.foundation import future
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from types import TracebackType

_LOGGER = logging.getLogger(__name__)

_Kind = face.Abortion.Kind

# The status of an RPC that was aborted without one: the transport, or this side, made it end.
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


class EndedCall(_interfaces.Call):
    """A call that is over: four values."""

    __slots__ = ("_code", "_details", "_initial_metadata", "_trailing_metadata")

    def __init__(self, initial_metadata: Any, trailing_metadata: Any, code: status.StatusCode, details: str) -> None:
        self._initial_metadata = initial_metadata or ()
        self._trailing_metadata = trailing_metadata or ()
        self._code = code
        self._details = details

    def initial_metadata(self) -> Any:
        return self._initial_metadata

    def trailing_metadata(self) -> Any:
        return self._trailing_metadata

    def code(self) -> status.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> Optional[float]:
        return None

    def cancel(self) -> None:
        pass

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False


class InactiveRpcError(_interfaces.RpcError, _interfaces.Call):
    """An RPC that did not end with status OK."""

    def __init__(self, initial_metadata: Any, trailing_metadata: Any, code: status.StatusCode, details: str) -> None:
        super().__init__(initial_metadata, trailing_metadata, code, details)
        self._initial_metadata = initial_metadata or ()
        self._trailing_metadata = trailing_metadata or ()
        self._code = code
        self._details = details

    def __str__(self) -> str:
        return f"<RpcError: the RPC ended with status {self._code.name}: {self._details}>"

    __repr__ = __str__

    initial_metadata = EndedCall.initial_metadata
    trailing_metadata = EndedCall.trailing_metadata
    code = EndedCall.code
    details = EndedCall.details
    is_active = EndedCall.is_active
    time_remaining = EndedCall.time_remaining
    cancel = EndedCall.cancel
    add_callback = EndedCall.add_callback


def status_of(
    kind: Optional[face.Abortion.Kind], code: Optional[int], details: Optional[str]
) -> Tuple[status.StatusCode, str]:
    """The status that an abortion reads as."""
    if kind is None:  # no subclass: nobody knows more
        kind = _Kind.LOCAL_FAILURE
    return (
        status.status_code(_STATUS_OF_ABORTION[kind] if code is None else code),
        _DETAILS_OF_ABORTION[kind] if details is None else details,
    )


def rpc_error_of(error: face.AbortionError) -> InactiveRpcError:
    """The error of the modern API for an abortion."""
    code, details = status_of(error.kind, error.code, error.details)
    return InactiveRpcError(error.initial_metadata, error.terminal_metadata, code, details)


def own_error(code: status.StatusCode, details: str) -> InactiveRpcError:
    """The error for an RPC that failed on this side alone."""
    return InactiveRpcError((), (), code, details)


def deserialize(deserializer: Optional[Callable[[bytes], Any]], payload: bytes, call: face.Call) -> Any:
    """Turn a response's bytes into the response.

    Raises:
      InactiveRpcError: INTERNAL, if the deserializer fails.
    """
    if deserializer is None:
        return payload
    try:
        return deserializer(payload)
    except Exception as error:
        raise InactiveRpcError(
            call.initial_metadata(),
            call.terminal_metadata(),
            status.StatusCode.INTERNAL,
            f"Exception deserializing response! {error}",
        ) from error


def check_status(call: face.Call) -> None:
    """Raise for a call that completed with a status other than OK: in memory a service may do both."""
    code = call.code()
    if code:
        raise InactiveRpcError(
            call.initial_metadata(), call.terminal_metadata(), status.status_code(code), call.details() or ""
        )


class CompletedCall(_interfaces.Call):
    """A Face call that has ended with a response."""

    __slots__ = ("_call",)

    def __init__(self, call: face.Call) -> None:
        self._call = call

    def initial_metadata(self) -> Any:
        return self._call.initial_metadata() or ()

    def trailing_metadata(self) -> Any:
        return self._call.terminal_metadata() or ()

    def code(self) -> status.StatusCode:
        return status.StatusCode.OK

    def details(self) -> str:
        return self._call.details() or ""

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> Optional[float]:
        return None

    def cancel(self) -> None:
        pass

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False


class UnaryFuture(_interfaces.Future, _interfaces.Call):
    """A unary response to come: Call and Future of the modern API over those of Face."""

    __slots__ = ("_deserializer", "_face")

    def __init__(self, face_future: Any, deserializer: Optional[Callable[[bytes], Any]]) -> None:
        self._face = face_future  # a `face.Call` and `future.Future` in one
        self._deserializer = deserializer

    # ------------------------------------------------------------ as the future

    def result(self, timeout: Optional[float] = None) -> Any:
        try:
            payload = self._face.result(timeout)
        except face.AbortionError as error:
            raise rpc_error_of(error) from None
        except future.TimeoutError as error:
            raise _interfaces.FutureTimeoutError(str(error)) from None
        except future.CancelledError as error:
            raise _interfaces.FutureCancelledError(str(error)) from None
        check_status(self._face)
        return deserialize(self._deserializer, payload, self._face)

    def exception(self, timeout: Optional[float] = None) -> Optional[Exception]:
        try:
            self.result(timeout)
        except _interfaces.RpcError as error:
            return error
        return None

    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        error = self.exception(timeout)
        return None if error is None else error.__traceback__

    def cancel(self) -> bool:  # type: ignore[override]  # a Call's cancel returns nothing, a Future's does
        return bool(self._face.cancel())

    def cancelled(self) -> bool:
        return bool(self._face.cancelled())

    def running(self) -> bool:
        return bool(self._face.running())

    def done(self) -> bool:
        return bool(self._face.done())

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        self._face.add_done_callback(lambda _: fn(self))

    # ------------------------------------------------------------ as the call

    def is_active(self) -> bool:
        return bool(self._face.is_active())

    def time_remaining(self) -> Optional[float]:
        remaining: Optional[float] = self._face.time_remaining()
        return remaining

    def add_callback(self, callback: Callable[[], None]) -> bool:
        if self._face.done():
            return False
        self._face.add_done_callback(lambda _: callback())
        return True

    def initial_metadata(self) -> Any:
        return self._face.initial_metadata() or ()

    def trailing_metadata(self) -> Any:
        return self._face.terminal_metadata() or ()

    def code(self) -> status.StatusCode:
        return self._status()[0]

    def details(self) -> str:
        return self._status()[1]

    def _status(self) -> Tuple[status.StatusCode, str]:
        code = self._face.code()  # waits for the end
        abortion: Optional[face.Abortion] = self._face.abortion()
        if abortion is not None:
            return status_of(abortion.kind, abortion.code, abortion.details)
        return status.status_code(code or 0), self._face.details() or ""
