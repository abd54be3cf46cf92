"""Requests that are written to an intercepted call, as the asynchronous iterator that interceptors are given."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any, Deque, Set

from grpc._modern.aio._errors import EOF

if TYPE_CHECKING:
    import asyncio


class Conduit:
    """Hands one value after another from writers to a reader; nothing is kept that the reader has not asked for."""

    __slots__ = ("_changed", "_ended", "_loop", "_read", "_values", "_written")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # What has been written and not been read, one value for each waiting writer, and the end.
        self._values: Deque[Any] = collections.deque()
        self._written = 0
        self._read = 0
        self._ended = False
        self._changed: Set[asyncio.Future[None]] = set()

    async def write(self, value: Any) -> bool:
        """Pass a value, and wait until it has been taken; tell whether it was: nobody may want it any more."""
        self._values.append(value)
        self._written += 1
        number = self._written
        self._tell()
        while self._read < number and not self._ended:
            await self._change()
        return self._read >= number

    def done(self) -> None:
        """Say that no value follows."""
        self._values.append(EOF)
        self._tell()

    def abandon(self) -> None:
        """Nobody reads any more."""
        self._ended = True
        self._values.clear()
        self._tell()

    def __aiter__(self) -> Conduit:
        return self

    async def __anext__(self) -> Any:
        while not self._values:
            if self._ended:
                raise StopAsyncIteration
            await self._change()
        if self._values[0] is EOF:  # which stays, for whoever asks again
            raise StopAsyncIteration
        value = self._values.popleft()
        self._read += 1
        self._tell()
        return value

    async def _change(self) -> None:
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._changed.add(waiter)
        try:
            await waiter
        finally:
            self._changed.discard(waiter)

    def _tell(self) -> None:
        for waiter in self._changed:
            if not waiter.done():
                waiter.set_result(None)
