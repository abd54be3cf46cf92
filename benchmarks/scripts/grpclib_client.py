"""Script: grpclib's client."""

from __future__ import annotations

import asyncio
import sys

import aio_drivers
import grpclib_codec
import grpclib_holder
import grpclib_streams
import measuring
import messages
import usage
from grpclib.client import Channel, UnaryUnaryMethod


def main(port: str) -> None:
    """Connect to ``port`` and obey the harness."""
    usage.raise_file_limit()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def connect() -> Channel:
        return Channel("127.0.0.1", int(port), codec=grpclib_codec.BytesCodec())

    channel = loop.run_until_complete(connect())
    echo = UnaryUnaryMethod(channel, messages.method("Echo"), bytes, bytes)
    streams, holder = grpclib_streams.Streams(channel), grpclib_holder.Holder(int(port))
    measuring.obey_client(aio_drivers.drivers(loop, echo, streams, holder))
    channel.close()
    loop.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
