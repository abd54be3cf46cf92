"""Lets the peers take turns, and collects what was measured.

Every measurement gets fresh processes; what is done with them is the workload's procedure. Turns are taken within a
round, and the first turn moves on with each round, so that a slow minute of the machine hits everybody alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Sequence, Tuple

from benchmarks import fresh, growth, report, staged, timed
from benchmarks.entries import Peer, Turn
from peers.process import Line, ProcessError

if TYPE_CHECKING:
    from benchmarks.entries import Workload

PROCEDURES: Dict[str, Callable[[Turn], Tuple[Line, Dict[str, float]]]] = {
    "timed": timed.measure,
    "staged": staged.measure,
    "growth": growth.measure,
    "import": fresh.imports,
    "first_call": fresh.first_calls,
    "idle_server": fresh.idle_servers,
}


class Measurement(NamedTuple):
    """What one turn yielded; metrics by name: ``rate`` in the workload's unit, times per call as the name says."""

    peer: str
    workload: str
    round: int
    metrics: Dict[str, float]


class Outcome(NamedTuple):
    """What a run yielded: figures, what each peer ran on, and the reasons of the turns that failed."""

    measurements: List[Measurement]
    versions: Dict[str, Dict[str, str]]
    failures: List[str]


def run(
    peers: Sequence[Peer],
    workloads: Sequence[Workload],
    rounds: int,
    seconds: float,
    warm_up_seconds: float,
    progress: Callable[[str], None],
) -> Outcome:
    """Measure each peer at each workload that it offers, once a round; blocks for all of that.

    A turn that fails is noted and the others go on. ``progress`` gets a line per turn.

    Raises:
        peers.environment.EnvironmentUnavailable: a peer's interpreter cannot be made.
    """
    interpreters = {peer.name: peer.interpreter() for peer in peers}
    outcome = Outcome([], {}, [])
    for number in range(rounds):
        for workload in workloads:
            for peer in turns(peers, number):
                if workload.name not in peer.workloads:
                    continue
                label = f"round {number + 1}/{rounds} {workload.name} {peer.name}"
                try:
                    turn = Turn(peer, interpreters[peer.name], workload, seconds, warm_up_seconds)
                    hello, metrics = PROCEDURES[workload.procedure](turn)
                except ProcessError as error:
                    outcome.failures.append(f"{label}: {error}")
                    progress(f"{label}: failed")
                    continue
                if "versions" in hello:
                    outcome.versions[peer.name] = hello["versions"]
                outcome.measurements.append(Measurement(peer.name, workload.name, number, metrics))
                progress(f"{label}: {report.figure(metrics[workload.headline])} {workload.unit}")
    return outcome


def turns(peers: Sequence[Peer], number: int) -> List[Peer]:
    """Return the peers in the order of their turns in round ``number``."""
    first = number % len(peers)
    return [*peers[first:], *peers[:first]]
