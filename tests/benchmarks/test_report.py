"""``benchmarks``: the arithmetic, the table and the entries; no process is started."""

from __future__ import annotations

import ast
import dataclasses
import json
from typing import TYPE_CHECKING, List, Optional

import pytest

from benchmarks import __main__ as command
from benchmarks import discovery, machine, report, runner, targets
from benchmarks.entries import SCRIPTS, Peer, Workload, this_python

if TYPE_CHECKING:
    from pathlib import Path


def peer(name: str, is_ours: bool = False) -> Peer:
    """Return a peer that nobody starts."""
    return Peer(name, name, this_python, "client.py", "server.py", ("calls",), is_ours=is_ours)


def measurements(name: str, rates: List[float], **others: float) -> List[runner.Measurement]:
    """Return one measurement of ``calls`` per rate."""
    return [runner.Measurement(name, "calls", number, {"rate": rate, **others}) for number, rate in enumerate(rates)]


CALLS = Workload("calls", "some calls", "calls")
OURS, OTHER = peer("ours", is_ours=True), peer("other")


class TestMedians:
    """What a row says of a peer's rounds."""

    def test_the_middle_round_counts_and_the_extremes_are_kept(self) -> None:
        assert report.spread([3.0, 100.0, 2.0]) == report.Spread(median=3.0, low=2.0, high=100.0)

    def test_between_two_middle_rounds_lies_the_median(self) -> None:
        assert report.spread([1.0, 2.0, 4.0, 100.0]).median == 3.0

    def test_every_metric_has_its_own_median_and_rounds_without_it_do_not_count(self) -> None:
        measured = [*measurements("other", [1.0, 3.0], p50_us=7.0), *measurements("other", [5.0])]
        (row,) = report.rows(measured, [OTHER], [CALLS])
        assert (row.rounds, row.spreads["rate"].median, row.spreads["p50_us"].median) == (3, 3.0, 7.0)


class TestRatios:
    """How ours is compared."""

    def test_a_ratio_is_ours_by_the_peer_at_the_medians(self) -> None:
        measured = [*measurements("ours", [10.0, 30.0, 20.0]), *measurements("other", [10.0, 1.0, 90.0])]
        ours, other = report.rows(measured, [OURS, OTHER], [CALLS])
        assert (ours.ratios, other.ratios) == ({}, {"ours": 2.0})

    def test_above_one_means_that_ours_is_better_where_less_is_better_too(self) -> None:
        assert report.ratio(10.0, 20.0, higher_is_better=False) == 2.0
        assert report.ratio(20.0, 10.0, higher_is_better=True) == 2.0

    def test_a_zero_gives_no_ratio(self) -> None:
        assert report.ratio(10.0, 0.0) is None

    def test_without_ours_there_are_no_ratios(self) -> None:
        (row,) = report.rows(measurements("other", [1.0]), [OTHER], [CALLS])
        assert row.ratios == {}

    def test_the_headline_is_what_is_compared(self) -> None:
        seconds = Workload("calls", "time", "calls", headline="p50_us", unit="us", higher_is_better=False)
        measured = [*measurements("ours", [1.0], p50_us=5.0), *measurements("other", [9.0], p50_us=20.0)]
        assert report.rows(measured, [OURS, OTHER], [seconds])[1].ratios == {"ours": 4.0}


class TestTable:
    """What is printed and stored."""

    def test_a_block_per_measured_workload_with_aligned_figures(self) -> None:
        measured = [*measurements("ours", [3000.0], p50_us=5.25), *measurements("other", [2000.0, 1000.0])]
        made = report.rows(measured, [OURS, OTHER], [CALLS])
        unmeasured = Workload("none", "nothing", "none")
        assert report.table(made, [CALLS, unmeasured]).splitlines() == [
            "some calls",
            "peer   calls/s  lowest  highest  p50 us  ours/peer",
            "ours     3,000   3,000    3,000    5.25          -",
            "other    1,500   1,000    2,000       -       2.00",
        ]

    def test_a_workload_says_what_else_is_shown_and_what_nobody_was_measured_at_is_not(self) -> None:
        calls = dataclasses.replace(CALLS, columns={"threads": "more_threads", "KiB": "client_kib"})
        made = report.rows(measurements("other", [1.0], more_threads=3), [OTHER], [calls])
        assert report.table(made, [calls]).splitlines()[1:] == [
            "peer   calls/s  lowest  highest  threads",
            "other        1       1        1        3",
        ]

    def test_targets_stand_beneath_the_block_of_their_workload(self) -> None:
        made = report.rows(measurements("ours", [3.5]), [OURS], [CALLS])
        elsewhere = targets.Verdict(targets.Target("none", "ours", targets.AT_MOST, 1.0), "rate", 2.0)
        here = targets.Verdict(targets.Target("calls", "ours", targets.AT_LEAST, 4.0), "rate", 3.5)
        assert report.table(made, [CALLS], [elsewhere, here]).splitlines()[3:] == [
            "target ours rate at least 4: 3.50, NOT REACHED"
        ]

    @pytest.mark.parametrize(
        ("value", "shown"), [(None, "-"), (3, "3"), (3.0, "3"), (3.14159, "3.14"), (31.4, "31"), (31415.9, "31,416")]
    )
    def test_figures_are_short(self, value: Optional[float], shown: str) -> None:
        assert report.figure(value) == shown

    def test_rows_survive_json(self) -> None:
        made = report.rows(measurements("other", [2.0]), [OTHER], [CALLS])
        (stored,) = json.loads(json.dumps(report.as_json(made)))
        assert stored["spreads"]["rate"] == {"median": 2.0, "low": 2.0, "high": 2.0}

    def test_machine_facts_are_json_and_name_cores_and_python(self) -> None:
        facts = json.loads(json.dumps(machine.facts()))
        assert facts["cores"] >= 1
        assert facts["python"]


