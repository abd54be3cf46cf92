"""Client interceptors: their interfaces, and the channel that lets them stand between."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Tuple

from grpc._modern import _calling, _contexts, _futures, _rpc
from grpc._values import status

if TYPE_CHECKING:
    from types import TracebackType

    from grpc._modern._contexts import Call, ClientCallDetails, Metadata
    from grpc._values.compression import Compression
    from grpc._values.connectivity import ChannelConnectivity


class UnaryUnaryClientInterceptor(abc.ABC):
    """Stands between the caller and a unary-unary RPC."""

    @abc.abstractmethod
    def intercept_unary_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> Any:
        """Make the call, another one, several, or none.

        Args:
          continuation: Goes on, to the next interceptor or at last to the RPC; takes call details and a request, gives
            an object that is a `Call` and a `Future`. An RPC that failed does not raise there but in its `result`.
          client_call_details: Which call it is.
          request: The request message.

        Returns:
          An object that is a `Call` and a `Future`.
        """
        raise NotImplementedError()


class UnaryStreamClientInterceptor(abc.ABC):
    """Stands between the caller and a unary-stream RPC."""

    @abc.abstractmethod
    def intercept_unary_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> Any:
        """As `UnaryUnaryClientInterceptor.intercept_unary_unary`; returns a `Call` and iterator of responses."""
        raise NotImplementedError()


class StreamUnaryClientInterceptor(abc.ABC):
    """Stands between the caller and a stream-unary RPC."""

    @abc.abstractmethod
    def intercept_stream_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """As `UnaryUnaryClientInterceptor.intercept_unary_unary`, with an iterator of requests."""
        raise NotImplementedError()


class StreamStreamClientInterceptor(abc.ABC):
    """Stands between the caller and a stream-stream RPC."""

    @abc.abstractmethod
    def intercept_stream_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """As `UnaryStreamClientInterceptor.intercept_unary_stream`, with an iterator of requests."""
        raise NotImplementedError()


class _DetailsFields(NamedTuple):
    method: str
    timeout: Optional[float]
    metadata: Optional[Metadata]
    credentials: Optional[Any]
    wait_for_ready: Optional[bool]
    compression: Optional[Compression]


class _Details(_DetailsFields, _contexts.ClientCallDetails):
    """The details of a call; a tuple, so that interceptors can `_replace` parts of it."""


class _Outcome(_futures.Future, _contexts.Call):
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


class _Failure(_Outcome):
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

    def __iter__(self) -> _Failure:
        return self

    def __next__(self) -> Any:
        raise self._error


class _Intercepted:
    """A multi-callable with one interceptor before it."""

    __slots__ = ("_inner", "_intercept", "_method")

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
        try:
            return self._call(_go_on_blocking, request, arguments)
        except Exception as error:
            return _Failure(error)

    def _beginning(self, request: Any, arguments: Tuple[Any, ...]) -> Any:
        try:
            return self._call(_go_on_future, request, arguments)
        except Exception as error:
            return _Failure(error)

    def _streaming(self, request: Any, arguments: Tuple[Any, ...]) -> Any:
        try:
            return self._call(_go_on_stream, request, arguments)
        except Exception as error:
            return _Failure(error)


def _merged(original: _Details, details: Any) -> Tuple[str, Tuple[Any, ...]]:
    """The method and the arguments that an interceptor wants; what its details do not name stays as it was."""
    return getattr(details, "method", original.method), tuple(
        getattr(details, name, getattr(original, name)) for name in _DetailsFields._fields[1:]
    )


def _go_on_blocking(multi_callable: Any, request: Any, arguments: Tuple[Any, ...]) -> Any:
    try:
        return _Outcome(*multi_callable.with_call(request, *arguments))
    except _contexts.RpcError as error:
        return _Failure(error)


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

    __slots__ = ("_channel", "_interceptor")

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
