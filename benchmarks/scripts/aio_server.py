"""Script: the server of the asyncio API; ours or grpcio's, whichever ``grpc`` the interpreter finds."""

from __future__ import annotations

import asyncio

import aio_drivers
import aio_handlers
import measuring
import messages
import usage

from grpc import aio


async def main() -> None:
    """Serve until stdin closes."""
    usage.raise_file_limit()
    server = aio.server(options=messages.SERVER_OPTIONS)
    service = aio_handlers.Service()
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    measuring.say_port(port)
    await aio_drivers.answer_server(lambda: service.arrived)
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(main())
