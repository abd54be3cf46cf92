"""Measures what is opened once and kept: connections, idle streams.

The stages open more and more of them; the metrics are those of the last stage, beside the first and the one before.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Tuple

from benchmarks import pair
from peers.process import ProcessError

if TYPE_CHECKING:
    from benchmarks.entries import Turn
    from peers.process import Line

_ARRIVAL_SECONDS = 60.0


class Stage(NamedTuple):
    """What one stage took; memory and threads are those after it, with everything open."""

    opened: int
    elapsed_seconds: float
    client_result: Line
    client: Line
    server_cpu_seconds: float
    server: Line


def measure(turn: Turn) -> Tuple[Line, Dict[str, float]]:
    """Start the peer's server and client, open stage by stage, let go of everything, and stop both.

    Returns:
        What the client said of itself, and the metrics.

    Raises:
        ProcessError: one of the two failed, hung, or did not stop.
    """
    with pair.started(turn) as (server, client):
        stages = [_stage(turn, {**turn.workload.parameters, **each}, server, client) for each in turn.workload.stages]
        begun = time.perf_counter()
        client.ask({"driver": "release", "parameters": {}, "seconds": 0}, pair.SLACK_SECONDS)
        released = time.perf_counter() - begun
    return client.hello, {**metrics(stages), "release_seconds": released}


def _stage(turn: Turn, parameters: Dict[str, Any], server: pair.Side, client: pair.Side) -> Stage:
    before, begun = server.ask({"collect": True}), time.perf_counter()
    order = {"driver": turn.workload.driver, "parameters": parameters, "seconds": 0}
    result = client.ask(order, pair.SLACK_SECONDS)
    if parameters.get("arrive"):
        # A blocking client has only handed them over by then.
        _wait_for(before["arrived"] + parameters["count"], server)
    elapsed = time.perf_counter() - begun
    after = server.ask({"collect": True}, pair.SLACK_SECONDS)
    usage = client.ask({"collect": True}, pair.SLACK_SECONDS)
    return Stage(parameters["count"], elapsed, result, usage, after["cpu_seconds"] - before["cpu_seconds"], after)


def _wait_for(arrived: int, server: pair.Side) -> None:
    patience = time.monotonic() + _ARRIVAL_SECONDS
    while server.ask({})["arrived"] < arrived:
        if time.monotonic() > patience:
            raise ProcessError(server.script, f"did not see {arrived} streams in {_ARRIVAL_SECONDS:g} s", "")
        time.sleep(0.01)


def metrics(stages: List[Stage]) -> Dict[str, float]:
    """Return the metrics of a last stage and its growth over the stages before it."""
    first, smaller, last = stages[0], stages[-2], stages[-1]
    # All of the client's, not only the driver's own: behind a blocking API it goes on after that.
    client_cpu = last.client["cpu_seconds"] - smaller.client["cpu_seconds"]
    cpu = client_cpu + last.server_cpu_seconds
    found = {
        "opened": last.opened,
        "open_us": last.elapsed_seconds / last.opened * 1e6,
        "cpu_us": cpu / last.opened * 1e6,
        "client_cpu_us": client_cpu / last.opened * 1e6,
        "server_cpu_us": last.server_cpu_seconds / last.opened * 1e6,
    }
    if len(stages) > 2:
        smaller_cpu = smaller.client["cpu_seconds"] - stages[-3].client["cpu_seconds"] + smaller.server_cpu_seconds
        found["growth"] = 10 * (cpu / last.opened) / (smaller_cpu / smaller.opened)
    for side in ("client", "server"):
        usage, usage_before, usage_first = (getattr(each, side) for each in (last, smaller, first))
        if "threads" in usage:
            found[f"{side}_kib"] = (usage["rss_kib"] - usage_before["rss_kib"]) / last.opened
            found[f"{side}_threads"] = usage["threads"]
            found[f"{side}_threads_of_one"] = usage_first["threads"]
    if "client_threads" in found:
        found["more_threads"] = sum(
            found[f"{side}_threads"] - found[f"{side}_threads_of_one"] for side in ("client", "server")
        )
    found.update({name: last.client_result[name] for name in ("p50_us", "p99_us") if name in last.client_result})
    return found
