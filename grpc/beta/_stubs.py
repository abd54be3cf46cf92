"""The stubs: any method by its names, or one service's methods as attributes, in every style of calling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from grpc.beta import _coding, _invocations, _threads
from grpc.beta._multicallables import (
    OF_CARDINALITY,
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from grpc.framework.foundation import logging_pool
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.beta import _calls
    from grpc.beta._channel import Channel
    from grpc.beta._invocations import AbortionCallback
    from grpc.framework.common.cardinality import Cardinality
    from grpc.framework.foundation import stream


class StubOptions:
    """The options of a stub; made by `stub_options`, which explains them.

    Attributes:
      host: See `stub_options`.
      request_serializers: See `stub_options`.
      response_deserializers: See `stub_options`.
      metadata_transformer: See `stub_options`.
      thread_pool: See `stub_options`.
      thread_pool_size: See `stub_options`.
    """

    __slots__ = (
        "host",
        "metadata_transformer",
        "request_serializers",
        "response_deserializers",
        "thread_pool",
        "thread_pool_size",
    )

    def __init__(
        self,
        host: Optional[str],
        request_serializers: Optional[Mapping[_coding.Name, _coding.Serializer]],
        response_deserializers: Optional[Mapping[_coding.Name, _coding.Deserializer]],
        metadata_transformer: Optional[Callable[[Any], Any]],
        thread_pool: Optional[futures.Executor],
        thread_pool_size: Optional[int],
    ) -> None:
        self.host = host
        self.request_serializers = request_serializers
        self.response_deserializers = response_deserializers
        self.metadata_transformer = metadata_transformer
        self.thread_pool = thread_pool
        self.thread_pool_size = thread_pool_size


NO_OPTIONS = StubOptions(None, None, None, None, None, None)


def _invocations_of(channel: Channel, options: StubOptions) -> _invocations.Invocations:
    pool = options.thread_pool
    if pool is None:
        # Nobody shuts the pool down that is made here: its threads go when it is dropped with its stub.
        size = options.thread_pool_size
        pool = _threads.ThreadPerTask() if size is None else logging_pool.pool(size)
    return _invocations.Invocations(
        channel.connection,
        options.host,
        _coding.CoderTable(options.request_serializers, options.response_deserializers),
        options.metadata_transformer,
        pool,
    )


class GenericStub(face.GenericStub):
    """See `face.GenericStub`. As a context manager it does nothing: channels live longer than their stubs."""

    __slots__ = ("_invocations",)

    def __init__(self, channel: Channel, options: StubOptions) -> None:
        self._invocations = _invocations_of(channel, options)

    def __enter__(self) -> GenericStub:
        return self

    def __exit__(self, *_: object) -> None:
        pass

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
        call = self._invocations.unary_unary(group, method, request, timeout, metadata, protocol_options)
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
    ) -> _calls.UnaryCall:
        return self._invocations.unary_unary(group, method, request, timeout, metadata, protocol_options)

    def inline_unary_stream(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> _calls.StreamCall:
        return self._invocations.unary_stream(group, method, request, timeout, metadata, protocol_options)

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
        call = self._invocations.stream_unary(group, method, request_iterator, timeout, metadata, protocol_options)
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
    ) -> _calls.UnaryCall:
        return self._invocations.stream_unary(group, method, request_iterator, timeout, metadata, protocol_options)

    def inline_stream_stream(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> _calls.StreamCall:
        return self._invocations.stream_stream(group, method, request_iterator, timeout, metadata, protocol_options)

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
    ) -> _calls.Call:
        return self._invocations.event_one_request(
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
    ) -> _calls.Call:
        return self._invocations.event_one_request(
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
        call = self._invocations.event_many_requests(
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
        call = self._invocations.event_many_requests(
            True, group, method, receiver, abortion_callback, timeout, metadata, protocol_options
        )
        return call, call

    # ------------------------------------------------------------ multi-callables

    def unary_unary(self, group: str, method: str) -> face.UnaryUnaryMultiCallable:
        return UnaryUnaryMultiCallable(self._invocations, group, method)

    def unary_stream(self, group: str, method: str) -> face.UnaryStreamMultiCallable:
        return UnaryStreamMultiCallable(self._invocations, group, method)

    def stream_unary(self, group: str, method: str) -> face.StreamUnaryMultiCallable:
        return StreamUnaryMultiCallable(self._invocations, group, method)

    def stream_stream(self, group: str, method: str) -> face.StreamStreamMultiCallable:
        return StreamStreamMultiCallable(self._invocations, group, method)


class DynamicStub(face.DynamicStub):
    """See `face.DynamicStub`. Its own attributes are mangled, so that any name is left to methods.

    As a context manager it does nothing: channels live longer than their stubs.
    """

    __slots__ = ("__methods", "__service")

    def __init__(
        self, channel: Channel, service: str, cardinalities: Mapping[str, Cardinality], options: StubOptions
    ) -> None:
        self.__service = service
        invocations = _invocations_of(channel, options)
        self.__methods: Dict[str, Any] = {
            name: OF_CARDINALITY[cardinality](invocations, service, name) for name, cardinality in cardinalities.items()
        }

    def __enter__(self) -> DynamicStub:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_DynamicStub__"):  # not made yet, as copying makes objects: there is nothing to look in
            raise AttributeError(name)
        try:
            return self.__methods[name]
        except KeyError:
            known = ", ".join(sorted(self.__methods)) or "none"
            raise AttributeError(
                f"no method {name!r} in service {self.__service!r} of this stub; it knows: {known}"
            ) from None

    def __dir__(self) -> List[str]:
        return sorted({*super().__dir__(), *self.__methods})

    def __repr__(self) -> str:
        return f"<beta stub of {self.__service}: {', '.join(sorted(self.__methods)) or 'no methods'}>"