class TestRunner:
    """The pure parts of taking turns."""

    def test_who_begins_changes_with_the_round(self) -> None:
        third = peer("third")
        orders = [[each.name for each in runner.turns([OURS, OTHER, third], number)] for number in range(4)]
        assert orders == [
            ["ours", "other", "third"],
            ["other", "third", "ours"],
            ["third", "ours", "other"],
            ["ours", "other", "third"],
        ]

    def test_every_procedure_of_a_workload_exists(self) -> None:
        assert {each.procedure for each in discovery.workloads().values()} <= set(runner.PROCEDURES)


class TestEntries:
    """Adding a file is all it takes to add an entry, if the file is complete."""

    def test_the_entries_are_found_with_ours_first(self) -> None:
        assert next(iter(discovery.peers())).startswith("ours")
        assert {"grpcio_sync", "grpcio_aio", "grpclib", "bare_h2"} <= set(discovery.peers())
        assert {"unary_sequence", "unary_in_flight"} <= set(discovery.workloads())

    def test_every_file_that_looks_like_an_entry_is_one(self) -> None:
        for found, package in ((discovery.peers(), "peers"), (discovery.workloads(), "workloads")):
            files = {path.stem for path in (SCRIPTS.parent / package).glob("*.py")} - {"__init__"}
            assert files == set(found)

    @pytest.mark.parametrize("name", sorted(discovery.peers()))
    def test_a_peer_names_scripts_that_exist_and_workloads_that_are_known(self, name: str) -> None:
        each = discovery.peers()[name]
        discovery.check([each], discovery.workloads())
        for script in filter(None, (each.client, each.server, each.first_call)):
            ast.parse((SCRIPTS / script).read_text(encoding="utf-8"))

    @pytest.mark.parametrize("name", sorted(discovery.workloads()))
    def test_a_workload_is_offered_by_ours_and_has_json_parameters(self, name: str) -> None:
        json.dumps(dict(discovery.workloads()[name].parameters))
        assert any(each.is_ours and name in each.workloads for each in discovery.peers().values())

    @pytest.mark.parametrize("name", sorted(discovery.peers()))
    def test_a_peer_that_is_imported_says_what_its_user_imports_and_how_it_makes_a_first_call(self, name: str) -> None:
        each = discovery.peers()[name]
        procedures = {discovery.workloads()[workload].procedure for workload in each.workloads}
        assert ("import" in procedures) == bool(each.modules)
        assert ("first_call" in procedures) == bool(each.first_call)

    def test_a_peer_with_an_unknown_workload_is_refused(self) -> None:
        with pytest.raises(LookupError, match="peer other offers unknown workloads: calls"):
            discovery.check([OTHER], ["unary_sequence"])

    def test_filters_keep_the_order_and_an_unknown_name_is_refused(self) -> None:
        entries = {"a": 1, "b": 2, "c": 3}
        assert discovery.select(entries, []) == [1, 2, 3]
        assert discovery.select(entries, ["c", "a"]) == [1, 3]
        with pytest.raises(LookupError, match="unknown: x; known are a, b, c"):
            discovery.select(entries, ["a", "x"])


class TestCommand:
    """``python -m benchmarks`` where it measures nothing."""

    def test_list_shows_every_entry(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["--list"]) == 0
        shown = capsys.readouterr().out
        assert all(name in shown for name in [*discovery.peers(), *discovery.workloads()])

    def test_an_unknown_peer_is_told_and_nothing_is_written(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "figures.json"
        assert command.main(["--peer", "nobody", "--json", str(path)]) == 2
        told = capsys.readouterr().err
        assert told.startswith("unknown: nobody; known are ")
        assert "ours_sync" in told
        assert not path.exists()

    @pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--seconds", "-1"], ["--seconds", "nan"]])
    def test_counts_and_times_out_of_range_are_refused(
        self, arguments: List[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            command.main(arguments)
        assert "must be" in capsys.readouterr().err
