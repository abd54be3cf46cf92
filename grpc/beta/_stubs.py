"""The stubs: any method by its names, or one service's methods as attributes, in every style of calling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

from grpc.beta import _coding, _invocations
from grpc.framework.foundation import growing_pool, logging_pool
from grpc.framework.interfaces.face import invoking

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.beta._channel import Channel
    from grpc.framework.common.cardinality import Cardinality


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
        pool = growing_pool.GrowingPool("grpc-beta") if size is None else logging_pool.pool(size)
    return _invocations.Invocations(
        channel.connection,
        options.host,
        _coding.CoderTable(options.request_serializers, options.response_deserializers),
        options.metadata_transformer,
        pool,
    )


class GenericStub(invoking.GenericStub):
    """See `face.GenericStub`. As a context manager it does nothing: channels live longer than their stubs."""

    __slots__ = ()

    def __init__(self, channel: Channel, options: StubOptions) -> None:
        super().__init__(_invocations_of(channel, options))

    def __enter__(self) -> GenericStub:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class DynamicStub(invoking.DynamicStub):
    """See `face.DynamicStub`; the group is the service. As a context manager it does nothing, likewise."""

    __slots__ = ()

    def __init__(
        self, channel: Channel, service: str, cardinalities: Mapping[str, Cardinality], options: StubOptions
    ) -> None:
        super().__init__(_invocations_of(channel, options), service, cardinalities)

    def __enter__(self) -> DynamicStub:
        return self

    def __exit__(self, *_: object) -> None:
        pass
