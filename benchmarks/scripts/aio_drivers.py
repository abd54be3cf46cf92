"""The drivers of every asyncio peer, over what makes one call or one stream."""

from __future__ import annotations

import asyncio
from concurrent import futures
from typing import Any, Awaitable, Callable, Dict, Mapping

import line_protocol
import usage
from measuring import Driver, Stopwatch, now

Echo = Callable[[bytes], Awaitable[bytes]]
_STREAMS = ("server_streaming", "client_streaming", "bidi_streaming")


def drivers(loop: asyncio.AbstractEventLoop, echo: Echo, streams: Any, holder: Any) -> Dict[str, Driver]:
    """Return the drivers, on ``loop``, which runs only while they do.

    Args:
        loop: runs the calls.
        echo: makes a call.
        holder: has ``connect``, which opens one more connection, makes a call on it and returns its answer, and keeps
            the connection; ``hold``, which opens so many idle streams over so many connections, and keeps them; and
            ``release``, which lets go of all of these.
        streams: has a coroutine function for each of ``_STREAMS`` that runs one stream: it takes the payload, the count
            of messages and the parameters, and returns how many messages came through.
    """

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

    def streaming(kind: str) -> Driver:
        run = getattr(streams, kind)

        def driver(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
            count, payload = parameters["messages"], bytes(parameters["payload_bytes"])

            async def one_after_another() -> None:
                while not stopwatch.over():
                    stopwatch.count(count, await run(payload, count, parameters) == count)

            loop.run_until_complete(one_after_another())

        return driver

    def connections(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        payload = bytes(parameters["payload_bytes"])

        async def one_after_another() -> None:
            for _ in range(parameters["count"]):
                started = now()
                stopwatch.done(started, await holder.connect(payload) == payload)

        loop.run_until_complete(one_after_another())

    def idle_streams(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        loop.run_until_complete(holder.hold(parameters["count"], parameters["connections"]))
        stopwatch.count(parameters["count"], True)

    def release(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        loop.run_until_complete(holder.release())

    return {
        "connections": connections,
        "idle_streams": idle_streams,
        "release": release,
        "unary_sequence": unary_sequence,
        "unary_in_flight": unary_in_flight,
        **{kind: streaming(kind) for kind in _STREAMS},
    }


async def answer_server(arrived: Callable[[], int]) -> None:
    """Answer a server's orders, which all ask for its usage, until stdin closes, without blocking the loop."""
    loop = asyncio.get_running_loop()
    # One thread, and not the loop's executor, which may have several: threads are counted.
    with futures.ThreadPoolExecutor(1) as reader:
        while (order := await loop.run_in_executor(reader, line_protocol.hear)) is not None:
            usage.answer(order, arrived())
