"""What the asyncio driver gives to the Ends above it: the loop's clock, its timers, and no way to block.

Customers' code that nobody waits for (`execute`) runs inline. A loop has one thread, so there is nobody else to run
it; passing it to `call_soon` would only cost every call a handle and put what it wakes one turn of the loop, and one
look at the selector, later. The asynchronous API hangs asyncio futures on the callbacks, and those come back by
`call_soon` anyway: user code is never run from inside the driver.
"""

from __future__ import annotations

import asyncio
from typing import Callable, Optional

from grpc.framework.foundation import environment

# A loop may call a little early: asyncio by the resolution of its clock, uvloop by up to half a millisecond since it
# counts in whole ones. What comes early is put off by this much, in seconds.
_TICK = 0.001


class Timer(environment.Timer):
    """A pending action. It never runs early, and may be cancelled from any thread."""

    __slots__ = ("_action", "_handle", "_loop", "_when")

    def __init__(self, loop: asyncio.AbstractEventLoop, when: float, action: Callable[[], None]) -> None:
        self._loop = loop
        self._when = when
        self._action: Optional[Callable[[], None]] = action
        self._handle: Optional[asyncio.Handle] = None

    def start(self) -> None:
        """Begin to wait; on the loop's thread."""
        if self._action is not None:
            self._handle = self._loop.call_at(self._when, self._run)

    def _run(self) -> None:
        action = self._action
        if action is None:
            return
        if self._loop.time() < self._when:
            self._handle = self._loop.call_later(_TICK, self._run)
            return
        self._action = self._handle = None
        action()

    def cancel(self) -> None:
        self._action = None
        handle, self._handle = self._handle, None
        if handle is not None:
            if on_another_thread(self._loop):
                call_from_thread(self._loop, handle.cancel)
            else:
                handle.cancel()


class Environment(environment.Environment):
    """See the module."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the environment of the Ends on a loop."""
        self._loop = loop

    def time(self) -> float:
        return self._loop.time()

    def call_at(self, when: float, action: Callable[[], None]) -> environment.Timer:
        timer = Timer(self._loop, when, action)
        if on_another_thread(self._loop):
            call_from_thread(self._loop, timer.start)
        else:
            timer.start()
        return timer

    def call_from_finalizer(self, action: Callable[[], object]) -> None:
        call_from_thread(self._loop, action)

    def wait(self, waiter: environment.Waiter, deadline: Optional[float] = None) -> bool:
        """Tell whether the waiter is set already.

        Raises:
          RuntimeError: It is not. A wait would block the loop that has to bring the news.
        """
        if waiter.ready:
            return True
        raise RuntimeError(
            "waiting would block the event loop on which this RPC runs: await it through the asynchronous API"
        )


def on_another_thread(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a loop runs, and not on this thread. One that does not run yet belongs to whoever prepares it."""
    return asyncio._get_running_loop() is not loop and loop.is_running()


def call_from_thread(loop: asyncio.AbstractEventLoop, action: Callable[[], object]) -> None:
    """Have an action run on a loop that runs in another thread; if the loop has been closed, nobody needs it."""
    try:
        loop.call_soon_threadsafe(action)
    except RuntimeError:
        if not loop.is_closed():
            raise
