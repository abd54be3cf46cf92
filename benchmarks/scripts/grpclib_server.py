"""Script: grpclib's server."""

from __future__ import annotations

import asyncio

import aio_drivers
import grpclib_codec
import grpclib_handlers
import measuring
import usage
from grpclib.server import Server


async def main() -> None:
    """Serve until stdin closes."""
    usage.raise_file_limit()
    service = grpclib_handlers.Service()
    server = Server([service], codec=grpclib_codec.BytesCodec())
    await server.start("127.0.0.1", 0)
    # grpclib does not tell the port that the system chose, its asyncio server does.
    measuring.say_port(server._server.sockets[0].getsockname()[1])
    await aio_drivers.answer_server(lambda: service.arrived)
    server.close()
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
