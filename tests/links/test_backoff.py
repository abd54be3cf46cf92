"""Wire facts, section 9: 1 s, x 1.6, at most 120 s, jitter 20 %."""

from __future__ import annotations

import random

import pytest

from grpc._links._backoff import Backoff


class TestBackoff:
    def test_it_grows_by_six_tenths_up_to_the_maximum(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)
        backoff = Backoff(1.0, 120.0)
        delays = [backoff.advance() for _ in range(13)]
        assert delays[:4] == pytest.approx([1.0, 1.6, 2.56, 4.096])
        assert delays[10:] == pytest.approx([1.6**10, 120.0, 120.0])

    def test_it_varies_by_a_fifth(self) -> None:
        delays = [Backoff(1.0, 120.0).advance() for _ in range(500)]
        assert 0.8 <= min(delays) < 0.85
        assert 1.15 < max(delays) <= 1.2

    def test_it_begins_afresh_after_a_success(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)
        backoff = Backoff(1.0, 120.0)
        backoff.advance()
        backoff.advance()
        backoff.reset()
        assert backoff.advance() == 1.0

    def test_an_initial_backoff_over_the_maximum_is_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(random, "uniform", lambda low, high: 1.0)
        assert Backoff(10.0, 5.0).advance() == 5.0
