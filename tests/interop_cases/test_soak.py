"""The account of a soak."""

from __future__ import annotations

import itertools

import pytest

from grpc.interop import _flags, _rules, _soak


class _Clock:
    """In place of the module's `time`."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(_soak, "time", clock)
    return clock


def _account(**lasting: float) -> _soak.Account:
    return _soak.Account(_flags.Lasting()._replace(**lasting))  # type: ignore[arg-type]


def test_calls_that_are_done_in_time_settle(clock: _Clock) -> None:
    account = _account(iterations=3, acceptable_latency=1.0)
    for _ in account.turns():
        begin = clock.now
        clock.now += 1.0
        account.note(begin, None)
    account.settle()


def test_a_call_waits_until_its_turn_has_come(clock: _Clock) -> None:
    account = _account(iterations=3, spacing=2.0)
    waits = []
    for wait, seconds in zip(account.turns(), (0.5, 5.0, 0.0)):
        waits.append(wait)
        clock.now += wait + seconds
    assert waits == [0.0, 1.5, 0.0]


def test_failed_and_late_calls_count_alike(clock: _Clock) -> None:
    account = _account(iterations=3, acceptable_latency=1.0, max_failures=1)
    for seconds, failure in ((0.5, "ended with UNAVAILABLE: gone"), (1.5, None), (1.0, None)):
        begin = clock.now
        clock.now += seconds
        account.note(begin, failure)
    with pytest.raises(_rules.Failed) as failed:
        account.settle()
    assert str(failed.value) == (
        "2 of 3 calls failed, and 1 may: call 1 ended with UNAVAILABLE: gone; "
        "call 2 took 1.500 s, and at most 1 s are acceptable"
    )


def test_as_many_failures_as_may_be_settle(clock: _Clock) -> None:
    account = _account(iterations=2, max_failures=1)
    account.note(clock.now, "ended with UNAVAILABLE: gone")
    account.note(clock.now, None)
    account.settle()


def test_no_call_begins_when_the_time_is_over(clock: _Clock) -> None:
    account = _account(iterations=5, overall_timeout=2.0)
    for _ in itertools.islice(account.turns(), 4):
        begin = clock.now
        clock.now += 1.0
        account.note(begin, None)
    with pytest.raises(_rules.Failed, match=r"^2 of 5 calls were made when the 2 s were over$"):
        account.settle()
