"""grpcio-reflection: a server of ours tells of its services, and a client of ours asks for them."""

from __future__ import annotations

import asyncio
from concurrent import futures
from typing import List

from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import grpc

_NAMES = (reflection.SERVICE_NAME,)


def _services(port: int) -> List[str]:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        file = database.FindFileContainingSymbol(reflection.SERVICE_NAME)
        assert [service.name for service in file.service] == ["ServerReflection"]
        return list(database.get_services())


def blocking() -> None:
    """Ask a blocking server."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    reflection.enable_server_reflection(_NAMES, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    assert _services(port) == list(_NAMES)
    server.stop(None).wait()


async def _asyncio() -> None:
    server = grpc.aio.server()
    reflection.enable_server_reflection(_NAMES, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    assert await asyncio.get_running_loop().run_in_executor(None, _services, port) == list(_NAMES)
    await server.stop(None)


if __name__ == "__main__":
    blocking()
    asyncio.run(_asyncio())
