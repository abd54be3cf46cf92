"""Script: grpclib's server."""

from __future__ import annotations

import asyncio
from typing import Any, Dict

import aio_drivers
import grpclib_codec
import line_protocol
from grpclib.const import Cardinality, Handler
from grpclib.server import Server


async def echo(stream: Any) -> None:
    """Return the request."""
    await stream.send_message(await stream.recv_message())


class Service:
    """The service in the form that grpclib takes."""

    def __mapping__(self) -> Dict[str, Handler]:
        return {"/bench.Bench/Echo": Handler(echo, Cardinality.UNARY_UNARY, bytes, bytes)}


async def main() -> None:
    """Serve until stdin closes."""
    server = Server([Service()], codec=grpclib_codec.BytesCodec())
    await server.start("127.0.0.1", 0)
    # grpclib does not tell the port that the system chose, its asyncio server does.
    line_protocol.say({"port": server._server.sockets[0].getsockname()[1]})
    await aio_drivers.answer_server()
    server.close()
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
