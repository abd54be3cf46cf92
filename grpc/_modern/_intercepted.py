"""The channel that lets client interceptors stand between: each wraps the channel beneath it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Tuple

from grpc._modern import _calling, _contexts, _ended
from grpc._modern._interceptors import (
    StreamStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)

if TYPE_CHECKING:
    from grpc._modern._contexts import Call, Metadata
    from grpc._values.compression import Compression
    from grpc._values.connectivity import ChannelConnectivity


class _DetailsFields(NamedTuple):
    method: str
    timeout: Optional[float]
    metadata: Optional[Metadata]
    credentials: Optional[Any]
    wait_for_ready: Optional[bool]
    compression: Optional[Compression]


class _Details(_DetailsFields, _contexts.ClientCallDetails):
    """The details of a call; a tuple, so that interceptors can `_replace` parts of it."""


class _Intercepted:
    """A multi-callable with one interceptor before it."""

    __slots__ = ("__dict__", "__weakref__", "_inner", "_intercept", "_method")  # open, as the others are

    def __init__(self, inner: Any, method: str, intercept: Callable[[Any, Any, Any], Any]) -> None:
        """Put an interceptor before a multi-callable.

        Args:
          inner: Gives, for a method, the multi-callable that goes on: an interceptor may name another method.
          method: The method of this one.
          intercept: The interceptor's method for this cardinality.
        """
        self._inner = inner
        self._method = method
        self._intercept = intercept

    def _call(self, go_on: Callable[..., Any], request: Any, arguments: Tuple[Any, ...]) -> Any:
        def continuation(details: Any, request: Any) -> Any:
            method, arguments = _merged(original, details)
            return go_on(self._inner(method), request, arguments)

        original = _Details(self._method, *arguments)
        return self._intercept(continuation, original, request)

    def _blocking(self, request: Any, arguments: Tuple[Any, ...]) -> Any:
        return self._call(_go_on_blocking, request, arguments)

    def _beginning(self, request: Any, arguments: Tuple[Any, ...]) -> Any:
        try:
            return self._call(_go_on_future, request, arguments)
        except Exception as error:
            return _ended.Failure(error)

    def _streaming(self, request: Any, arguments: Tuple[Any, ...]) -> Any:
        try:
            return self._call(_go_on_stream, request, arguments)
        except Exception as error:
            return _ended.Failure(error)


def _merged(original: _Details, details: Any) -> Tuple[str, Tuple[Any, ...]]:
    """The method and the arguments that an interceptor wants; what its details do not name stays as it was."""
    return getattr(details, "method", original.method), tuple(
        getattr(details, name, getattr(original, name)) for name in _DetailsFields._fields[1:]
    )


def _go_on_blocking(multi_callable: Any, request: Any, arguments: Tuple[Any, ...]) -> Any:
    try:
        return _ended.Outcome(*multi_callable.with_call(request, *arguments))
    except Exception as error:  # of the next interceptor too; an interceptor hears of it in `result`, however it calls
        return _ended.failed(error)


def _go_on_future(multi_callable: Any, request: Any, arguments: Tuple[Any, ...]) -> Any:
    return multi_callable.future(request, *arguments)


def _go_on_stream(multi_callable: Any, request: Any, arguments: Tuple[Any, ...]) -> Any:
    return multi_callable(request, *arguments)


class _UnaryUnary(_Intercepted, _calling.UnaryUnaryMultiCallable):
    __slots__ = ()

    def __call__(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        return self._blocking(request, (timeout, metadata, credentials, wait_for_ready, compression)).result()

    def with_call(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Tuple[Any, Call]:
        call = self._blocking(request, (timeout, metadata, credentials, wait_for_ready, compression))
        return call.result(), call

    def future(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        return self._beginning(request, (timeout, metadata, credentials, wait_for_ready, compression))


class _UnaryStream(_Intercepted, _calling.UnaryStreamMultiCallable):
    __slots__ = ()

    def __call__(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        return self._streaming(request, (timeout, metadata, credentials, wait_for_ready, compression))


class _StreamUnary(_Intercepted, _calling.StreamUnaryMultiCallable):
    __slots__ = ()

    def __call__(
        self,
        request_iterator: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        return self._blocking(request_iterator, (timeout, metadata, credentials, wait_for_ready, compression)).result()

    def with_call(
        self,
        request_iterator: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Tuple[Any, Call]:
        call = self._blocking(request_iterator, (timeout, metadata, credentials, wait_for_ready, compression))
        return call.result(), call

    def future(
        self,
        request_iterator: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        return self._beginning(request_iterator, (timeout, metadata, credentials, wait_for_ready, compression))


class _StreamStream(_Intercepted, _calling.StreamStreamMultiCallable):
    __slots__ = ()

    def __call__(
        self,
        request_iterator: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        return self._streaming(request_iterator, (timeout, metadata, credentials, wait_for_ready, compression))


class _InterceptedChannel(_calling.Channel):
    """A channel with one interceptor before it."""

    __slots__ = ("__dict__", "__weakref__", "_channel", "_interceptor")

    def __init__(self, channel: _calling.Channel, interceptor: Any) -> None:
        self._channel = channel
        self._interceptor = interceptor

    def subscribe(
        self, callback: Callable[[ChannelConnectivity], None], try_to_connect: Optional[bool] = False
    ) -> None:
        self._channel.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        self._channel.unsubscribe(callback)

    def close(self) -> None:
        self._channel.close()

    def unary_unary(
        self,
        method: str,
        request_serializer: _calling.Serializer = None,
        response_deserializer: _calling.Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _calling.UnaryUnaryMultiCallable:
        def inner(method: str) -> _calling.UnaryUnaryMultiCallable:
            return self._channel.unary_unary(method, request_serializer, response_deserializer)

        if isinstance(self._interceptor, UnaryUnaryClientInterceptor):
            return _UnaryUnary(inner, _checked(inner, method), self._interceptor.intercept_unary_unary)
        return inner(method)

    def unary_stream(
        self,
        method: str,
        request_serializer: _calling.Serializer = None,
        response_deserializer: _calling.Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _calling.UnaryStreamMultiCallable:
        def inner(method: str) -> _calling.UnaryStreamMultiCallable:
            return self._channel.unary_stream(method, request_serializer, response_deserializer)

        if isinstance(self._interceptor, UnaryStreamClientInterceptor):
            return _UnaryStream(inner, _checked(inner, method), self._interceptor.intercept_unary_stream)
        return inner(method)

    def stream_unary(
        self,
        method: str,
        request_serializer: _calling.Serializer = None,
        response_deserializer: _calling.Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _calling.StreamUnaryMultiCallable:
        def inner(method: str) -> _calling.StreamUnaryMultiCallable:
            return self._channel.stream_unary(method, request_serializer, response_deserializer)

        if isinstance(self._interceptor, StreamUnaryClientInterceptor):
            return _StreamUnary(inner, _checked(inner, method), self._interceptor.intercept_stream_unary)
        return inner(method)

    def stream_stream(
        self,
        method: str,
        request_serializer: _calling.Serializer = None,
        response_deserializer: _calling.Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _calling.StreamStreamMultiCallable:
        def inner(method: str) -> _calling.StreamStreamMultiCallable:
            return self._channel.stream_stream(method, request_serializer, response_deserializer)

        if isinstance(self._interceptor, StreamStreamClientInterceptor):
            return _StreamStream(inner, _checked(inner, method), self._interceptor.intercept_stream_stream)
        return inner(method)


def _checked(inner: Callable[[str], Any], method: str) -> str:
    """The method, after the channel beneath has had a look at its name."""
    inner(method)
    return method


_INTERCEPTORS = (
    UnaryUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    StreamStreamClientInterceptor,
)


def intercept_channel(channel: _calling.Channel, *interceptors: Any) -> _calling.Channel:
    """Let interceptors stand between callers and a channel.

    Args:
      channel: The channel beneath.
      *interceptors: The first one hears of a call first.

    Returns:
      A channel; closing it closes the one beneath.

    Raises:
      TypeError: An interceptor is of none of the four kinds.
    """
    for interceptor in interceptors:
        if not isinstance(interceptor, _INTERCEPTORS):
            raise TypeError(
                f"interceptor must be a grpc.UnaryUnaryClientInterceptor, UnaryStreamClientInterceptor, "
                f"StreamUnaryClientInterceptor or StreamStreamClientInterceptor, not {interceptor!r}"
            )
    for interceptor in reversed(interceptors):
        channel = _InterceptedChannel(channel, interceptor)
    return channel
