"""The drivers of every asyncio peer, over one function that makes a call."""

from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable, Dict, Mapping

import line_protocol
import measuring
from measuring import Driver, Stopwatch, now

Echo = Callable[[bytes], Awaitable[bytes]]


def drivers(loop: asyncio.AbstractEventLoop, echo: Echo) -> Dict[str, Driver]:
    """Return the drivers that make their calls by ``echo``, on ``loop``, which runs only while they do."""

    async def sequence(payload: bytes, stopwatch: Stopwatch) -> None:
        while not stopwatch.over():
            started = now()
            stopwatch.done(started, await echo(payload) == payload)

    def unary_sequence(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        loop.run_until_complete(sequence(bytes(parameters["payload_bytes"]), stopwatch))

    def unary_in_flight(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        payload = bytes(parameters["payload_bytes"])

        async def tasks() -> None:
            await asyncio.gather(*(sequence(payload, stopwatch) for _ in range(parameters["in_flight"])))

        loop.run_until_complete(tasks())

    return {"unary_sequence": unary_sequence, "unary_in_flight": unary_in_flight}


async def answer_server() -> None:
    """As ``measuring.answer_server``, without blocking the loop."""
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, line_protocol.hear) is not None:
        line_protocol.say({"cpu_seconds": measuring.cpu_seconds()})
