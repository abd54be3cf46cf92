"""What is to be reached, as data, and whether it is.

A target compares the median of one peer at one workload with a number, or with the best median of others at the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from benchmarks.entries import Workload
    from benchmarks.report import Row

AT_LEAST, AT_MOST = "at least", "at most"


class Target(NamedTuple):
    """Something to reach.

    Attributes:
        workload: where.
        peer: who, one of ours.
        bound: ``AT_LEAST`` or ``AT_MOST``.
        limit: of the metric itself, or how many times that of the best of ``against``.
        against: whom ours is compared with; nobody for a number that stands for itself.
        metric: what is compared; the headline unless named.
    """

    workload: str
    peer: str
    bound: str
    limit: float
    against: Tuple[str, ...] = ()
    metric: Optional[str] = None


class Verdict(NamedTuple):
    """A target and what was measured: the metric, or how many times the best of the others' it is."""

    target: Target
    metric: str
    value: float

    @property
    def reached(self) -> bool:
        """Whether it is reached."""
        return self.value >= self.target.limit if self.target.bound == AT_LEAST else self.value <= self.target.limit

    def __str__(self) -> str:
        target = self.target
        others = f" x {' or '.join(target.against)}" if target.against else ""
        if len(target.against) > 1:
            others += " (the better one)"
        wanted = f"{target.peer} {self.metric} {target.bound} {target.limit:g}{others}"
        return f"target {wanted}: {self.value:.2f}, {'reached' if self.reached else 'NOT REACHED'}"


_AIO_PEERS = ("grpcio_aio", "grpclib")

TARGETS: Tuple[Target, ...] = (
    Target("unary_sequence", "ours_sync", AT_LEAST, 1.4, ("grpcio_sync",)),
    Target("unary_sequence", "ours_aio", AT_LEAST, 1.5, _AIO_PEERS),
    Target("unary_in_flight", "ours_sync", AT_LEAST, 1.3, ("grpcio_sync",)),
    Target("unary_in_flight", "ours_aio", AT_LEAST, 1.4, _AIO_PEERS),
    Target("unary_in_flight", "ours_sync", AT_MOST, 1.8, ("bare_h2",), "cpu_us"),
    Target("unary_in_flight", "ours_aio", AT_MOST, 1.8, ("bare_h2",), "cpu_us"),
    Target("server_streaming", "ours_sync", AT_LEAST, 5.0, ("grpcio_sync",)),
    Target("client_streaming", "ours_sync", AT_LEAST, 5.0, ("grpcio_sync",)),
    Target("bidi_streaming", "ours_sync", AT_LEAST, 4.0, ("grpcio_sync",)),
    *(Target(f"{kind}_streaming", "ours_aio", AT_LEAST, 1.5, ("grpclib",)) for kind in ("server", "client", "bidi")),
    Target("echo_1_mib", "ours_aio", AT_LEAST, 2.5, ("grpclib",)),
    Target("echo_1_mib", "ours_aio", AT_LEAST, 1.0, ("grpcio_aio",)),
    Target("importing", "ours_sync", AT_MOST, 1.0, ("grpcio_sync",)),
    Target("importing", "ours_sync", AT_MOST, 0.8, ("grpcio_sync",), "peak_mib"),
    # Threads are for the process, not for a call, a stream or a connection.
    *(
        Target(kept, ours, AT_MOST, 0.0, (), "more_threads")
        for kept in ("connections", "idle_streams")
        for ours in ("ours_sync", "ours_aio")
    ),
    # Ten times as much costs at most eleven times the CPU time.
    *(
        Target(workload, ours, AT_MOST, 11.0, (), "growth")
        for workload in (
            *("growth_calls", "growth_in_flight", "growth_bytes", "growth_messages"),
            *("connections", "idle_streams"),
        )
        for ours in ("ours_sync", "ours_aio")
    ),
)


def judge(made: Iterable[Row], workloads: Sequence[Workload], targets: Sequence[Target] = TARGETS) -> List[Verdict]:
    """Return the verdicts of all targets whose peers were all measured."""
    headlines = {workload.name: workload.headline for workload in workloads}
    medians: Dict[Tuple[str, str], Dict[str, float]] = {
        (row.workload, row.peer): {name: spread.median for name, spread in row.spreads.items()} for row in made
    }
    verdicts = []
    for target in targets:
        metric = target.metric or headlines.get(target.workload, "")
        ours = medians.get((target.workload, target.peer), {}).get(metric)
        others = [medians.get((target.workload, name), {}).get(metric) for name in target.against]
        known = [each for each in others if each]
        if ours is None or len(known) < len(others):
            continue
        # The best of the others has the most of what there should be much of.
        best = (max if target.bound == AT_LEAST else min)(known) if known else 1.0
        verdicts.append(Verdict(target, metric, ours / best))
    return verdicts
