"""From measurements to medians, ratios and a table; pure.

A ratio is the median of ours by the median of the peer, over the rounds of one run: medians, because a busy machine
makes single rounds slow but never fast, and one run, because figures of two runs do not compare.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, NamedTuple, Optional, Sequence

if TYPE_CHECKING:
    from benchmarks import targets
    from benchmarks.entries import Peer, Workload
    from benchmarks.runner import Measurement


class Spread(NamedTuple):
    """One metric over the rounds."""

    median: float
    low: float
    high: float


class Row(NamedTuple):
    """One peer at one workload: each metric's spread, and the ratio of each of ours to it at the headline."""

    workload: str
    peer: str
    rounds: int
    spreads: Dict[str, Spread]
    ratios: Dict[str, float]


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the extremes of ``values``, of which there is at least one."""
    return Spread(statistics.median(values), min(values), max(values))


def ratio(ours: float, peer: float, higher_is_better: bool = True) -> Optional[float]:
    """Return how many times better ours is than the peer; None when a zero makes that meaningless."""
    better, worse = (ours, peer) if higher_is_better else (peer, ours)
    return better / worse if worse else None


def rows(measurements: Iterable[Measurement], peers: Sequence[Peer], workloads: Sequence[Workload]) -> List[Row]:
    """Return a row per workload and peer that was measured, in the order given."""
    measured: Dict[Any, List[Dict[str, float]]] = {}
    for measurement in measurements:
        measured.setdefault((measurement.workload, measurement.peer), []).append(measurement.metrics)
    spreads = {key: _spreads(metrics) for key, metrics in measured.items()}
    made = []
    for workload in workloads:
        for peer in peers:
            key = (workload.name, peer.name)
            if key in spreads:
                ratios = {}
                for our in peers:
                    our_spreads = spreads.get((workload.name, our.name))
                    if our.is_ours and our is not peer and our_spreads is not None:
                        value = _headline_ratio(our_spreads, spreads[key], workload)
                        if value is not None:
                            ratios[our.name] = value
                made.append(Row(workload.name, peer.name, len(measured[key]), spreads[key], ratios))
    return made


def table(made: Sequence[Row], workloads: Sequence[Workload], verdicts: Sequence[targets.Verdict] = ()) -> str:
    """Return the rows as text, a block per workload, figures aligned to the right, targets beneath."""
    blocks = []
    for workload in workloads:
        chosen = [row for row in made if row.workload == workload.name]
        if chosen:
            judged = [str(verdict) for verdict in verdicts if verdict.target.workload == workload.name]
            blocks.append("\n".join([workload.title, *_block(chosen, workload), *judged]))
    return "\n\n".join(blocks)


def as_json(made: Iterable[Row]) -> List[Dict[str, Any]]:
    """Return the rows as JSON values."""
    return [
        {**row._asdict(), "spreads": {metric: value._asdict() for metric, value in row.spreads.items()}} for row in made
    ]


def _spreads(metrics: Sequence[Dict[str, float]]) -> Dict[str, Spread]:
    names = {name: None for each in metrics for name in each}
    return {name: spread([each[name] for each in metrics if name in each]) for name in names}


def _headline_ratio(ours: Dict[str, Spread], peer: Dict[str, Spread], workload: Workload) -> Optional[float]:
    if workload.headline not in ours or workload.headline not in peer:
        return None
    return ratio(ours[workload.headline].median, peer[workload.headline].median, workload.higher_is_better)


def _block(chosen: Sequence[Row], workload: Workload) -> List[str]:
    our_names = list({name: None for row in chosen for name in row.ratios})
    # Only what somebody was measured at.
    columns = {head: name for head, name in workload.columns.items() if any(name in row.spreads for row in chosen)}
    lines = [["peer", workload.unit, "lowest", "highest", *columns, *(f"{name}/peer" for name in our_names)]]
    for row in chosen:
        headline = row.spreads.get(workload.headline)
        lines.append(
            [
                row.peer,
                *(figure(value) for value in (headline or (None, None, None))),
                *(figure(row.spreads[metric].median if metric in row.spreads else None) for metric in columns.values()),
                *(f"{row.ratios[name]:.2f}" if name in row.ratios else "-" for name in our_names),
            ]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join([line[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(line[1:], widths[1:]))])
        for line in lines
    ]


def figure(value: Optional[float]) -> str:
    """Return a value as the table shows it: in full, small ones with two decimals."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 10 or float(value).is_integer() else f"{value:.2f}"
