"""Script: from nothing to the first call's answer on the asyncio API; ours or grpcio's."""

import sys
import time

begun = time.perf_counter()

import asyncio  # noqa: E402

from grpc import aio  # noqa: E402

imported = time.perf_counter()


async def main():  # type: ignore[no-untyped-def]  # nothing is imported for the sake of types
    """Make the call."""
    async with aio.insecure_channel(f"127.0.0.1:{sys.argv[1]}") as channel:
        answer = await channel.unary_unary("/bench.Bench/Echo")(b"first")
        return answer, time.perf_counter()


answer, answered = asyncio.run(main())

import first_call  # noqa: E402

first_call.say(begun, imported, answered, answer)
