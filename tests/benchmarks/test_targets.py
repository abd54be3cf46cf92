"""``benchmarks/targets.py``: which figures are compared, and when a target counts as reached."""

from __future__ import annotations

import pytest

from benchmarks import discovery, report, targets
from benchmarks.entries import Workload
from benchmarks.targets import AT_LEAST, AT_MOST, Target, Verdict

CALLS = Workload("calls", "some calls", "calls")


def row(peer: str, **medians: float) -> report.Row:
    """Return a row of ``calls`` with these medians."""
    return report.Row("calls", peer, 1, {name: report.spread([value]) for name, value in medians.items()}, {})


@pytest.mark.parametrize(
    ("bound", "value", "reached"),
    [(AT_LEAST, 1.5, True), (AT_LEAST, 1.49, False), (AT_MOST, 1.5, True), (AT_MOST, 1.51, False)],
)
def test_the_limit_itself_is_within(bound: str, value: float, reached: bool) -> None:
    assert Verdict(Target("calls", "ours", bound, 1.5), "rate", value).reached is reached


def test_the_headline_is_compared_unless_another_metric_is_named() -> None:
    made = [row("ours", rate=30.0, cpu_us=1.0), row("other", rate=20.0, cpu_us=4.0)]
    wanted = [
        Target("calls", "ours", AT_LEAST, 1, ("other",)),
        Target("calls", "ours", AT_MOST, 1, ("other",), "cpu_us"),
    ]
    verdicts = targets.judge(made, [CALLS], wanted)
    assert [(verdict.metric, verdict.value) for verdict in verdicts] == [("rate", 1.5), ("cpu_us", 0.25)]


def test_the_best_of_the_others_counts_whether_more_or_less_is_better() -> None:
    made = [row("ours", rate=60.0), row("first", rate=20.0), row("second", rate=30.0)]
    wanted = [Target("calls", "ours", bound, 2.0, ("first", "second")) for bound in (AT_LEAST, AT_MOST)]
    assert [verdict.value for verdict in targets.judge(made, [CALLS], wanted)] == [2.0, 3.0]


@pytest.mark.parametrize(("threads", "reached"), [(0.0, True), (1.5, False)])
def test_without_others_the_number_stands_for_itself_a_zero_too(threads: float, reached: bool) -> None:
    (verdict,) = targets.judge(
        [row("ours", threads=threads)], [CALLS], [Target("calls", "ours", AT_MOST, 0, (), "threads")]
    )
    assert (verdict.value, verdict.reached) == (threads, reached)


@pytest.mark.parametrize("missing", ["ours", "first", "second"])
def test_nothing_is_judged_unless_everybody_was_measured(missing: str) -> None:
    made = [row(name, rate=1.0) for name in ("ours", "first", "second") if name != missing]
    assert targets.judge(made, [CALLS], [Target("calls", "ours", AT_LEAST, 1, ("first", "second"))]) == []


def test_a_verdict_says_what_was_wanted_and_what_was_found() -> None:
    target = Target("calls", "ours", AT_LEAST, 1.4, ("first", "second"))
    assert str(Verdict(target, "rate", 2.0)) == (
        "target ours rate at least 1.4 x first or second (the better one): 2.00, reached"
    )
    assert str(Verdict(target._replace(against=("first",)), "rate", 1.0)) == (
        "target ours rate at least 1.4 x first: 1.00, NOT REACHED"
    )


@pytest.mark.parametrize(
    "target", targets.TARGETS, ids=lambda each: f"{each.workload}-{each.peer}-{each.metric}-{each.against}"
)
def test_a_target_names_one_of_ours_and_peers_that_offer_its_workload(target: Target) -> None:
    peers = discovery.peers()
    assert peers[target.peer].is_ours
    assert all(target.workload in peers[name].workloads for name in (target.peer, *target.against))


def test_no_target_is_there_twice() -> None:
    assert len(set(targets.TARGETS)) == len(targets.TARGETS)
