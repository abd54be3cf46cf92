"""Who reads a transport's socket, and how those sleep who do not."""

from __future__ import annotations

import _thread
import contextlib
import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grpc.framework.foundation.environment import Waiter


class Reading(enum.Enum):
    """Who reads."""

    WATCHED = "the reactor watches the socket and will read it"
    REACTOR = "the reactor is reading"
    CALLER = "a caller that waits for its RPC is reading, for everybody"
    UNWATCHED = "a caller has just stopped reading, and nobody has been told"
    CLOSED = "there is nothing to read any more"


# Looking a member up in its class takes as long as the comparison it is for.
WATCHED = Reading.WATCHED
REACTOR = Reading.REACTOR
CALLER = Reading.CALLER
UNWATCHED = Reading.UNWATCHED
CLOSED = Reading.CLOSED


class Sleeper:
    """The sleep of a caller while another one reads the socket for both; may be ended by several, more than once.

    It has a lock of its own. Were sleepers woken through `Waiter.wake`, one who wakes late (the transport was closed,
    but the thread has gone on to wait elsewhere) would end a wait that he knows nothing of.
    """

    __slots__ = ("_lock", "waiter")

    def __init__(self, waiter: Waiter) -> None:
        """Make a sleeper.

        Args:
          waiter: What the thread waits for in the end.
        """
        self.waiter = waiter
        self._lock = _thread.allocate_lock()
        self._lock.acquire()

    def sleep(self, timeout: float) -> None:
        """Sleep until `wake`, or for so many seconds; -1 for as long as it takes."""
        self._lock.acquire(True, min(timeout, _thread.TIMEOUT_MAX))

    def wake(self) -> None:
        """End the present or else the next sleep. Never blocks, may be called from any thread."""
        with contextlib.suppress(RuntimeError):  # somebody else was faster
            self._lock.release()
