"""Everything of one driver that lives on its loop, so that its end can be brought about and awaited."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Coroutine, List, Optional, Protocol, Set

if TYPE_CHECKING:
    import socket

    from grpc._io.aio._transport import Transport

_LOGGER = logging.getLogger(__name__)


class Latch:
    """Something that happens once, on the loop's thread, and can be awaited there by any number of tasks.

    An `asyncio.Event` would do, but for Python 3.9 it belongs to the loop that runs when it is made, and there need not
    be one.
    """

    __slots__ = ("_loop", "_waiters", "is_set")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiters: List[asyncio.Future[None]] = []
        self.is_set = False
        """Whether it has happened."""

    def set(self) -> None:
        """It happens. May be called again."""
        self.is_set = True
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self) -> None:
        """Wait until it has happened."""
        if not self.is_set:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)


class Member(Protocol):
    """Something that lives on a loop until it is told to end."""

    def abandon(self) -> None:
        """End: the driver is closed."""


class Registry:
    """The open transports, listeners and tasks of a driver. Used on the loop's thread only."""

    __slots__ = ("_members", "_tasks", "_when_empty", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._members: Set[Member] = set()
        # The loop itself holds tasks weakly.
        self._tasks: Set[asyncio.Task[None]] = set()
        self._when_empty: Optional[Latch] = None

    def add(self, member: Member) -> None:
        """Keep something until `discard`."""
        self._members.add(member)

    def discard(self, member: Member) -> None:
        """Something is gone for good. May be called again."""
        self._members.discard(member)
        self._look()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine that ends by itself or by being cancelled; what else it raises is a defect, and logged."""
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def open_transport(self, sock: socket.socket, transport: Transport) -> None:
        """Give a connected socket its transport; the socket is the transport's then.

        The method of the loop is meant for accepted sockets, but without TLS it takes any.
        """
        transport.sock = sock
        try:
            await self.loop.connect_accepted_socket(lambda: transport, sock)
        except asyncio.CancelledError:
            transport.give_up()
            raise

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            error = task.exception()
            if error is not None:
                _LOGGER.error("A task of the asyncio driver raised: this is a defect of the library", exc_info=error)
        self._look()

    def close(self) -> None:
        """Have every member and every task end soon."""
        for task in self._tasks:
            task.cancel()
        for member in list(self._members):
            member.abandon()

    def _look(self) -> None:
        if self._when_empty is not None and not self._members and not self._tasks:
            self._when_empty.set()
            self._when_empty = None

    async def wait_empty(self) -> None:
        """Wait until nothing is left; a task of the driver's must not."""
        if self._members or self._tasks:
            if self._when_empty is None:
                self._when_empty = Latch(self.loop)
            await self._when_empty.wait()
