"""Timers of a reactor: their order, and what becomes of cancelled ones."""

from __future__ import annotations

from typing import Callable, List

from grpc._io.threads import _timers


def _actions(timers: _timers.Timers, now: float) -> List[Callable[[], None]]:
    return [action for action in map(_timers.take_action, timers.take_due(now)) if action is not None]


def _noting(log: List[int], number: int) -> Callable[[], None]:
    return lambda: log.append(number)


def test_what_is_due_comes_in_the_order_of_time_then_of_setting() -> None:
    timers = _timers.Timers()
    log: List[int] = []
    for number, when in enumerate((3.0, 1.0, 2.0, 1.0)):
        timers.add(when, _noting(log, number))
    for action in _actions(timers, 2.5):
        action()
    assert log == [1, 3, 2]
    assert timers.soonest() == 3.0


def test_a_cancelled_timer_is_not_due_and_not_the_soonest() -> None:
    timers = _timers.Timers()
    first = timers.add(1.0, lambda: None)
    timers.add(2.0, lambda: None)
    first.cancel()
    assert timers.soonest() == 2.0
    assert len(_actions(timers, 5.0)) == 1


def test_one_due_timer_may_cancel_another_that_came_due_with_it() -> None:
    timers = _timers.Timers()
    second = None

    def cancel_second() -> None:
        assert second is not None
        second.cancel()

    timers.add(1.0, cancel_second)
    second = timers.add(1.0, lambda: None)
    first_due, second_due = timers.take_due(1.0)
    action = _timers.take_action(first_due)
    assert action is not None
    action()
    assert _timers.take_action(second_due) is None


def test_cancelling_twice_or_after_the_time_counts_nothing_twice() -> None:
    timers = _timers.Timers()
    timer = timers.add(1.0, lambda: None)
    timer.cancel()
    timer.cancel()
    assert timers.cancelled == 1
    assert _actions(timers, 1.0) == []
    timer.cancel()
    assert timers.cancelled == 0


def test_without_timers_the_soonest_is_never() -> None:
    assert _timers.Timers().soonest() == float("inf")


def test_cancelled_timers_do_not_pile_up() -> None:
    timers = _timers.Timers()
    kept = [timers.add(1e6 + number, lambda: None) for number in range(10)]
    for number in range(20_000):
        timers.add(1000.0 + number, lambda: None).cancel()
    assert len(timers) < 1000
    assert timers.soonest() == 1e6
    assert len(_actions(timers, 2e6)) == len(kept)
