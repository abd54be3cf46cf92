"""The entry points of the beta API: channels, credentials, stubs and servers, with their options.

A service is a mapping from (group, method) to what `grpc.framework.interfaces.face.utilities` makes of functions; a
stub invokes such methods in any style. Which `AbortionError` an invocation raises is a table in `_abortions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

from grpc.beta._channel import Channel, inprocess_channel, insecure_channel, secure_channel
from grpc.beta._credentials import (
    CallCredentials,
    ChannelCredentials,
    ServerCredentials,
    access_token_call_credentials,
    composite_call_credentials,
    composite_channel_credentials,
    google_call_credentials,
    metadata_call_credentials,
    ssl_channel_credentials,
    ssl_server_credentials,
)
from grpc.beta._server import NO_OPTIONS as _NO_SERVER_OPTIONS
from grpc.beta._server import Server as _Server
from grpc.beta._server import ServerOptions
from grpc.beta._stubs import NO_OPTIONS as _NO_STUB_OPTIONS
from grpc.beta._stubs import DynamicStub as _DynamicStub
from grpc.beta._stubs import GenericStub as _GenericStub
from grpc.beta._stubs import StubOptions

if TYPE_CHECKING:
    from concurrent import futures

    from grpc.beta._coding import Deserializer, Name, Serializer
    from grpc.framework.common.cardinality import Cardinality
    from grpc.framework.interfaces.face import face

__all__ = [
    "CallCredentials",
    "Channel",
    "ChannelCredentials",
    "ServerCredentials",
    "ServerOptions",
    "StubOptions",
    "access_token_call_credentials",
    "composite_call_credentials",
    "composite_channel_credentials",
    "dynamic_stub",
    "generic_stub",
    "google_call_credentials",
    "inprocess_channel",
    "insecure_channel",
    "metadata_call_credentials",
    "secure_channel",
    "server",
    "server_options",
    "ssl_channel_credentials",
    "ssl_server_credentials",
    "stub_options",
]


def stub_options(
    host: Optional[str] = None,
    request_serializers: Optional[Mapping[Name, Serializer]] = None,
    response_deserializers: Optional[Mapping[Name, Deserializer]] = None,
    metadata_transformer: Optional[Callable[[Any], Any]] = None,
    thread_pool: Optional[futures.Executor] = None,
    thread_pool_size: Optional[int] = None,
) -> StubOptions:
    """Make the options of a stub.

    Args:
      host: The host that RPCs name as the one they are for; None for the channel's.
      request_serializers: From (group, method) to what makes bytes of a request. Methods that are not in it take bytes.
      response_deserializers: From (group, method) to what makes a response of bytes. Others give bytes.
      metadata_transformer: Called for each RPC, in the invoking thread, with the metadata that it was given, () if
        that is none; returns what is sent instead.
      thread_pool: Draws requests from iterators and calls receivers, one thread for each iterator until that is
        exhausted. Whoever made it shuts it down.
      thread_pool_size: With no pool given, how many threads a pool of the stub's own has. None for a thread whenever
        one is needed.
    """
    return StubOptions(
        host, request_serializers, response_deserializers, metadata_transformer, thread_pool, thread_pool_size
    )


def generic_stub(channel: Channel, options: Optional[StubOptions] = None) -> face.GenericStub:
    """Make a stub that invokes any method by its names.

    Args:
      channel: Where to invoke. It is not closed with the stub.
      options: What `stub_options` makes; None for none.

    Returns:
      The stub. It is a context manager as well, which does nothing.
    """
    return _GenericStub(channel, options or _NO_STUB_OPTIONS)


def dynamic_stub(
    channel: Channel,
    service: str,
    cardinalities: Mapping[str, Cardinality],
    options: Optional[StubOptions] = None,
) -> face.DynamicStub:
    """Make a stub whose attributes invoke the methods of one service.

    Args:
      channel: Where to invoke. It is not closed with the stub.
      service: The service, package included: the group of its methods.
      cardinalities: From the name of each method to its shape. It is copied.
      options: What `stub_options` makes; None for none.

    Returns:
      The stub. It is a context manager as well, which does nothing.
    """
    return _DynamicStub(channel, service, cardinalities, options or _NO_STUB_OPTIONS)


def server_options(
    multi_method_implementation: Optional[face.MultiMethodImplementation] = None,
    request_deserializers: Optional[Mapping[Name, Deserializer]] = None,
    response_serializers: Optional[Mapping[Name, Serializer]] = None,
    thread_pool: Optional[futures.Executor] = None,
    thread_pool_size: Optional[int] = None,
    default_timeout: Optional[float] = None,
    maximum_timeout: Optional[float] = None,
) -> ServerOptions:
    """Make the options of a server.

    Args:
      multi_method_implementation: Is asked for all methods that have no implementation of their own.
      request_deserializers: From (group, method) to what makes a request of bytes. Methods that are not in it take
        bytes.
      response_serializers: From (group, method) to what makes bytes of a response. Others give bytes.
      thread_pool: Runs the methods; an inline one keeps its thread until it returns. Whoever made it shuts it down.
      thread_pool_size: With no pool given, how many threads the server's own has; None for eight.
      default_timeout: Seconds that an RPC may last whose invocation names no timeout; None for any time.
      maximum_timeout: The most seconds that any RPC is given; None for no limit.
    """
    return ServerOptions(
        multi_method_implementation,
        request_deserializers,
        response_serializers,
        thread_pool,
        thread_pool_size,
        default_timeout,
        maximum_timeout,
    )


def server(
    service_implementations: Mapping[Name, face.MethodImplementation], options: Optional[ServerOptions] = None
) -> _Server:
    """Make a server; ports are added to it, and then it is started.

    Args:
      service_implementations: From (group, method) to what serves it. It is copied.
      options: What `server_options` makes; None for none.

    Raises:
      ValueError: A method implementation lacks shape, style or the callable for them.
    """
    return _Server(service_implementations, options or _NO_SERVER_OPTIONS)
