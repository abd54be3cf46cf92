"""Values passed to Face as fast as they may be sent."""

from __future__ import annotations

import asyncio
from typing import Any

from grpc._modern.aio._bell import Bell

# After so many values that found room at once the others on the loop have a turn: small values may find room for long.
_TURN = 32


class Sender:
    """Sends the values of one side of an RPC; any number of tasks may wait for their turn."""

    __slots__ = ("_bell", "_face", "_left", "_loop")

    _bell: Bell

    def __init__(self, face: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Stand before a Face call or context that is a `face.PacedSink`."""
        self._face = face
        self._loop = loop
        self._left = _TURN

    async def send(self, payload: Any) -> bool:
        """Send a value as soon as there is room for it; tell whether it was sent: not if the RPC has ended."""
        face = self._face
        self._left -= 1
        if not self._left:
            self._left = _TURN
            await asyncio.sleep(0)
        if not face.may_send():
            try:
                bell = self._bell
            except AttributeError:
                bell = self._bell = Bell(self._loop, face.when_may_send)
            while not face.may_send() and face.is_active():
                await bell.wait()
        if not face.is_active():
            return False
        face.consume(payload)
        return True
