"""What every benchmark script shares: obeying the harness, and measuring alike.

A client script maps driver names to functions that take the order's parameters and a ``Stopwatch`` and call
``stopwatch.done(started, correct)`` for each finished call until ``stopwatch.over`` says so. Everything else, from
clocks to percentiles, is here, so that no peer is measured differently.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import math
import platform
import resource
import time
from typing import Any, Callable, Dict, List, Mapping, Sequence

import line_protocol

Result = Dict[str, Any]
Driver = Callable[[Mapping[str, Any], "Stopwatch"], None]

# All of them, whoever asks: what is not installed beside a script is not what it runs on.
_DISTRIBUTIONS = ("grpcio", "grpclib", "layered-grpc", "h2", "hpack", "hyperframe", "protobuf")

now = time.perf_counter_ns


class Stopwatch:
    """One measurement: when it is over, and how long each call took. Times are nanoseconds of ``now``.

    ``done`` may be called from several threads, appending to a list is atomic.
    """

    __slots__ = ("_end", "latencies", "started")

    def __init__(self, seconds: float) -> None:
        self.latencies: List[int] = []
        self.started = now()
        self._end = self.started + int(seconds * 1e9)

    def over(self) -> bool:
        """Whether no further call is to be started."""
        return now() >= self._end

    def done(self, started: int, correct: bool) -> None:
        """Count a call that was started at ``started`` and has just finished.

        Raises:
            ValueError: its answer was not the right one; a rate of wrong answers is worth nothing.
        """
        if not correct:
            raise ValueError("a call was answered wrongly")
        self.latencies.append(now() - started)


def percentile(ordered: Sequence[int], share: float) -> int:
    """Return the smallest of the sorted values that at least ``share`` (0 to 1) of them do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def cpu_seconds() -> float:
    """Return the CPU time that this process has used, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def run(driver: Driver, parameters: Mapping[str, Any], seconds: float) -> Result:
    """Measure ``driver`` for about ``seconds``; the calls in flight at the end are waited for and counted."""
    cpu = cpu_seconds()
    stopwatch = Stopwatch(seconds)
    driver(parameters, stopwatch)
    elapsed = (now() - stopwatch.started) / 1e9
    cpu = cpu_seconds() - cpu
    latencies = sorted(stopwatch.latencies)
    return {
        "count": len(latencies),
        "elapsed_seconds": elapsed,
        "client_cpu_seconds": cpu,
        "p50_us": percentile(latencies, 0.50) / 1e3,
        "p99_us": percentile(latencies, 0.99) / 1e3,
    }


def versions() -> Dict[str, str]:
    """Return the versions of Python and of what is installed beside this script."""
    found = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def obey_client(drivers: Mapping[str, Driver]) -> None:
    """Say hello, then carry out ``{"driver", "parameters", "seconds"}`` orders until stdin closes."""
    line_protocol.say({"versions": versions()})
    for order in line_protocol.orders():
        line_protocol.say(run(drivers[order["driver"]], order["parameters"], order["seconds"]))


def answer_server() -> None:
    """Answer a server's orders, which all ask for its CPU time, until stdin closes; blocks."""
    for _ in line_protocol.orders():
        line_protocol.say({"cpu_seconds": cpu_seconds()})
