"""gRPC in pure Python, in layers that one can see.

The names here are the modern synchronous API: thin adapters, in `grpc._modern`, over the layers beneath:
`grpc.framework` (Face, Base, links), `grpc._links` (HTTP/2), `grpc._io` (sockets).
"""

import importlib as _importlib
from typing import Any as _Any

from grpc import _collision

_collision.check()

from grpc._modern._calling import (
    Channel,
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from grpc._modern._channel import inprocess_channel, insecure_channel, secure_channel
from grpc._modern._connectivity import channel_ready_future
from grpc._modern._contexts import Call, ClientCallDetails, RpcContext, RpcError, ServicerContext, Status
from grpc._modern._credentials import (
    AuthMetadataContext,
    AuthMetadataPlugin,
    AuthMetadataPluginCallback,
    CallCredentials,
    ChannelCredentials,
    ServerCertificateConfiguration,
    ServerCredentials,
    access_token_call_credentials,
    composite_call_credentials,
    composite_channel_credentials,
    dynamic_ssl_server_credentials,
    insecure_server_credentials,
    metadata_call_credentials,
    ssl_channel_credentials,
    ssl_server_certificate_configuration,
    ssl_server_credentials,
)
from grpc._modern._futures import Future, FutureCancelledError, FutureTimeoutError
from grpc._modern._handlers import (
    method_handlers_generic_handler,
    stream_stream_rpc_method_handler,
    stream_unary_rpc_method_handler,
    unary_stream_rpc_method_handler,
    unary_unary_rpc_method_handler,
)
from grpc._modern._intercepted import intercept_channel
from grpc._modern._interceptors import (
    StreamStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)
from grpc._modern._platform import (
    LocalConnectionType,
    alts_channel_credentials,
    alts_server_credentials,
    compute_engine_channel_credentials,
    local_channel_credentials,
    local_server_credentials,
)
from grpc._modern._protos import protos, protos_and_services, services
from grpc._modern._server import server
from grpc._modern._serving import (
    GenericRpcHandler,
    HandlerCallDetails,
    RpcMethodHandler,
    Server,
    ServerInterceptor,
    ServiceRpcHandler,
)
from grpc._values.compression import Compression
from grpc._values.connectivity import ChannelConnectivity
from grpc._values.status import StatusCode
from grpc._version import __version__

__all__ = [
    "AuthMetadataContext",
    "AuthMetadataPlugin",
    "AuthMetadataPluginCallback",
    "Call",
    "CallCredentials",
    "Channel",
    "ChannelConnectivity",
    "ChannelCredentials",
    "ClientCallDetails",
    "Compression",
    "Future",
    "FutureCancelledError",
    "FutureTimeoutError",
    "GenericRpcHandler",
    "HandlerCallDetails",
    "LocalConnectionType",
    "RpcContext",
    "RpcError",
    "RpcMethodHandler",
    "Server",
    "ServerCertificateConfiguration",
    "ServerCredentials",
    "ServerInterceptor",
    "ServiceRpcHandler",
    "ServicerContext",
    "Status",
    "StatusCode",
    "StreamStreamClientInterceptor",
    "StreamStreamMultiCallable",
    "StreamUnaryClientInterceptor",
    "StreamUnaryMultiCallable",
    "UnaryStreamClientInterceptor",
    "UnaryStreamMultiCallable",
    "UnaryUnaryClientInterceptor",
    "UnaryUnaryMultiCallable",
    "__version__",
    "access_token_call_credentials",
    "alts_channel_credentials",
    "alts_server_credentials",
    "channel_ready_future",
    "composite_call_credentials",
    "composite_channel_credentials",
    "compute_engine_channel_credentials",
    "dynamic_ssl_server_credentials",
    "inprocess_channel",
    "insecure_channel",
    "insecure_server_credentials",
    "intercept_channel",
    "local_channel_credentials",
    "local_server_credentials",
    "metadata_call_credentials",
    "method_handlers_generic_handler",
    "protos",
    "protos_and_services",
    "secure_channel",
    "server",
    "services",
    "ssl_channel_credentials",
    "ssl_server_certificate_configuration",
    "ssl_server_credentials",
    "stream_stream_rpc_method_handler",
    "stream_unary_rpc_method_handler",
    "unary_stream_rpc_method_handler",
    "unary_unary_rpc_method_handler",
]


def __getattr__(name: str) -> _Any:
    """Import a submodule when it is first asked for: most programs use none, and need not wait for them."""
    if name in _SUBMODULES:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_SUBMODULES = ("_channel", "_interceptor", "aio", "experimental")
