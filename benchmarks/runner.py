"""Starts the peers' processes, lets them take turns, and collects what they measured.

Every measurement gets a fresh server and a fresh client, each a process of its own. Turns are taken within a round, and
the first turn moves on with each round, so that a slow minute of the machine hits everybody alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

from benchmarks.entries import SCRIPTS, Peer, Workload
from peers.process import START_TIMEOUT, Line, Process, ProcessError

if TYPE_CHECKING:
    from pathlib import Path

# What a measurement may take beyond its own time before its peer counts as hung.
_SLACK_SECONDS = 30.0


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
                    hello, metrics = measure(peer, interpreters[peer.name], workload, seconds, warm_up_seconds)
                except ProcessError as error:
                    outcome.failures.append(f"{label}: {error}")
                    progress(f"{label}: failed")
                    continue
                outcome.versions[peer.name] = hello["versions"]
                outcome.measurements.append(Measurement(peer.name, workload.name, number, metrics))
                progress(f"{label}: {metrics[workload.headline]:,.0f} {workload.unit}")
    return outcome


def turns(peers: Sequence[Peer], number: int) -> List[Peer]:
    """Return the peers in the order of their turns in round ``number``."""
    first = number % len(peers)
    return [*peers[first:], *peers[:first]]


def measure(
    peer: Peer, interpreter: Path, workload: Workload, seconds: float, warm_up_seconds: float
) -> Tuple[Line, Dict[str, float]]:
    """Start the peer's server and client, warm up, measure once, and stop both.

    Returns:
        What the client said of itself, and the metrics.

    Raises:
        ProcessError: one of the two failed, hung, or did not stop.
    """
    order = {"driver": workload.driver, "parameters": dict(workload.parameters)}
    with Process(interpreter, SCRIPTS / peer.server, python_path=peer.python_path) as server:
        port = server.receive(START_TIMEOUT)["port"]
        with Process(interpreter, SCRIPTS / peer.client, [str(port)], peer.python_path) as client:
            hello = client.receive(START_TIMEOUT)
            client.ask({**order, "seconds": warm_up_seconds}, warm_up_seconds + _SLACK_SECONDS)
            before = server.ask({})["cpu_seconds"]
            result = client.ask({**order, "seconds": seconds}, seconds + _SLACK_SECONDS)
            server_cpu_seconds = server.ask({})["cpu_seconds"] - before
    return hello, metrics(result, server_cpu_seconds, workload.scale)


def metrics(result: Dict[str, Any], server_cpu_seconds: float, scale: float) -> Dict[str, float]:
    """Return the metrics of a client's result; whatever it found beyond the usual is kept as it is."""
    extra = dict(result)
    count, elapsed = extra.pop("count"), extra.pop("elapsed_seconds")
    return {
        "rate": count / elapsed * scale,
        "client_cpu_us": extra.pop("client_cpu_seconds") / count * 1e6,
        "server_cpu_us": server_cpu_seconds / count * 1e6,
        "calls": count,
        **extra,
    }
