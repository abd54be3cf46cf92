"""What came of one case, and of the cases of one client with one server."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, NamedTuple, Optional

PASSED, FAILED, NOT_RUN = "passed", "failed", "not_run"
ALL = (PASSED, FAILED, NOT_RUN)


class Verdict(NamedTuple):
    """What came of a case.

    Attributes:
        result: one of ``ALL``.
        why: the reason, unless it passed.
    """

    result: str
    why: Optional[str] = None


Verdicts = Dict[str, Verdict]


def read(line: Mapping[str, Any]) -> Verdict:
    """The verdict in a line that a client printed.

    Raises:
        ValueError: it has none.
    """
    result = line.get("result")
    if result not in ALL:
        raise ValueError(f"a client said {dict(line)!r}, which tells nothing of a case")
    if result == PASSED:
        return Verdict(PASSED)
    return Verdict(result, str(line.get("why") or "no reason given"))


def not_run(cases: Iterable[str], why: str) -> Verdicts:
    """All of them not run."""
    return {case: Verdict(NOT_RUN, why) for case in cases}


def failed(cases: Iterable[str], why: str) -> Verdicts:
    """All of them failed."""
    return {case: Verdict(FAILED, why) for case in cases}


def count(verdicts: Iterable[Verdict]) -> Dict[str, int]:
    """How many there are of each result."""
    counts = dict.fromkeys(ALL, 0)
    for verdict in verdicts:
        counts[verdict.result] += 1
    return counts


def told(counts: Mapping[str, int]) -> str:
    """The counts, for a person."""
    return f"{counts[PASSED]} passed, {counts[FAILED]} failed, {counts[NOT_RUN]} not run"
