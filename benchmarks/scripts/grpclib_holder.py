"""Connections and idle streams kept open by grpclib."""

from __future__ import annotations

import contextlib
from typing import Any, List

import grpclib_codec
import messages
from grpclib.client import Channel, UnaryStreamMethod, UnaryUnaryMethod
from grpclib.exceptions import StreamTerminatedError

# What its server admits on one connection, as h2 does by default; further streams would wait. So connections are
# filled one after another, however few are asked for.
_STREAMS_A_CONNECTION = 100


class Holder:
    """What is kept, see ``aio_drivers.drivers``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._channels: List[Channel] = []
        self._holding: List[Channel] = []
        self._streams: List[Any] = []

    async def connect(self, payload: bytes) -> bytes:
        """Open one more connection, and make a call on it."""
        channel = self._channel()
        self._channels.append(channel)
        answer: bytes = await UnaryUnaryMethod(channel, messages.method("Echo"), bytes, bytes)(payload)
        return answer

    async def hold(self, count: int, connections: int) -> None:
        """Open idle streams; returns when the server has greeted on all of them."""
        while len(self._holding) * _STREAMS_A_CONNECTION < len(self._streams) + count or not self._holding:
            self._holding.append(self._channel())
        opened = []
        for number in range(len(self._streams), len(self._streams) + count):
            channel = self._holding[number // _STREAMS_A_CONNECTION]
            stream = await UnaryStreamMethod(channel, messages.method("Hold"), bytes, bytes).open().__aenter__()
            await stream.send_message(b"", end=True)
            opened.append(stream)
        for stream in opened:
            await stream.recv_initial_metadata()
        self._streams += opened

    async def release(self) -> None:
        """Let go of everything."""
        for stream in self._streams:
            await stream.cancel()
            with contextlib.suppress(StreamTerminatedError):
                await stream.__aexit__(None, None, None)
        for channel in [*self._channels, *self._holding]:
            channel.close()
        self._streams, self._channels, self._holding = [], [], []

    def _channel(self) -> Channel:
        return Channel("127.0.0.1", self._port, codec=grpclib_codec.BytesCodec())
