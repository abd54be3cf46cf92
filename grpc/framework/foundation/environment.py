"""What an End may not take by itself: the clock, timers, a place for customers' code, and a way to wait.

Nothing in the layers above the drivers reads a clock, starts a thread or blocks on its own. Whoever makes
an End hands it an `Environment`; a driver gives one that fits its way of running, tests give one with a
clock that they move by hand.
"""

from __future__ import annotations

import _thread
import abc
import contextlib
import time
from typing import TYPE_CHECKING, Callable, Optional, Set

from grpc.framework.foundation import later

if TYPE_CHECKING:
    from types import TracebackType

    from grpc.framework.foundation import future


class Waiter:
    """One wait of one thread: made by the thread, registered where the news will come from, then waited for.

    `set` is called at most once, by whoever has the news, from any thread. `wake` is for the environment alone:
    while the thread is really asleep it holds the action that wakes it. The order of the two assignments below
    and of the two reads in `Environment.wait` makes a lost wake-up impossible: either the setter sees `wake`, or
    the waiting thread sees `ready`.
    """

    __slots__ = ("ready", "wake")

    def __init__(self) -> None:
        self.ready = False
        self.wake: Optional[Callable[[], None]] = None

    def set(self) -> None:
        """Let the waiting thread go on."""
        self.ready = True
        wake = self.wake
        if wake is not None:
            wake()


class _Threads:
    """Which threads are inside of a scope; for each of the scopes below there is one."""

    __slots__ = ("threads",)

    def __init__(self) -> None:
        # Needs no lock: each thread adds and removes itself alone.
        self.threads: Set[int] = set()

    def __enter__(self) -> None:
        self.threads.add(_thread.get_ident())

    def __exit__(
        self, kind: Optional[type], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        self.threads.discard(_thread.get_ident())

    def __contains__(self, thread: int) -> bool:
        return thread in self.threads


GOING_TO_WAIT = _Threads()
"""The threads that, as soon as they have begun something, wait for what becomes of it; by `_thread.get_ident()`.

Whoever begins an RPC for a caller that blocks does so inside of `with GOING_TO_WAIT:`. It is advice and no promise: a
driver need not have somebody else look for the answer to what such a thread sends. Of what any other thread sends, the
answer is looked for at once.
"""

POURING = _Threads()
"""The threads that send one value after another, as fast as they get them; by `_thread.get_ident()`.

Whoever draws from a customer's iterator does so inside of `with POURING:`. It is advice as well: where such a thread
has just sent something, a driver may have somebody else send what it says next, with what follows by then.
"""


class Timer(abc.ABC):
    """A pending action."""

    __slots__ = ()

    @abc.abstractmethod
    def cancel(self) -> None:
        """Give the action up, unless it has begun; never blocks, may be called from any thread and again."""
        raise NotImplementedError()


class Environment(abc.ABC):
    """Time, waiting and the execution of customers' code, as the owner of an End sees fit."""

    __slots__ = ()

    @abc.abstractmethod
    def time(self) -> float:
        """The monotonic time in seconds; all deadlines are points on this clock."""
        raise NotImplementedError()

    @abc.abstractmethod
    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        """Run an action once, as soon as `time()` has reached `when`.

        The action must be short and must not block: it shares its thread with all other timers. May be called
        from any thread and never blocks.
        """
        raise NotImplementedError()

    def execute(self, action: Callable[[], None]) -> None:
        """Run customers' code that nobody is waiting for, such as a done callback.

        By default it runs here and now. An environment whose calling thread must not be held up (because it
        reads a connection for others, say) runs it elsewhere; the order of the calls is kept in any case.
        """
        action()

    def call_from_finalizer(self, action: Callable[[], object]) -> None:
        """Run an action soon, but not here: for those who find that nobody refers to them any more.

        The collector calls finalizers in any thread at any moment, also inside of any lock. So this takes no lock, and
        the action, which may, runs in another place: by default in a thread of its own. At the interpreter's end, where
        there are no more threads to be had, it does not run at all.
        """
        with contextlib.suppress(RuntimeError):
            _thread.start_new_thread(action, ())

    def wait(self, waiter: Waiter, deadline: Optional[float] = None) -> bool:
        """Block this thread until `waiter` is set or the time has reached `deadline`.

        Args:
          waiter: A fresh waiter that is registered already where it will be set.
          deadline: A point on `time()`, or None to wait as long as it takes.

        Returns:
          Whether the waiter is set.
        """
        return wait_on_lock(self, waiter, deadline)


def wait_on_lock(environment: Environment, waiter: Waiter, deadline: Optional[float]) -> bool:
    """Wait on a bare lock: the cheapest way to put a thread to sleep until another one wakes it."""
    if waiter.ready:
        return True
    asleep = _thread.allocate_lock()
    asleep.acquire()
    waiter.wake = asleep.release
    if waiter.ready:
        return True
    if deadline is None:
        asleep.acquire()
        return True
    while True:
        remaining = deadline - environment.time()
        if remaining <= 0 or asleep.acquire(timeout=min(remaining, _thread.TIMEOUT_MAX)):
            return waiter.ready


class _LaterTimer(Timer):
    """A timer on the thread that `later` keeps."""

    __slots__ = ("_future",)

    def __init__(self, pending: future.Future[None]) -> None:
        self._future = pending

    def cancel(self) -> None:
        self._future.cancel()


class _StandardEnvironment(Environment):
    """The system's monotonic clock, timers on one thread that lives while some are pending, waits on locks."""

    __slots__ = ()

    def time(self) -> float:
        return time.monotonic()

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        return _LaterTimer(later.later(max(0.0, when - time.monotonic()), action))


_STANDARD = _StandardEnvironment()


def default() -> Environment:
    """The environment of an End that was given none."""
    return _STANDARD
