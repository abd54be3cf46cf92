"""The streams of the asyncio API; ours or grpcio's, whichever ``grpc`` the interpreter finds.

Each kind in each form that the API has for its two sides. The client's: ``iterate`` (``async for``, requests from an
async generator), ``items`` (the same, requests from a plain iterable) and ``call`` (``read`` and ``write``). The
server's: ``iterate`` and ``call``.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, AsyncIterator, Mapping

import messages

from grpc import aio


async def generate(payload: bytes, count: int) -> AsyncIterator[bytes]:
    """Yield ``payload`` so many times."""
    for _ in range(count):
        yield payload


async def same(call: Any, payload: bytes) -> int:
    """Return how many messages came, all equal to ``payload``; -1 when one differs."""
    count = 0
    async for message in call:
        if message != payload:
            return -1
        count += 1
    return count


async def same_by_call(call: Any, payload: bytes) -> int:
    """As ``same``, by ``read``."""
    count = 0
    while (message := await call.read()) is not aio.EOF:
        if message != payload:
            return -1
        count += 1
    return count


async def write(call: Any, payload: bytes, count: int) -> None:
    """Write ``payload`` so many times, and end."""
    for _ in range(count):
        await call.write(payload)
    await call.done_writing()


class Streams:
    """One whole stream a call; each returns how many messages came through as they should."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    async def server_streaming(self, payload: bytes, count: int, forms: Mapping[str, str]) -> int:
        """Have the server send."""
        send = self._channel.unary_stream(_method("Send", forms))
        call = send(messages.encode_pair(count, len(payload)))
        return await (same_by_call if forms["client_form"] == "call" else same)(call, payload)

    async def client_streaming(self, payload: bytes, count: int, forms: Mapping[str, str]) -> int:
        """Send to the server."""
        collect = self._channel.stream_unary(_method("Collect", forms))
        if forms["client_form"] == "call":
            call = collect()
            await write(call, payload, count)
        else:
            call = collect(_requests(payload, count, forms))
        received, size = messages.decode_pair(await call)
        return received if size == received * len(payload) else -1

    async def bidi_streaming(self, payload: bytes, count: int, forms: Mapping[str, str]) -> int:
        """Send to the server and have it all back, neither side waiting for the other."""
        bidi = self._channel.stream_stream(_method("Bidi", forms))
        if forms["client_form"] != "call":
            return await same(bidi(_requests(payload, count, forms)), payload)
        call = bidi()
        received, _ = await asyncio.gather(same_by_call(call, payload), write(call, payload, count))
        return received


def _requests(payload: bytes, count: int, forms: Mapping[str, str]) -> Any:
    return itertools.repeat(payload, count) if forms["client_form"] == "items" else generate(payload, count)


def _method(name: str, forms: Mapping[str, str]) -> str:
    return messages.method(name + ("ByCall" if forms["server_form"] == "call" else ""))
