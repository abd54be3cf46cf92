"""What every benchmark script shares: obeying the harness, and measuring alike.

A client script maps driver names to functions that take the order's parameters and a ``Stopwatch`` and call
``stopwatch.done(started, correct)`` for each finished call, or ``stopwatch.count(messages, correct)`` for each finished
stream, until ``stopwatch.over`` says so. Everything else, from clocks to percentiles, is here, so that no peer is
measured differently.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import math
import os
import platform
import time
from typing import Any, Callable, Dict, List, Mapping, Sequence

import line_protocol
import usage

Result = Dict[str, Any]
Driver = Callable[[Mapping[str, Any], "Stopwatch"], None]

# All of them, whoever asks: what is not installed beside a script is not what it runs on.
_DISTRIBUTIONS = ("grpcio", "grpclib", "layered-grpc", "h2", "hpack", "hyperframe", "protobuf")

now = time.perf_counter_ns


class Stopwatch:
    """One measurement: when it is over, and how long each call took. Times are nanoseconds of ``now``.

    A driver of things that are opened once, and not over and over, does not ask whether it is over.
    ``done`` may be called from several threads, appending to a list is atomic.
    """

    __slots__ = ("_end", "counted", "latencies", "started")

    def __init__(self, seconds: float) -> None:
        self.latencies: List[int] = []
        self.counted = 0
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

    def count(self, pieces: int, correct: bool) -> None:
        """Count pieces that have no latency of their own, such as the messages of a stream; from one thread only.

        Raises:
            ValueError: not all of them were the right ones.
        """
        if not correct:
            raise ValueError("a stream was not the one that was asked for")
        self.counted += pieces


class Counter(Stopwatch):
    """A measurement that is over after so many pieces instead of so many seconds."""

    __slots__ = ("_pieces",)

    def __init__(self, pieces: int) -> None:
        super().__init__(0.0)
        self._pieces = pieces

    def over(self) -> bool:
        """Whether no further call is to be started."""
        return len(self.latencies) + self.counted >= self._pieces


def percentile(ordered: Sequence[int], share: float) -> int:
    """Return the smallest of the sorted values that at least ``share`` (0 to 1) of them do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def run(driver: Driver, parameters: Mapping[str, Any], seconds: float) -> Result:
    """Measure ``driver`` for about ``seconds``, or for as many pieces as the parameters say.

    The calls in flight at the end are waited for and counted.
    """
    cpu = usage.cpu_seconds()
    stopwatch = Counter(parameters["pieces"]) if "pieces" in parameters else Stopwatch(seconds)
    driver(parameters, stopwatch)
    elapsed = (now() - stopwatch.started) / 1e9
    cpu = usage.cpu_seconds() - cpu
    latencies = sorted(stopwatch.latencies)
    result: Result = {
        "count": len(latencies) + stopwatch.counted,
        "elapsed_seconds": elapsed,
        "client_cpu_seconds": cpu,
    }
    if latencies:
        result.update(p50_us=percentile(latencies, 0.50) / 1e3, p99_us=percentile(latencies, 0.99) / 1e3)
    return result


def versions() -> Dict[str, str]:
    """Return the versions of Python and of what is installed beside this script."""
    found = {"python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def obey_client(drivers: Mapping[str, Driver]) -> None:
    """Say hello, then carry out ``{"driver", "parameters", "seconds"}`` orders until stdin closes.

    An order without a driver asks for the usage.
    """
    line_protocol.say({"versions": versions(), "pid": os.getpid()})
    for order in line_protocol.orders():
        if "driver" in order:
            line_protocol.say(run(drivers[order["driver"]], order["parameters"], order["seconds"]))
        else:
            usage.answer(order)


def say_port(port: int) -> None:
    """Say that the server listens."""
    line_protocol.say({"port": port, "pid": os.getpid()})
