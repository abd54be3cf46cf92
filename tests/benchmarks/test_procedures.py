"""``benchmarks``' procedures: the metrics that they make of what the processes say; no process is started."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from benchmarks import fresh, growth, staged, timed


def stage(count: int, cpu: float, rss: int, threads: int, **result: float) -> staged.Stage:
    """Return a stage after which both processes have used so much in all; the server so much CPU time in the stage."""
    usage: Dict[str, Any] = {"cpu_seconds": cpu, "rss_kib": rss, "threads": threads}
    return staged.Stage(count, count * 0.001, dict(result), usage, count * 0.0002, usage)


def test_cpu_time_is_given_per_call_and_the_rate_in_the_workloads_unit() -> None:
    result: Dict[str, Any] = {"count": 10, "elapsed_seconds": 2.0, "client_cpu_seconds": 0.001, "p50_us": 3.0}
    assert timed.metrics(result, server_cpu_seconds=0.002, scale=4.0) == pytest.approx(
        {"rate": 20.0, "cpu_us": 300.0, "client_cpu_us": 100.0, "server_cpu_us": 200.0, "calls": 10, "p50_us": 3.0}
    )


class TestStaged:
    """What is opened and kept."""

    def test_time_cpu_and_memory_are_those_that_each_of_the_last_stage_adds(self) -> None:
        found = staged.metrics([stage(1, 1.0, 1000, 2), stage(10, 2.0, 1100, 2), stage(100, 4.0, 1600, 2, p50_us=7.0)])
        assert {name: found[name] for name in ("opened", "open_us", "client_cpu_us", "server_cpu_us", "cpu_us")} == (
            pytest.approx(
                {"opened": 100, "open_us": 1000, "client_cpu_us": 20000, "server_cpu_us": 200, "cpu_us": 20200}
            )
        )
        assert (found["client_kib"], found["server_kib"], found["p50_us"]) == (5.0, 5.0, 7.0)

    def test_growth_is_what_ten_of_the_last_stage_cost_by_one_of_the_stage_before(self) -> None:
        found = staged.metrics([stage(1, 1.0, 0, 1), stage(10, 1.008, 0, 1), stage(100, 1.188, 0, 1)])
        # 0.8 ms and then 1.8 ms each in the client, 0.2 ms in the server both times.
        assert found["growth"] == pytest.approx(20.0)

    def test_threads_are_compared_with_those_of_the_first_stage(self) -> None:
        found = staged.metrics([stage(1, 1.0, 0, 2), stage(10, 2.0, 0, 12), stage(100, 3.0, 0, 13)])
        assert (found["client_threads_of_one"], found["client_threads"], found["more_threads"]) == (2, 13, 22)

    def test_without_proc_there_is_no_word_of_threads_and_memory(self) -> None:
        bare = [each._replace(client={"cpu_seconds": 1.0}, server={}) for each in [stage(1, 1.0, 0, 1)] * 2]
        assert not {name for name in staged.metrics(bare) if "threads" in name or "kib" in name}


class TestGrowth:
    """Ten times as much to do."""

    def test_it_is_the_median_cost_of_the_large_stage_by_that_of_the_small_one(self) -> None:
        found = growth.metrics([2.0, 3.0, 90.0], [3.3, 0.1, 3.4], small_weight=1, large_weight=10)
        assert found == pytest.approx({"growth": 11.0, "small_cpu_us": 3.0, "large_cpu_us": 3.3})

    def test_only_how_the_weights_compare_counts(self) -> None:
        assert growth.metrics([1.0], [1.0], small_weight=2, large_weight=20)["growth"] == 10.0

    def test_a_piece_that_is_ten_times_as_large_itself_has_no_weight(self) -> None:
        assert growth.metrics([1.0], [10.0], small_weight=1, large_weight=1)["growth"] == 10.0


def test_of_fresh_processes_the_medians_count_and_the_first_one_does_not() -> None:
    told = [{"versions": {"h2": "1"}, "ms": ms} for ms in (900.0, 3.0, 1.0, 2.0)]
    assert fresh._medians(told) == ({"versions": {"h2": "1"}}, {"ms": 2.0})
