"""gRPC in pure Python, in layers that one can see.

The names here are the modern synchronous API: thin adapters, in `grpc._modern`, over the layers beneath:
`grpc.framework` (Face, Base, links), `grpc._links` (HTTP/2), `grpc._io` (sockets).
"""

from grpc import _collision

_collision.check()

from grpc._modern._channel import inprocess_channel, insecure_channel
from grpc._modern._handlers import method_handlers_generic_handler, unary_unary_rpc_method_handler
from grpc._modern._interfaces import (
    Call,
    Channel,
    Future,
    FutureCancelledError,
    FutureTimeoutError,
    GenericRpcHandler,
    HandlerCallDetails,
    RpcContext,
    RpcError,
    RpcMethodHandler,
    Server,
    ServicerContext,
    ServiceRpcHandler,
    UnaryUnaryMultiCallable,
)
from grpc._modern._server import server
from grpc._values.compression import Compression
from grpc._values.connectivity import ChannelConnectivity
from grpc._values.status import StatusCode
from grpc._version import __version__

__all__ = [
    "Call",
    "Channel",
    "ChannelConnectivity",
    "Compression",
    "Future",
    "FutureCancelledError",
    "FutureTimeoutError",
    "GenericRpcHandler",
    "HandlerCallDetails",
    "RpcContext",
    "RpcError",
    "RpcMethodHandler",
    "Server",
    "ServiceRpcHandler",
    "ServicerContext",
    "StatusCode",
    "UnaryUnaryMultiCallable",
    "__version__",
    "inprocess_channel",
    "insecure_channel",
    "method_handlers_generic_handler",
    "server",
    "unary_unary_rpc_method_handler",
]
