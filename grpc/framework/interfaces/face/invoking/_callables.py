"""The multi-callables: one method of one shape, invoked in any style."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Optional

from grpc.framework.common.cardinality import Cardinality
from grpc.framework.foundation.environment import GOING_TO_WAIT
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from grpc.framework.interfaces.face.invoking._invoker import AbortionCallback, Invoker


class _MultiCallable:
    """The method and who invokes it."""

    __slots__ = ("_group", "_invoker", "_method")

    def __init__(self, invoker: Invoker, group: str, method: str) -> None:
        self._invoker = invoker
        self._group = group
        self._method = method

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._group}/{self._method}>"


class UnaryUnaryMultiCallable(_MultiCallable, face.UnaryUnaryMultiCallable):
    """See `face.UnaryUnaryMultiCallable`."""

    __slots__ = ()

    def __call__(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        with_call: bool = False,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        with GOING_TO_WAIT:
            call = self._invoker.unary_unary(self._group, self._method, request, timeout, metadata, protocol_options)
        response = call.response()
        return (response, call) if with_call else response

    def future(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.unary_unary(self._group, self._method, request, timeout, metadata, protocol_options)

    def event(
        self,
        request: Any,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.event_one_request(
            False,
            self._group,
            self._method,
            request,
            receiver,
            abortion_callback,
            timeout,
            metadata,
            protocol_options,
        )


class UnaryStreamMultiCallable(_MultiCallable, face.UnaryStreamMultiCallable):
    """See `face.UnaryStreamMultiCallable`."""

    __slots__ = ()

    def __call__(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.unary_stream(self._group, self._method, request, timeout, metadata, protocol_options)

    def event(
        self,
        request: Any,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.event_one_request(
            True,
            self._group,
            self._method,
            request,
            receiver,
            abortion_callback,
            timeout,
            metadata,
            protocol_options,
        )


class StreamUnaryMultiCallable(_MultiCallable, face.StreamUnaryMultiCallable):
    """See `face.StreamUnaryMultiCallable`."""

    __slots__ = ()

    def __call__(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        with_call: bool = False,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        call = self._invoker.blocking_stream_unary(
            self._group, self._method, request_iterator, timeout, metadata, protocol_options
        )
        response = call.response()
        return (response, call) if with_call else response

    def future(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.stream_unary(
            self._group, self._method, request_iterator, timeout, metadata, protocol_options
        )

    def event(
        self,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.event_many_requests(
            False, self._group, self._method, receiver, abortion_callback, timeout, metadata, protocol_options
        )


class StreamStreamMultiCallable(_MultiCallable, face.StreamStreamMultiCallable):
    """See `face.StreamStreamMultiCallable`."""

    __slots__ = ()

    def __call__(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.stream_stream(
            self._group, self._method, request_iterator, timeout, metadata, protocol_options
        )

    def event(
        self,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        return self._invoker.event_many_requests(
            True, self._group, self._method, receiver, abortion_callback, timeout, metadata, protocol_options
        )


OF_CARDINALITY: Mapping[Cardinality, Callable[[Any, str, str], Any]] = {
    Cardinality.UNARY_UNARY: UnaryUnaryMultiCallable,
    Cardinality.UNARY_STREAM: UnaryStreamMultiCallable,
    Cardinality.STREAM_UNARY: StreamUnaryMultiCallable,
    Cardinality.STREAM_STREAM: StreamStreamMultiCallable,
}
"""The multi-callable for each shape."""
