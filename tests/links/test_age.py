"""Idle time, age and grace of a server's connections: `wire.md` section 10."""

from __future__ import annotations

import math

import pytest

from grpc._links._age import Age, Effect, State
from grpc._values.connection_options import AgeOptions


def _make(max_idle: float = math.inf, max_age: float = math.inf, grace: float = math.inf, jitter: float = 0.0) -> Age:
    return Age(AgeOptions(max_idle, max_age, grace), 0.0, jitter)


class TestIdle:
    """Without a call for max_idle: goodbye."""

    def test_a_connection_that_never_had_a_call_leaves_after_the_idle_time(self) -> None:
        age = _make(max_idle=5.0)
        assert age.deadline == 5.0
        assert age.handle_deadline(4.9) is Effect.NOTHING
        assert age.handle_deadline(5.0) is Effect.LEAVE_IDLE
        assert (age.state, age.deadline) == (State.OVER, None)

    def test_while_calls_are_open_nothing_is_counted(self) -> None:
        age = _make(max_idle=5.0)
        age.on_calls(True, 1.0)
        assert age.deadline is None
        assert age.handle_deadline(100.0) is Effect.NOTHING

    def test_the_idle_time_is_counted_from_the_end_of_the_last_call(self) -> None:
        age = _make(max_idle=5.0)
        age.on_calls(True, 1.0)
        age.on_calls(False, 100.0)
        assert age.deadline == 105.0
        assert age.handle_deadline(105.0) is Effect.LEAVE_IDLE

    def test_calls_are_of_interest_only_with_an_idle_time(self) -> None:
        assert _make(max_idle=5.0).wants_calls
        assert not _make(max_age=5.0).wants_calls


class TestAge:
    """At max_age: goodbye, then the grace, then the end."""

    @pytest.mark.parametrize(("jitter", "when"), [(-1.0, 90.0), (0.0, 100.0), (1.0, 110.0)])
    def test_the_age_is_jittered_by_a_tenth(self, jitter: float, when: float) -> None:
        assert _make(max_age=100.0, jitter=jitter).deadline == pytest.approx(when)

    def test_an_old_connection_leaves_although_calls_are_open(self) -> None:
        age = _make(max_idle=50.0, max_age=100.0)
        age.on_calls(True, 1.0)
        assert age.deadline == 100.0
        assert age.handle_deadline(100.0) is Effect.LEAVE_OLD

    def test_after_the_grace_it_is_closed_hard(self) -> None:
        age = _make(max_age=100.0, grace=7.0)
        age.handle_deadline(101.0)
        assert age.deadline == 108.0
        assert age.handle_deadline(107.9) is Effect.NOTHING
        assert age.handle_deadline(108.0) is Effect.CLOSE

    def test_without_limit_the_grace_lasts(self) -> None:
        age = _make(max_age=100.0)
        age.handle_deadline(100.0)
        assert age.deadline is None

    def test_calls_that_end_in_the_grace_change_nothing_here(self) -> None:
        age = _make(max_idle=1000.0, max_age=100.0, grace=7.0)
        age.on_calls(True, 1.0)
        age.handle_deadline(100.0)
        age.on_calls(False, 101.0)
        assert (age.state, age.deadline) == (State.LEAVING, 107.0)

    def test_idle_and_age_together_go_by_what_comes_first(self) -> None:
        age = _make(max_idle=30.0, max_age=100.0)
        age.on_calls(True, 1.0)
        age.on_calls(False, 80.0)
        assert age.deadline == 100.0
        assert age.handle_deadline(100.0) is Effect.LEAVE_OLD
