"""Script: the client of the asyncio API; ours or grpcio's, whichever ``grpc`` the interpreter finds."""

from __future__ import annotations

import asyncio
import sys

import aio_drivers
import measuring

from grpc import aio


def main(port: str) -> None:
    """Connect to ``port`` and obey the harness."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def connect() -> aio.Channel:
        return aio.insecure_channel(f"127.0.0.1:{port}")

    channel = loop.run_until_complete(connect())
    call = channel.unary_unary("/bench.Bench/Echo")

    async def echo(payload: bytes) -> bytes:
        reply: bytes = await call(payload)
        return reply

    measuring.obey_client(aio_drivers.drivers(loop, echo))
    loop.run_until_complete(channel.close())
    loop.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
