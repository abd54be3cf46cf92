"""Tokens that retries are made of: wire facts, section 11, `retryThrottling`."""

from __future__ import annotations

from grpc._links._service_config import RetryThrottling
from grpc._links._throttle import Throttle


def _throttle(tokens: float, ratio: float = 0.5, failures: int = 0) -> Throttle:
    throttle = Throttle(RetryThrottling(tokens, ratio))
    for _ in range(failures):
        throttle.on_failure()
    return throttle


class TestThrottle:
    def test_it_starts_full(self) -> None:
        assert (_throttle(10).tokens, _throttle(10).allows) == (10, True)

    def test_a_failure_costs_one_token(self) -> None:
        assert _throttle(10, failures=3).tokens == 7

    def test_there_are_no_retries_with_half_of_the_tokens_or_fewer(self) -> None:
        assert _throttle(10, failures=4).allows
        assert not _throttle(10, failures=5).allows
        assert not _throttle(10, failures=6).allows

    def test_half_of_an_odd_number_is_no_whole_number(self) -> None:
        assert _throttle(5, failures=2).allows
        assert not _throttle(5, failures=3).allows

    def test_there_are_never_fewer_than_none(self) -> None:
        assert _throttle(2, failures=9).tokens == 0

    def test_a_success_brings_the_ratio(self) -> None:
        throttle = _throttle(10, 0.25, failures=5)
        throttle.on_success()
        assert throttle.tokens == 5.25
        assert throttle.allows

    def test_there_are_never_more_than_at_the_start(self) -> None:
        throttle = _throttle(10, 0.7, failures=1)
        throttle.on_success()
        throttle.on_success()
        assert throttle.tokens == 10

    def test_three_decimals_are_summed_exactly(self) -> None:
        throttle = _throttle(10, 0.001, failures=1)
        for _ in range(999):
            throttle.on_success()
        assert throttle.tokens == 9.999
        throttle.on_success()
        assert throttle.tokens == 10

    def test_its_representation_names_its_state(self) -> None:
        assert repr(_throttle(10, failures=3)) == "<Throttle: 7 of 10 tokens>"
