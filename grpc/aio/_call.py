"""The calls of the asyncio API and their error, where grpcio keeps them: packages import them from here.

`grpc.aio` exports the error and the interfaces of the calls; these are the classes of calls that no interceptor
stands before.
"""

from __future__ import annotations

from grpc._modern.aio._calls import StreamStreamCall, StreamUnaryCall, UnaryStreamCall, UnaryUnaryCall
from grpc._modern.aio._errors import AioRpcError

__all__ = ["AioRpcError", "StreamStreamCall", "StreamUnaryCall", "UnaryStreamCall", "UnaryUnaryCall"]
