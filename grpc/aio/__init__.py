"""The asynchronous API: clients and servers on an asyncio event loop.

Everything belongs to the loop on which it was made, and is used on that loop's thread only. `grpc.experimental.aio`
is another name of it.
"""

from grpc._modern.aio._base_call import (
    Call,
    RpcContext,
    StreamStreamCall,
    StreamUnaryCall,
    UnaryStreamCall,
    UnaryUnaryCall,
)
from grpc._modern.aio._base_channel import (
    Channel,
    StreamStreamMultiCallable,
    StreamUnaryMultiCallable,
    UnaryStreamMultiCallable,
    UnaryUnaryMultiCallable,
)
from grpc._modern.aio._base_server import Server, ServerInterceptor, ServicerContext
from grpc._modern.aio._channel import inprocess_channel, insecure_channel, secure_channel
from grpc._modern.aio._errors import EOF, AbortError, AioRpcError, BaseError, InternalError, UsageError
from grpc._modern.aio._intercepted import (
    InterceptedStreamStreamCall,
    InterceptedStreamUnaryCall,
    InterceptedUnaryStreamCall,
    InterceptedUnaryUnaryCall,
)
from grpc._modern.aio._interceptors import (
    ClientCallDetails,
    ClientInterceptor,
    StreamStreamClientInterceptor,
    StreamUnaryClientInterceptor,
    UnaryStreamClientInterceptor,
    UnaryUnaryClientInterceptor,
)
from grpc._modern.aio._metadata import Metadata
from grpc._modern.aio._process import init_grpc_aio, shutdown_grpc_aio
from grpc._modern.aio._server import server
from grpc.aio import _call as _call
from grpc.aio import _interceptor as _interceptor
from grpc.aio import _metadata as _metadata
from grpc.aio import _typing as _typing

__all__ = [
    "EOF",
    "AbortError",
    "AioRpcError",
    "BaseError",
    "Call",
    "Channel",
    "ClientCallDetails",
    "ClientInterceptor",
    "InterceptedStreamStreamCall",
    "InterceptedStreamUnaryCall",
    "InterceptedUnaryStreamCall",
    "InterceptedUnaryUnaryCall",
    "InternalError",
    "Metadata",
    "RpcContext",
    "Server",
    "ServerInterceptor",
    "ServicerContext",
    "StreamStreamCall",
    "StreamStreamClientInterceptor",
    "StreamStreamMultiCallable",
    "StreamUnaryCall",
    "StreamUnaryClientInterceptor",
    "StreamUnaryMultiCallable",
    "UnaryStreamCall",
    "UnaryStreamClientInterceptor",
    "UnaryStreamMultiCallable",
    "UnaryUnaryCall",
    "UnaryUnaryClientInterceptor",
    "UnaryUnaryMultiCallable",
    "UsageError",
    "init_grpc_aio",
    "inprocess_channel",
    "insecure_channel",
    "secure_channel",
    "server",
    "shutdown_grpc_aio",
]
