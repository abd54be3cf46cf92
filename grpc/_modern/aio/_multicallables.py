"""The four multi-callables, by way of Face's.

Without interceptors and credentials a call begins at once: serialize, check, one Face call. Else it begins in a task,
at the end of the chain of interceptors; credentials are asked there, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Type

from grpc._modern import _channel, _multicallables
from grpc._modern.aio import _asking, _base_channel, _calls, _intercepted, _interception, _requests
from grpc._modern.aio._conduit import Conduit
from grpc._modern.aio._errors import UsageError
from grpc._modern.aio._interceptors import ClientCallDetails, MethodName
from grpc._modern.aio._metadata import Metadata
from grpc._values import compression as _compression
from grpc._values import contexts
from grpc._values import metadata as _metadata

if TYPE_CHECKING:
    from grpc._assembly.client import TimeoutRule
    from grpc._modern._calling import Deserializer, Serializer
    from grpc._modern._contexts import Metadata as AnyMetadata
    from grpc._modern._credentials import CallCredentials
    from grpc._modern.aio._channel import Channel
    from grpc._values.compression import Compression


class _MultiCallable:
    """What the four have in common."""

    # Open: libraries that wrap a multi-callable note things on it, to begin with a `__name__`.
    __slots__ = (
        "__dict__", "__weakref__",
        "_begin_face", "_channel", "_deserializer", "_intercept", "_method", "_serializer", "_simple", "_timeout_rule",
    )  # fmt: skip

    # The shape, the classes of what is returned, and what of a Face multi-callable begins a call.
    _shape: str
    _call: Type[Any]
    _intercepted_call: Type[Any]

    def __init__(self, channel: Channel, method: str, serializer: Serializer, deserializer: Deserializer) -> None:
        """Make a multi-callable.

        Args:
          channel: The channel.
          method: As `/package.Service/Method`.
          serializer: From request to bytes, or None.
          deserializer: From bytes to response, or None.
        """
        self._channel = channel
        self._method = method
        self._serializer = serializer
        self._deserializer = deserializer
        self._intercept = channel.intercept(self._shape)
        self._simple = not self._intercept and channel.call_credentials is None
        # Known at the first call: a channel may be made before its loop runs.
        self._begin_face: Optional[Callable[..., Any]] = None
        self._timeout_rule: Optional[TimeoutRule] = None

    def _bind(self) -> Callable[..., Any]:
        """Find what begins a call in Face, on the loop that runs."""
        raise NotImplementedError

    def _bound(self, method: str) -> Any:
        """Face's multi-callable for a method of this shape; what the service config says of timeouts is noted."""
        side = self._channel.side
        group, name = _channel.split_method(method)
        self._timeout_rule = side.timeout_rule(group, name)
        return getattr(side.stub, self._shape)(group, name)

    def _begin(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[AnyMetadata],
        wait_for_ready: Optional[bool],
        compression: Optional[Compression],
    ) -> Any:
        """Check the arguments and begin a Face call with them; the call object for it.

        Args:
          request: Its bytes, if there is one.
          timeout, metadata, wait_for_ready, compression: See `UnaryUnaryMultiCallable`.

        Raises:
          UsageError: The channel is closed.
          TypeError, ValueError: An argument is wrong.
        """
        channel = self._channel
        if channel.closed:
            raise UsageError("Channel is closed.")
        begin = self._begin_face
        if begin is None:
            begin = self._begin_face = self._bind()
        if timeout is not None:
            _multicallables.check_timeout(timeout)
        if self._timeout_rule is not None:
            timeout = self._timeout_rule(timeout)
        items: Optional[Any] = None if metadata is None else _metadata.checked(metadata)
        options = None
        if wait_for_ready is not None or compression is not None:
            options = contexts.CallOptions(
                wait_for_ready, None if compression is None else _compression.number(compression)
            )
        call = begin(request, timeout, items, options)
        return self._call(channel, call, self._method, self._deserializer, timeout is not None)

    def _intercepted(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[AnyMetadata],
        credentials: Optional[CallCredentials],
        wait_for_ready: Optional[bool],
        compression: Optional[Compression],
        conduit: Optional[Conduit] = None,
    ) -> Any:
        """Begin by way of the interceptors; the call object for it."""
        channel = self._channel
        if channel.closed:
            raise UsageError("Channel is closed.")
        if timeout is not None:
            _multicallables.check_timeout(timeout)
        if credentials is not None:
            channel.check_credentials(credentials)

        async def begin(details: ClientCallDetails, request: Any) -> Any:
            return await self._begin_details(details, request, compression)

        # A copy: interceptors add to it, and the caller's may serve for the next call.
        own: Any = Metadata(*(_metadata.checked(metadata) or ()))
        details = ClientCallDetails(MethodName(self._method), timeout, own, credentials, wait_for_ready)
        interception = _interception.Interception(channel, self._shape, self._intercept, begin, details, request)
        return self._intercepted_call(channel.loop, interception, timeout, conduit)

    async def _begin_details(self, details: ClientCallDetails, request: Any, compression: Optional[Compression]) -> Any:
        """Begin a call as interceptors have left it."""
        channel = self._channel
        method = details.method.decode() if isinstance(details.method, bytes) else details.method
        metadata = details.metadata
        timeout = details.timeout
        begun = channel.loop.time()
        if details.credentials is not None or channel.call_credentials is not None:
            plugins = channel.plugins(details.credentials)
            group, name = _channel.split_method(method)
            url = f"https://{channel.authority}/{group}"
            metadata = (*(metadata or ()), *await _asking.ask(plugins, url, name, timeout, method))
        if timeout is not None:
            timeout = max(0.0, timeout - (channel.loop.time() - begun))
        other = self
        if method != self._method:
            other = type(self)(channel, method, self._serializer, self._deserializer)
        return other._begin_plain(request, timeout, metadata, details.wait_for_ready, compression)

    def _begin_plain(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[AnyMetadata],
        wait_for_ready: Optional[bool],
        compression: Optional[Compression],
    ) -> Any:
        """Begin a call at once."""
        raise NotImplementedError


