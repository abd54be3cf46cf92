"""The streams of grpclib, by its documented stream API; it has one form, so forms are not looked at."""

from __future__ import annotations

import asyncio
from typing import Any, Mapping

import messages
from grpclib.client import Channel, StreamStreamMethod, StreamUnaryMethod, UnaryStreamMethod


async def same(stream: Any, payload: bytes) -> int:
    """Return how many messages came, all equal to ``payload``; -1 when one differs."""
    count = 0
    async for message in stream:
        if message != payload:
            return -1
        count += 1
    return count


async def write(stream: Any, payload: bytes, count: int) -> None:
    """Send ``payload`` so many times, and end."""
    for _ in range(count - 1):
        await stream.send_message(payload)
    await stream.send_message(payload, end=True)


class Streams:
    """One whole stream a call; each returns how many messages came through as they should."""

    def __init__(self, channel: Channel) -> None:
        self._send = UnaryStreamMethod(channel, messages.method("Send"), bytes, bytes)
        self._collect = StreamUnaryMethod(channel, messages.method("Collect"), bytes, bytes)
        self._bidi = StreamStreamMethod(channel, messages.method("Bidi"), bytes, bytes)

    async def server_streaming(self, payload: bytes, count: int, forms: Mapping[str, str]) -> int:
        """Have the server send."""
        async with self._send.open() as stream:
            await stream.send_message(messages.encode_pair(count, len(payload)), end=True)
            return await same(stream, payload)

    async def client_streaming(self, payload: bytes, count: int, forms: Mapping[str, str]) -> int:
        """Send to the server."""
        async with self._collect.open() as stream:
            await write(stream, payload, count)
            received, size = messages.decode_pair(await stream.recv_message())
        return received if size == received * len(payload) else -1

    async def bidi_streaming(self, payload: bytes, count: int, forms: Mapping[str, str]) -> int:
        """Send to the server and have it all back, neither side waiting for the other."""
        async with self._bidi.open() as stream:
            await stream.send_request()
            received, _ = await asyncio.gather(same(stream, payload), write(stream, payload, count))
        return received
