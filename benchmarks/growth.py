"""Measures how CPU time grows when there is ten times as much to do.

The two stages take turns in one pair of processes, and the medians of their costs are compared, so that a machine that
becomes slower or faster meanwhile does not look like growth.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Dict, Mapping, Sequence, Tuple

from benchmarks import pair

if TYPE_CHECKING:
    from benchmarks.entries import Turn
    from peers.process import Line

# Whether two processes share a core is luck, and moves the cost of a call by half: one turn each would be luck as well.
_TURNS = 3


def measure(turn: Turn) -> Tuple[Line, Dict[str, float]]:
    """Start the peer's server and client, warm up, run both stages, and stop both.

    Returns:
        What the client said of itself, and the metrics.

    Raises:
        ProcessError: one of the two failed, hung, or did not stop.
    """
    small, large = turn.workload.stages
    with pair.started(turn) as (server, client):
        _cpu_us(turn, small, server, client)
        costs = [_cpu_us(turn, stage, server, client) for stage in (small, large, small) * _TURNS]
    small_costs = [cost for number, cost in enumerate(costs) if number % 3 != 1]
    return client.hello, metrics(small_costs, costs[1::3], small["weight"], large["weight"])


def metrics(
    small_costs: Sequence[float], large_costs: Sequence[float], small_weight: float, large_weight: float
) -> Dict[str, float]:
    """Return the metrics of costs in microseconds a piece; a weight says how many of them ten times as much are."""
    small, large = statistics.median(small_costs), statistics.median(large_costs)
    return {"growth": large * large_weight / (small * small_weight), "small_cpu_us": small, "large_cpu_us": large}


def _cpu_us(turn: Turn, stage: Mapping[str, Any], server: pair.Side, client: pair.Side) -> float:
    """Run one stage; return the CPU time of both processes a piece."""
    order = {"driver": turn.workload.driver, "parameters": {**turn.workload.parameters, **stage}, "seconds": 0}
    before = server.ask({})["cpu_seconds"]
    result = client.ask(order, pair.SLACK_SECONDS)
    cpu: float = server.ask({})["cpu_seconds"] - before + result["client_cpu_seconds"]
    count: int = result["count"]
    return cpu / count * 1e6
