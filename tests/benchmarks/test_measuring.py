"""``benchmarks/scripts/measuring.py``: what is counted, and how percentiles are taken."""

from __future__ import annotations

import importlib
import io
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
    for name in ("measuring", "usage", "line_protocol"):
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


def test_the_messages_of_streams_are_counted_and_have_no_latency(measuring: Any) -> None:
    result = measuring.run(lambda parameters, stopwatch: stopwatch.count(5000, True), {}, seconds=1.0)
    assert result["count"] == 5000
    assert "p50_us" not in result


def test_a_wrong_stream_ends_the_measurement(measuring: Any) -> None:
    with pytest.raises(ValueError, match="not the one that was asked for"):
        measuring.run(lambda parameters, stopwatch: stopwatch.count(5000, False), {}, seconds=1.0)


def test_with_pieces_in_the_parameters_it_is_their_number_that_ends_the_measurement(measuring: Any) -> None:
    def driver(parameters: Any, stopwatch: Any) -> None:
        while not stopwatch.over():
            stopwatch.done(stopwatch.started, True)
            stopwatch.count(2, True)

    assert measuring.run(driver, {"pieces": 9}, seconds=0.0)["count"] == 9


def test_the_usage_tells_cpu_time_and_what_has_arrived(measuring: Any) -> None:
    used = measuring.usage.now(arrived=3, collect=True)
    assert used["arrived"] == 3
    assert used["cpu_seconds"] > 0


def test_threads_and_memory_are_those_of_this_process(measuring: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Name:\tpython\nVmPeak:\t 9 kB\nVmHWM:\t 300 kB\nVmRSS:\t 200 kB\nThreads:\t7\n"
    monkeypatch.setattr("builtins.open", lambda path, encoding: io.StringIO(text))
    assert measuring.usage.status() == {"peak_kib": 300, "rss_kib": 200, "threads": 7}


def test_without_proc_there_is_no_word_of_threads_and_memory(measuring: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(path: str, encoding: str) -> None:
        raise FileNotFoundError(path)

    monkeypatch.setattr("builtins.open", absent)
    assert measuring.usage.status() == {}