class _OneRequest(_MultiCallable):
    __slots__ = ()

    def __call__(
        self,
        request: Any,
        *,
        timeout: Optional[float] = None,
        metadata: Optional[AnyMetadata] = None,
        credentials: Optional[CallCredentials] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        if self._simple and credentials is None:
            payload = _requests.serialized(self._serializer, request, self._method)
            return self._begin(payload, timeout, metadata, wait_for_ready, compression)
        return self._intercepted(request, timeout, metadata, credentials, wait_for_ready, compression)

    def _begin_plain(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[AnyMetadata],
        wait_for_ready: Optional[bool],
        compression: Optional[Compression],
    ) -> Any:
        payload = _requests.serialized(self._serializer, request, self._method)
        return self._begin(payload, timeout, metadata, wait_for_ready, compression)


class _ManyRequests(_MultiCallable):
    __slots__ = ()

    def __call__(
        self,
        request_iterator: Optional[_base_channel.Requests] = None,
        timeout: Optional[float] = None,
        metadata: Optional[AnyMetadata] = None,
        credentials: Optional[CallCredentials] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        if request_iterator is not None:
            _requests.check(request_iterator)
        if self._simple and credentials is None:
            return self._begin_plain(request_iterator, timeout, metadata, wait_for_ready, compression)
        conduit = None
        if request_iterator is None:
            conduit = request_iterator = Conduit(self._channel.loop)
        return self._intercepted(request_iterator, timeout, metadata, credentials, wait_for_ready, compression, conduit)

    def _bind(self) -> Callable[..., Any]:
        begin = self._bound(self._method).passive
        return lambda _, timeout, metadata, options: begin(timeout, metadata, options)

    def _begin_plain(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[AnyMetadata],
        wait_for_ready: Optional[bool],
        compression: Optional[Compression],
    ) -> Any:
        # With something to be told of, even if it is nothing, a server in memory begins before the first request.
        call = self._begin(None, timeout, () if metadata is None else metadata, wait_for_ready, compression)
        call.send_requests(request, self._serializer)
        return call


class UnaryUnaryMultiCallable(_OneRequest, _base_channel.UnaryUnaryMultiCallable):
    """See `grpc.aio.UnaryUnaryMultiCallable`."""

    __slots__ = ()

    _shape = "unary_unary"
    _call = _calls.UnaryUnaryCall
    _intercepted_call = _intercepted.InterceptedUnaryUnaryCall

    def _bind(self) -> Callable[..., Any]:
        begin: Callable[..., Any] = self._bound(self._method).future
        return begin


class UnaryStreamMultiCallable(_OneRequest, _base_channel.UnaryStreamMultiCallable):
    """See `grpc.aio.UnaryStreamMultiCallable`."""

    __slots__ = ()

    _shape = "unary_stream"
    _call = _calls.UnaryStreamCall
    _intercepted_call = _intercepted.InterceptedUnaryStreamCall

    def _bind(self) -> Callable[..., Any]:
        begin: Callable[..., Any] = self._bound(self._method)
        return begin


class StreamUnaryMultiCallable(_ManyRequests, _base_channel.StreamUnaryMultiCallable):
    """See `grpc.aio.StreamUnaryMultiCallable`."""

    __slots__ = ()

    _shape = "stream_unary"
    _call = _calls.StreamUnaryCall
    _intercepted_call = _intercepted.InterceptedStreamUnaryCall


class StreamStreamMultiCallable(_ManyRequests, _base_channel.StreamStreamMultiCallable):
    """See `grpc.aio.StreamStreamMultiCallable`."""

    __slots__ = ()

    _shape = "stream_stream"
    _call = _calls.StreamStreamCall
    _intercepted_call = _intercepted.InterceptedStreamStreamCall
