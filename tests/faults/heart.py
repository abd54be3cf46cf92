"""Notices when the process stands still: then deadlines pass that no call is to blame for.

A thread wakes ten times a second. When it wakes much too late nothing else ran either: the machine was busy or asleep,
or something in the process kept all threads from running. The CPU time used meanwhile tells the two apart.
"""

from __future__ import annotations

import threading
import time
from typing import Callable, List, Optional, Tuple

_BEAT = 0.1
_LATE = 1.0  # seconds


class Heart:
    """Beats between entry and exit.

    Attributes:
      stops: When the process stood still, from when to when.
    """

    def __init__(
        self,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        """Be still; standstills are said to `report`."""
        self.stops: List[Tuple[float, float]] = []
        self._report = report
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._last: Optional[Tuple[float, float]] = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="faults-heart", daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(_BEAT):
            self.beat()

    def beat(self) -> None:
        """Look at the clocks."""
        now, used = self._clock(), self._cpu_clock()
        if self._last is not None:
            before, used_before = self._last
            if now - before > _BEAT + _LATE:
                self.stops.append((before, now))
                self._report(
                    f"  the process stood still for {now - before:.1f} s until {now:.3f}, "
                    f"and used the CPU for {used - used_before:.1f} s of them"
                )
        self._last = now, used

    def stopped_between(self, begin: float, end: float) -> bool:
        """Whether the process stood still at some time between two points of the clock."""
        return any(first < end and last > begin for first, last in self.stops)
