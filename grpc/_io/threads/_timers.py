"""A reactor's pending actions, soonest first."""

from __future__ import annotations

import heapq
import itertools
from typing import Callable, List, Optional, Tuple

from grpc.framework.foundation import environment

NEVER = float("inf")

# Cancelled timers stay in the heap until their time or until there are more of them than of others, and at least so
# many: nearly every deadline of an RPC is cancelled, and taking each out of the heap at once would cost more.
_SLACK = 256


class Timer(environment.Timer):
    """A pending action; a cancelled one holds no longer what it would have called."""

    __slots__ = ("_timers", "action")

    def __init__(self, timers: Timers, action: Callable[[], None]) -> None:
        self._timers = timers
        self.action: Optional[Callable[[], None]] = action

    def cancel(self) -> None:
        if self.action is not None:
            self.action = None
            self._timers.cancelled += 1


class Timers:
    """See the module. All methods but `Timer.cancel` are called with the reactor's lock held."""

    __slots__ = ("_heap", "_ids", "cancelled")

    def __init__(self) -> None:
        self._heap: List[Tuple[float, int, Timer]] = []
        self._ids = itertools.count()
        # About how many in the heap are cancelled: counted without a lock, so a few may be missed.
        self.cancelled = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, when: float, action: Callable[[], None]) -> Timer:
        """Set a timer; those of the same time keep the order in which they were set."""
        timer = Timer(self, action)
        heapq.heappush(self._heap, (when, next(self._ids), timer))
        if self.cancelled > _SLACK and self.cancelled * 2 > len(self._heap):
            self.cancelled = 0
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapq.heapify(self._heap)
        return timer

    def soonest(self) -> float:
        """The time of the first timer, `NEVER` if there is none."""
        heap = self._heap
        while heap and heap[0][2].action is None:
            heapq.heappop(heap)
            self.cancelled -= 1
        return heap[0][0] if heap else NEVER

    def take_due(self, now: float) -> List[Timer]:
        """Take out what has come due by `now`, in order; whoever runs one asks `take_action` for what to do."""
        heap = self._heap
        due: List[Timer] = []
        while heap and heap[0][0] <= now:
            due.append(heapq.heappop(heap)[2])
        return due


def take_action(timer: Timer) -> Optional[Callable[[], None]]:
    """What a timer that has come due is to do; None if it was cancelled, be it by one that came due with it."""
    action, timer.action = timer.action, None
    if action is None:
        timer._timers.cancelled -= 1
    return action
