"""The interceptors of the asyncio API, where grpcio keeps them: packages import them, and calls, from here.

All but the calls are exported by `grpc.aio`, and are better imported from there.
"""

from __future__ import annotations

from grpc._modern.aio._calls import StreamStreamCall, StreamUnaryCall, UnaryStreamCall, UnaryUnaryCall
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

__all__ = [
    "ClientCallDetails",
    "ClientInterceptor",
    "InterceptedStreamStreamCall",
    "InterceptedStreamUnaryCall",
    "InterceptedUnaryStreamCall",
    "InterceptedUnaryUnaryCall",
    "StreamStreamCall",
    "StreamStreamClientInterceptor",
    "StreamUnaryCall",
    "StreamUnaryClientInterceptor",
    "UnaryStreamCall",
    "UnaryStreamClientInterceptor",
    "UnaryUnaryCall",
    "UnaryUnaryClientInterceptor",
]
