"""Script: the client of the asyncio API; ours or grpcio's, whichever ``grpc`` the interpreter finds."""

from __future__ import annotations

import asyncio
import sys

import aio_drivers
import aio_holder
import aio_streams
import measuring
import messages
import usage

from grpc import aio


def main(port: str) -> None:
    """Connect to ``port`` and obey the harness."""
    usage.raise_file_limit()
    target = f"127.0.0.1:{port}"
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def connect() -> aio.Channel:
        return aio.insecure_channel(target, options=messages.OPTIONS)

    channel = loop.run_until_complete(connect())
    call = channel.unary_unary(messages.method("Echo"))

    async def echo(payload: bytes) -> bytes:
        reply: bytes = await call(payload)
        return reply

    streams, holder = aio_streams.Streams(channel), aio_holder.Holder(target)
    measuring.obey_client(aio_drivers.drivers(loop, echo, streams, holder))
    loop.run_until_complete(channel.close())
    loop.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
