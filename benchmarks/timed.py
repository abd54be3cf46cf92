"""Measures what is done over and over for a while: calls, messages, bytes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, Tuple

from benchmarks import pair

if TYPE_CHECKING:
    from benchmarks.entries import Turn
    from peers.process import Line


def measure(turn: Turn) -> Tuple[Line, Dict[str, float]]:
    """Start the peer's server and client, warm up, measure once, and stop both.

    Halfway through, the threads of both are counted from outside.

    Returns:
        What the client said of itself, and the metrics.

    Raises:
        ProcessError: one of the two failed, hung, or did not stop.
    """
    order = {"driver": turn.workload.driver, "parameters": dict(turn.workload.parameters)}
    with pair.started(turn) as (server, client):
        client.ask({**order, "seconds": turn.warm_up}, turn.warm_up + pair.SLACK_SECONDS)
        before = server.ask({})["cpu_seconds"]
        client.send({**order, "seconds": turn.seconds})
        time.sleep(turn.seconds / 2)
        threads = pair.threads(server, client)
        result = client.receive(turn.seconds + pair.SLACK_SECONDS)
        server_cpu_seconds = server.ask({})["cpu_seconds"] - before
    return client.hello, {**metrics(result, server_cpu_seconds, turn.workload.scale), **threads}


def metrics(result: Dict[str, Any], server_cpu_seconds: float, scale: float) -> Dict[str, float]:
    """Return the metrics of a client's result; whatever it found beyond the usual is kept as it is."""
    extra = dict(result)
    count, elapsed, client_cpu_seconds = (extra.pop(key) for key in ("count", "elapsed_seconds", "client_cpu_seconds"))
    return {
        "rate": count / elapsed * scale,
        "cpu_us": (client_cpu_seconds + server_cpu_seconds) / count * 1e6,
        "client_cpu_us": client_cpu_seconds / count * 1e6,
        "server_cpu_us": server_cpu_seconds / count * 1e6,
        "calls": count,
        **extra,
    }
