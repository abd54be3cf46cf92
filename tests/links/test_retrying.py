"""The decision about another attempt: wire facts, section 11, `retryPolicy` and pushback."""

from __future__ import annotations

from typing import List, Optional, Tuple

import pytest

from grpc._links._retrying import NEVER, Course, read_pushback
from grpc._links._service_config import RetryPolicy, RetryThrottling
from grpc._links._throttle import Throttle

OK, INTERNAL, UNAVAILABLE = 0, 13, 14


def _course(attempts: int = 5, initial: float = 1.0, most: float = 100.0, multiplier: float = 2.0) -> Course:
    return Course(RetryPolicy(attempts, initial, most, multiplier, frozenset({UNAVAILABLE})))


def _after(
    course: Course,
    code: int = UNAVAILABLE,
    pushback: Optional[float] = None,
    committed: bool = False,
    throttle: Optional[Throttle] = None,
) -> Optional[float]:
    return course.after(code, pushback, committed, throttle, lambda low, high: 1.0)


class TestPolicy:
    def test_a_retryable_status_is_tried_again(self) -> None:
        assert _after(_course()) is not None

    @pytest.mark.parametrize("code", [OK, INTERNAL])
    def test_any_other_status_is_not(self, code: int) -> None:
        assert _after(_course(), code) is None

    def test_a_committed_call_is_not(self) -> None:
        assert _after(_course(), committed=True) is None

    @pytest.mark.parametrize("attempts", [2, 3, 5])
    def test_there_are_max_attempts_the_first_one_included(self, attempts: int) -> None:
        course = _course(attempts)
        delays = [_after(course) for _ in range(attempts)]
        assert [delay is None for delay in delays] == [False] * (attempts - 1) + [True]
        assert course.attempts == attempts

    def test_the_delay_grows_by_the_multiplier_up_to_max_backoff(self) -> None:
        course = _course(initial=0.5, most=3.0, multiplier=2.0)
        assert [_after(course) for _ in range(4)] == [0.5, 1.0, 2.0, 3.0]

    def test_an_initial_backoff_above_the_most_is_the_most(self) -> None:
        assert _after(_course(initial=9.0, most=3.0)) == 3.0

    def test_the_delay_is_up_to_a_fifth_less_or_more_at_random(self) -> None:
        asked: List[Tuple[float, float]] = []

        def draw(low: float, high: float) -> float:
            asked.append((low, high))
            return high

        course = _course(initial=1.0, most=3.0, multiplier=10.0)
        delays = [course.after(UNAVAILABLE, None, False, None, draw) for _ in range(2)]
        assert asked == [(0.8, 1.2)] * 2
        assert delays == [1.2, pytest.approx(3.6)]


class TestPushback:
    @pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("1500", 1.5), ("007", 0.007)])
    def test_a_non_negative_number_of_milliseconds_is_a_delay(self, value: str, seconds: float) -> None:
        assert read_pushback((("a", "b"), ("grpc-retry-pushback-ms", value))) == seconds

    @pytest.mark.parametrize("value", ["-1", "", " 1", "1.5", "soon", "1e3", "+1", "12345678901", "\u0661", b"5"])
    def test_anything_else_means_not_to_come_back(self, value: object) -> None:
        assert read_pushback((("grpc-retry-pushback-ms", value),)) == NEVER

    def test_two_of_them_mean_not_to_come_back(self) -> None:
        assert read_pushback((("grpc-retry-pushback-ms", "1"), ("grpc-retry-pushback-ms", "1"))) == NEVER

    @pytest.mark.parametrize("metadata", [None, (), (("a", "1"),)])
    def test_none_of_them_says_nothing(self, metadata: Optional[Tuple[Tuple[str, str], ...]]) -> None:
        assert read_pushback(metadata) is None

    def test_a_pushback_is_the_delay_exactly(self) -> None:
        course = _course(most=1.0)
        assert course.after(UNAVAILABLE, 7.5, False, None, lambda low, high: high) == 7.5

    def test_the_backoff_restarts_after_a_pushback(self) -> None:
        course = _course(initial=1.0)
        assert [_after(course), _after(course), _after(course, pushback=0.0), _after(course)] == [1.0, 2.0, 0.0, 1.0]

    def test_a_negative_pushback_ends_the_attempts(self) -> None:
        assert _after(_course(), pushback=NEVER) is None

    def test_a_pushback_does_not_make_a_status_retryable(self) -> None:
        assert _after(_course(), INTERNAL, pushback=1.0) is None

    def test_a_pushback_does_not_add_attempts(self) -> None:
        course = _course(2)
        assert [_after(course, pushback=1.0), _after(course, pushback=1.0)] == [1.0, None]


class TestThrottling:
    @pytest.mark.parametrize(
        ("code", "pushback", "tokens"),
        [
            (UNAVAILABLE, None, 5.0),
            (UNAVAILABLE, 1.0, 5.0),
            (UNAVAILABLE, NEVER, 5.0),
            (INTERNAL, NEVER, 5.0),
            (INTERNAL, None, 6.0),
            (INTERNAL, 1.0, 6.0),
            (OK, None, 6.5),
        ],
    )
    def test_retryable_failures_and_negative_pushback_cost_a_token_and_success_brings_one(
        self, code: int, pushback: Optional[float], tokens: float
    ) -> None:
        throttle = Throttle(RetryThrottling(7.0, 0.5))
        throttle.on_failure()
        _after(_course(), code, pushback, throttle=throttle)
        assert throttle.tokens == tokens

    def test_a_failure_that_is_not_tried_again_costs_a_token_all_the_same(self) -> None:
        throttle = Throttle(RetryThrottling(10.0, 0.5))
        _after(_course(), committed=True, throttle=throttle)
        course = _course(2)
        _after(course, throttle=throttle)
        _after(course, throttle=throttle)
        assert throttle.tokens == 7.0

    def test_the_failure_that_brings_the_tokens_down_to_half_is_not_tried_again(self) -> None:
        throttle = Throttle(RetryThrottling(4.0, 0.5))
        course = _course()
        assert _after(course, throttle=throttle) is not None
        assert _after(course, throttle=throttle) is None
        assert course.attempts == 2


def test_its_representation_names_its_state() -> None:
    assert repr(_course(3)) == "<Course: attempt 1 of 3>"
