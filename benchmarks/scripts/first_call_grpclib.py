"""Script: from nothing to the first call's answer with grpclib."""

import sys
import time

begun = time.perf_counter()

import asyncio  # noqa: E402

import grpclib_codec  # noqa: E402
from grpclib.client import Channel, UnaryUnaryMethod  # noqa: E402

imported = time.perf_counter()


async def main():  # type: ignore[no-untyped-def]  # nothing is imported for the sake of types
    """Make the call."""
    async with Channel("127.0.0.1", int(sys.argv[1]), codec=grpclib_codec.BytesCodec()) as channel:
        answer = await UnaryUnaryMethod(channel, "/bench.Bench/Echo", bytes, bytes)(b"first")
        return answer, time.perf_counter()


answer, answered = asyncio.run(main())

import first_call  # noqa: E402

first_call.say(begun, imported, answered, answer)
