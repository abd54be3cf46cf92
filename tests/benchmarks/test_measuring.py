"""``benchmarks/scripts/measuring.py``: what is counted, and how percentiles are taken."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Iterator, List

import pytest

from benchmarks.entries import LINE_PROTOCOL_FOLDER, SCRIPTS

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module as a script imports it."""
    for folder in (LINE_PROTOCOL_FOLDER, SCRIPTS):
        monkeypatch.syspath_prepend(str(folder))
    yield importlib.import_module("measuring")
    for name in ("measuring", "line_protocol"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([5], 0.5, 5), ([1, 2], 0.5, 1), ([1, 2, 3], 0.5, 2), (list(range(1, 101)), 0.99, 99), ([1, 2, 3], 1.0, 3)],
)
def test_a_percentile_is_the_smallest_value_that_covers_its_share(
    measuring: Any, values: List[int], share: float, expected: int
) -> None:
    assert measuring.percentile(values, share) == expected


def test_every_finished_call_counts_the_ones_after_the_end_too(measuring: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10**12, 10**8))
    monkeypatch.setattr(measuring, "now", lambda: next(clock))

    def driver(parameters: Any, stopwatch: Any) -> None:
        while not stopwatch.over():
            stopwatch.done(measuring.now(), True)
        stopwatch.done(measuring.now(), True)

    # The clock advances by a tenth of a second each time it is read, which is three times per call.
    result = measuring.run(driver, {}, seconds=1.0)
    assert (result["count"], result["elapsed_seconds"], result["p50_us"]) == (4, 1.3, 1e5)


def test_a_wrong_answer_ends_the_measurement(measuring: Any) -> None:
    with pytest.raises(ValueError, match="answered wrongly"):
        measuring.run(lambda parameters, stopwatch: stopwatch.done(stopwatch.started, False), {}, seconds=1.0)
