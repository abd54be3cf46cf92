"""grpcio-health-checking: its servicers on our servers, blocking and asyncio, asked and watched by our clients."""

from __future__ import annotations

import asyncio
from concurrent import futures

import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

import grpc

_Status = health_pb2.HealthCheckResponse
_ASKED = health_pb2.HealthCheckRequest(service="bakery")
_UNKNOWN = health_pb2.HealthCheckRequest(service="cellar")


def blocking() -> None:
    """Ask for a state, for one of nobody's, and watch one change."""
    servicer = health.HealthServicer()
    servicer.set("bakery", _Status.SERVING)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        assert stub.Check(_ASKED, timeout=20).status == _Status.SERVING
        with pytest.raises(grpc.RpcError) as refusal:
            stub.Check(_UNKNOWN, timeout=20)
        assert refusal.value.code() is grpc.StatusCode.NOT_FOUND
        states = stub.Watch(_ASKED, timeout=20)
        assert next(states).status == _Status.SERVING
        servicer.enter_graceful_shutdown()
        assert next(states).status == _Status.NOT_SERVING
        states.cancel()
    server.stop(None).wait()


async def _asyncio() -> None:
    servicer = health.aio.HealthServicer()
    await servicer.set("bakery", _Status.SERVING)
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        assert (await stub.Check(_ASKED, timeout=20)).status == _Status.SERVING
        states = stub.Watch(_ASKED, timeout=20)
        assert (await states.read()).status == _Status.SERVING
        await servicer.enter_graceful_shutdown()
        assert (await states.read()).status == _Status.NOT_SERVING
        states.cancel()
    await server.stop(None)


if __name__ == "__main__":
    blocking()
    asyncio.run(_asyncio())
