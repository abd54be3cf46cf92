"""Connections and idle streams kept open by the asyncio API; ours or grpcio's, whichever ``grpc`` there is."""

from __future__ import annotations

import itertools
from typing import Any, List

import messages

from grpc import aio


class Holder:
    """What is kept, see ``aio_drivers.drivers``."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._channels: List[Any] = []
        self._holding: List[Any] = []
        self._streams: List[Any] = []

    async def connect(self, payload: bytes) -> bytes:
        """Open one more connection, and make a call on it."""
        channel = self._channel()
        self._channels.append(channel)
        answer: bytes = await channel.unary_unary(messages.method("Echo"))(payload)
        return answer

    async def hold(self, count: int, connections: int) -> None:
        """Open idle streams; returns when the server has greeted on all of them."""
        while len(self._holding) < connections:
            self._holding.append(self._channel())
        starts = [channel.unary_stream(messages.method("Hold")) for channel in self._holding]
        opened = [start(b"") for start in itertools.islice(itertools.cycle(starts), count)]
        for stream in opened:
            await stream.initial_metadata()
            if stream.done():
                raise ConnectionError(f"a held stream ended: {await stream.code()}, {await stream.details()}")
        self._streams += opened

    async def release(self) -> None:
        """Let go of everything."""
        for stream in self._streams:
            stream.cancel()
        for channel in [*self._channels, *self._holding]:
            await channel.close()
        self._streams, self._channels, self._holding = [], [], []

    def _channel(self) -> Any:
        return aio.insecure_channel(self._target, options=messages.OWN_CONNECTION)
