"""Script: the server of the asyncio API; ours or grpcio's, whichever ``grpc`` the interpreter finds."""

from __future__ import annotations

import asyncio
from typing import Any

import aio_drivers
import line_protocol

import grpc
from grpc import aio


async def echo(request: bytes, context: Any) -> bytes:
    """Return the request."""
    return request


async def main() -> None:
    """Serve until stdin closes."""
    server = aio.server()
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Bench", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    line_protocol.say({"port": port})
    await aio_drivers.answer_server()
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(main())
