from __future__ import annotations

from typing import List

from tests.faults.heart import Heart


class _Clocks:
    def __init__(self) -> None:
        self.now = 100.0
        self.used = 0.0
        self.reports: List[str] = []
        self.heart = Heart(self.reports.append, lambda: self.now, lambda: self.used)

    def beat(self, after: float, used: float = 0.0) -> None:
        self.now += after
        self.used += used
        self.heart.beat()


def test_a_heart_that_beats_in_time_says_nothing() -> None:
    clocks = _Clocks()
    for _ in range(5):
        clocks.beat(0.9)
    assert clocks.reports == []
    assert not clocks.heart.stopped_between(0, 1000)


def test_a_late_beat_is_a_standstill_with_its_times_and_the_cpu_time_used() -> None:
    clocks = _Clocks()
    clocks.beat(0.1)
    clocks.beat(5.0, 4.5)
    assert clocks.reports == ["  the process stood still for 5.0 s until 105.100, and used the CPU for 4.5 s of them"]
    assert clocks.heart.stopped_between(104, 104.5)
    assert not clocks.heart.stopped_between(90, 100.1)
    assert not clocks.heart.stopped_between(105.1, 110)
