"""grpcio-status: a rich status sent by a servicer of ours is read again from the error of a client of ours."""

from __future__ import annotations

import asyncio
from concurrent import futures
from typing import Any

import pytest
from google.protobuf import any_pb2
from google.protobuf.wrappers_pb2 import StringValue
from google.rpc import code_pb2, status_pb2
from grpc_status import rpc_status

import grpc


def _rich_status() -> status_pb2.Status:
    detail = any_pb2.Any()
    detail.Pack(StringValue(value="the flour is out"))
    return status_pb2.Status(code=code_pb2.RESOURCE_EXHAUSTED, message="no bread today ☹", details=[detail])


def _refuse(request: bytes, context: Any) -> bytes:
    context.abort_with_status(rpc_status.to_status(_rich_status()))
    raise AssertionError("abort_with_status raises")


async def _refuse_later(request: bytes, context: Any) -> bytes:
    await context.abort_with_status(rpc_status.to_status(_rich_status()))
    raise AssertionError("abort_with_status raises")


def _handlers(method: Any) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler("bakery.Bakery", {"Bake": grpc.unary_unary_rpc_method_handler(method)})


def blocking() -> None:
    """From a blocking server to a blocking client."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    server.add_generic_rpc_handlers([_handlers(_refuse)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.RpcError) as refusal:
            channel.unary_unary("/bakery.Bakery/Bake")(b"", timeout=20)
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert rpc_status.from_call(refusal.value) == _rich_status()
    server.stop(None).wait()


async def _asyncio() -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([_handlers(_refuse_later)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/bakery.Bakery/Bake")(b"", timeout=20)
        assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await rpc_status.aio.from_call(call) == _rich_status()
    await server.stop(None)


if __name__ == "__main__":
    blocking()
    asyncio.run(_asyncio())
