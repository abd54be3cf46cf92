"""Values passed to Face as fast as they may be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grpc._modern.aio._bell import Bell

if TYPE_CHECKING:
    import asyncio


class Sender:
    """Sends the values of one side of an RPC; any number of tasks may wait for their turn."""

    __slots__ = ("_bell", "_face", "_loop")

    _bell: Bell

    def __init__(self, face: Any, loop: asyncio.AbstractEventLoop) -> None:
        """Stand before a Face call or context that is a `face.PacedSink`."""
        self._face = face
        self._loop = loop

    async def send(self, payload: Any) -> bool:
        """Send a value as soon as there is room for it; tell whether it was sent: not if the RPC has ended."""
        face = self._face
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
