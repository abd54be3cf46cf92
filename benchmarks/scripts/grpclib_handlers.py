"""The service in the form that grpclib takes."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, List

import messages
from grpclib.const import Cardinality, Handler


async def echo(stream: Any) -> None:
    """Return the request."""
    await stream.send_message(await stream.recv_message())


async def send(stream: Any) -> None:
    """Stream what was asked for."""
    count, size = messages.decode_pair(await stream.recv_message())
    message = bytes(size)
    for _ in range(count):
        await stream.send_message(message)


async def collect(stream: Any) -> None:
    """Tell what came."""
    count = size = 0
    async for request in stream:
        count += 1
        size += len(request)
    await stream.send_message(messages.encode_pair(count, size))


async def bidi(stream: Any) -> None:
    """Send every message back."""
    async for request in stream:
        await stream.send_message(request)


class Service:
    """The service.

    Attributes:
        arrived: how many calls of ``Hold`` have come.
    """

    def __init__(self) -> None:
        self.arrived = 0
        self._held: List[asyncio.Future[None]] = []

    def __mapping__(self) -> Dict[str, Handler]:
        return {
            messages.method("Echo"): Handler(echo, Cardinality.UNARY_UNARY, bytes, bytes),
            messages.method("Send"): Handler(send, Cardinality.UNARY_STREAM, bytes, bytes),
            messages.method("Collect"): Handler(collect, Cardinality.STREAM_UNARY, bytes, bytes),
            messages.method("Bidi"): Handler(bidi, Cardinality.STREAM_STREAM, bytes, bytes),
            messages.method("Hold"): Handler(self._hold, Cardinality.UNARY_STREAM, bytes, bytes),
        }

    async def _hold(self, stream: Any) -> None:
        """Greet, then say nothing until the call is cancelled."""
        self.arrived += 1
        await stream.recv_message()
        await stream.send_initial_metadata()
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Kept, as a loop does not keep what waits for nothing that it knows.
        self._held.append(over)
        await over
