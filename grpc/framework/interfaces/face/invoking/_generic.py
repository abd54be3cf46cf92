"""The generic stub: any method, by its names, in any style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Optional, Tuple

from grpc.framework.foundation.environment import GOING_TO_WAIT
from grpc.framework.interfaces.face import face
from grpc.framework.interfaces.face.invoking import _callables

if TYPE_CHECKING:
    from grpc.framework.foundation import stream
    from grpc.framework.interfaces.face.invoking._invoker import AbortionCallback, Invoker


class GenericStub(face.GenericStub):
    """See `face.GenericStub`."""

    __slots__ = ("_invoker",)

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker

    # ------------------------------------------------------------ inline and future

    def blocking_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        with_call: bool = False,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        with GOING_TO_WAIT:
            call = self._invoker.unary_unary(group, method, request, timeout, metadata, protocol_options)
        response = call.response()
        return (response, call) if with_call else response

    def future_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.unary_unary(group, method, request, timeout, metadata, protocol_options)

    def inline_unary_stream(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.unary_stream(group, method, request, timeout, metadata, protocol_options)

    def blocking_stream_unary(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        with_call: bool = False,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        call = self._invoker.blocking_stream_unary(group, method, request_iterator, timeout, metadata, protocol_options)
        response = call.response()
        return (response, call) if with_call else response

    def future_stream_unary(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.stream_unary(group, method, request_iterator, timeout, metadata, protocol_options)

    def inline_stream_stream(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.stream_stream(group, method, request_iterator, timeout, metadata, protocol_options)

    # ------------------------------------------------------------ event

    def event_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.event_one_request(
            False, group, method, request, receiver, abortion_callback, timeout, metadata, protocol_options
        )

    def event_unary_stream(
        self,
        group: str,
        method: str,
        request: Any,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.event_one_request(
            True, group, method, request, receiver, abortion_callback, timeout, metadata, protocol_options
        )

    def event_stream_unary(
        self,
        group: str,
        method: str,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Tuple[face.Call, stream.Consumer[Any]]:
        call = self._invoker.event_many_requests(
            False, group, method, receiver, abortion_callback, timeout, metadata, protocol_options
        )
        return call, call

    def event_stream_stream(
        self,
        group: str,
        method: str,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Tuple[face.Call, stream.Consumer[Any]]:
        call = self._invoker.event_many_requests(
            True, group, method, receiver, abortion_callback, timeout, metadata, protocol_options
        )
        return call, call

    # ------------------------------------------------------------ multi-callables

    def unary_unary(self, group: str, method: str) -> face.UnaryUnaryMultiCallable:
        return _callables.UnaryUnaryMultiCallable(self._invoker, group, method)

    def unary_stream(self, group: str, method: str) -> face.UnaryStreamMultiCallable:
        return _callables.UnaryStreamMultiCallable(self._invoker, group, method)

    def stream_unary(self, group: str, method: str) -> face.StreamUnaryMultiCallable:
        return _callables.StreamUnaryMultiCallable(self._invoker, group, method)

    def stream_stream(self, group: str, method: str) -> face.StreamStreamMultiCallable:
        return _callables.StreamStreamMultiCallable(self._invoker, group, method)
