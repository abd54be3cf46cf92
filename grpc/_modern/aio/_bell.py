"""How coroutines wait for what Face tells once: any number of them hang on one request for news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, Optional

if TYPE_CHECKING:
    import asyncio

    Waiter = asyncio.Future[None]


class Bell:
    """Wakes all who wait when Face calls; whoever is woken looks again, and may have to wait again.

    While somebody waits, Face holds the bell, which holds its waiters, which hold their tasks; the loop does not.
    """

    __slots__ = ("_loop", "_request", "_requested", "_waiters", "first")

    def __init__(self, loop: asyncio.AbstractEventLoop, request: Callable[[Callable[[], None]], None]) -> None:
        """Make a bell.

        Args:
          loop: Where everything happens.
          request: Asks Face for one call of what it is given.
        """
        self._loop = loop
        self._request = request
        self._requested = False
        self._waiters: List[Waiter] = []
        self.first: Optional[Callable[[], None]] = None
        """Called before anybody is woken."""

    def wait(self) -> Waiter:
        """A future of the next ring; if it is cancelled nothing else is."""
        waiter: Waiter = self._loop.create_future()
        self._waiters.append(waiter)
        if not self._requested:
            self._requested = True
            self._request(self._ring)
        elif len(self._waiters) > 8:
            # Those that gave up would pile up where one polls with short timeouts.
            self._waiters = [waiting for waiting in self._waiters if not waiting.done()]
        return waiter

    def _ring(self) -> None:
        self._requested = False
        if self.first is not None:
            self.first()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


async def anything(loop: asyncio.AbstractEventLoop, *requests: Callable[[Callable[..., Any]], object]) -> None:
    """Wait until any of several sources calls what it was given; later calls are ignored."""
    waiter: Waiter = loop.create_future()

    def ring(*_: Any) -> None:
        if not waiter.done():
            waiter.set_result(None)

    for request in requests:
        request(ring)
    await waiter
