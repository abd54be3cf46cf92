"""The moment at which an operation expires."""

from __future__ import annotations

from typing import List, Optional

from grpc.framework.core._deadline import Deadline
from tests.framework.core._kit import Environment


class Expiring:
    """Notes whether its deadline has passed, each time that a timer comes."""

    def __init__(self, maximum: Optional[float] = None) -> None:
        self.environment = Environment()
        self.seen: List[bool] = []
        self.deadline = Deadline(self.environment, maximum, lambda: self.seen.append(self.deadline.passed()))


def test_calls_when_the_time_has_come() -> None:
    expiring = Expiring()
    expiring.deadline.put(2.0)
    expiring.environment.advance(1.9)
    assert expiring.seen == []
    expiring.environment.advance(0.1)
    assert expiring.seen == [True]


def test_can_be_put_off_and_brought_forward() -> None:
    expiring = Expiring()
    expiring.deadline.put(2.0)
    expiring.deadline.put(5.0)
    expiring.environment.advance(4.0)
    assert expiring.seen == []
    expiring.deadline.put(0.5)
    expiring.environment.advance(0.5)
    assert expiring.seen == [True]
    assert expiring.environment.pending == 0


def test_is_put_no_further_ahead_than_the_maximum() -> None:
    expiring = Expiring(maximum=3.0)
    expiring.deadline.put(10.0)
    assert expiring.deadline.remaining() == 3.0
    expiring.deadline.put(1.0)
    assert expiring.deadline.remaining() == 1.0


def test_an_early_timer_is_set_again() -> None:
    expiring = Expiring()
    expiring.deadline.put(2.0)
    expiring.environment.actions[0]()
    assert expiring.seen == [False]
    assert expiring.environment.pending == 1
    expiring.environment.advance(2.0)
    assert expiring.seen == [False, True]


def test_calls_no_more_once_cancelled() -> None:
    expiring = Expiring()
    expiring.deadline.put(2.0)
    expiring.deadline.cancel()
    expiring.environment.advance(5.0)
    assert expiring.seen == []
    assert expiring.environment.pending == 0


def test_nothing_remains_once_it_has_passed() -> None:
    expiring = Expiring()
    expiring.deadline.put(2.0)
    expiring.environment.advance(5.0)
    assert expiring.deadline.remaining() == 0.0
