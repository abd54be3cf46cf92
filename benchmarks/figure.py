"""The picture of a run: a bar per peer, a panel per workload, whiskers from the slowest to the fastest round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.entries import Peer, Workload
    from benchmarks.report import Row

_OURS, _OTHERS = "#1f6f8b", "#b0b7bf"


def draw(made: Sequence[Row], peers: Sequence[Peer], workloads: Sequence[Workload], caption: str, path: Path) -> None:
    """Write the picture to ``path``.

    Raises:
        ImportError: matplotlib is not installed; the extra ``bench`` brings it.
    """
    # Only here: it is optional, and slow to import.
    from matplotlib.figure import Figure

    ours = {peer.name for peer in peers if peer.is_ours}
    shown = [workload for workload in workloads if any(row.workload == workload.name for row in made)]
    height = 1.2 + sum(0.7 + 0.32 * sum(row.workload == workload.name for row in made) for workload in shown)
    figure = Figure(figsize=(8, height), layout="constrained")
    panels = figure.subplots(len(shown), 1, squeeze=False)
    for workload, (axes,) in zip(shown, panels):
        chosen = [row for row in reversed(made) if row.workload == workload.name and workload.headline in row.spreads]
        spreads = [row.spreads[workload.headline] for row in chosen]
        whiskers = [[each.median - each.low for each in spreads], [each.high - each.median for each in spreads]]
        axes.barh(
            [row.peer for row in chosen],
            [each.median for each in spreads],
            xerr=whiskers,
            color=[_OURS if row.peer in ours else _OTHERS for row in chosen],
            error_kw={"linewidth": 0.8, "capsize": 2},
        )
        axes.set_title(f"{workload.title}  ({workload.unit})", fontsize=10, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(caption, fontsize=7)
    figure.savefig(path, dpi=120)
