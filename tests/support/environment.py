"""An environment whose clock the test moves; nothing happens by itself."""

from __future__ import annotations

import heapq
import itertools
from typing import Callable, List, Optional, Tuple

from grpc.framework.foundation import environment

# How long a test's thread really waits for another thread before the test is declared stuck, in seconds.
_PATIENCE = 10.0


class FakeTimer(environment.Timer):
    """A pending action of a `FakeEnvironment`."""

    def __init__(self, when: float, action: Callable[[], None]) -> None:
        self.when = when
        self.action: Optional[Callable[[], None]] = action

    def cancel(self) -> None:
        self.action = None


class FakeEnvironment(environment.Environment):
    """Time stands still until `advance`; customers' code runs at once; waiting for what cannot come is an error."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._timers: List[Tuple[float, int, FakeTimer]] = []
        self._ids = itertools.count()
        self.executed = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, action: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(when, action)
        heapq.heappush(self._timers, (when, next(self._ids), timer))
        return timer

    def execute(self, action: Callable[[], None]) -> None:
        self.executed += 1
        action()

    def wait(self, waiter: environment.Waiter, deadline: Optional[float] = None) -> bool:
        """Wait for another thread in real time; a deadline counts as passed only if the fake clock says so."""
        if waiter.ready or (deadline is not None and deadline <= self.now):
            return waiter.ready
        if not _wait_really(waiter):
            raise AssertionError("a thread waits for something that no other thread brings about")
        return True

    def advance(self, seconds: float) -> None:
        """Move the clock and run what has become due, in order, the clock standing at each action's time."""
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            when, _, timer = heapq.heappop(self._timers)
            self.now = max(self.now, when)
            action, timer.action = timer.action, None
            if action is not None:
                action()
        self.now = end

    @property
    def pending(self) -> int:
        """How many timers are set and not cancelled."""
        return sum(timer.action is not None for _, _, timer in self._timers)


def _wait_really(waiter: environment.Waiter) -> bool:
    standard = environment.default()
    return environment.wait_on_lock(standard, waiter, standard.time() + _PATIENCE)
