"""What the layers cost above the links: RPCs between two Ends joined in memory, beside a bare thread pool.

Run as `python -m benchmarks.micro.in_memory`; `--help` tells the options. The kinds take turns, and the medians of
their rounds count:

* a bare `ThreadPoolExecutor.submit(f).result()`, the least that handing work to another thread can cost;
* a blocking unary call through Face, whose inline method runs in such a pool; the ratio of the two is the aim;
* the same without a pool, so without a change of threads: what Base and Face themselves cost;
* an inline stream-stream RPC whose method echoes; every message is counted once, and goes there and back.

How much a change of threads costs depends on where the system puts them: several times less if both share a core. Left
to itself it decides anew from one minute to the next, for the bare pool and for the call each by itself, and the ratio
of the two then says nothing. So each placement is measured by itself, all in one run: on `two` cores, the caller on one
and the pool on another, as is usual where there is more than one, and on `one`. `--cores any` leaves it to the system.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from concurrent import futures
from contextlib import contextmanager
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence

from grpc.framework.core import implementations as core
from grpc.framework.crust import implementations as crust
from grpc.framework.interfaces.face import face
from grpc.framework.interfaces.face import utilities as face_utilities
from grpc.framework.interfaces.links import utilities as links_utilities

_GROUP = "benchmark"
_TIMEOUT = 60.0  # seconds; for the stream alone, as a unary call would pay for a timer that the layers do not need
_REQUEST = b"x" * 100


class Placement(NamedTuple):
    """Where threads are kept."""

    caller: FrozenSet[int]
    pool: FrozenSet[int]


class Sizes(NamedTuple):
    """How much is done in one round, and where."""

    calls: int
    messages: int
    workers: int
    placement: Placement

    def pool(self, least: int = 1) -> futures.ThreadPoolExecutor:
        """A pool of so many workers."""
        cores = self.placement.pool
        return futures.ThreadPoolExecutor(max(least, self.workers), initializer=_keep_on, initargs=(cores,))


def _keep_on(cores: FrozenSet[int]) -> None:
    """Keep the calling thread on these cores."""
    os.sched_setaffinity(0, cores)


def placements(cores: Sequence[int], chosen: str) -> Dict[str, Placement]:
    """The placements to measure, by name.

    Args:
      cores: What this process may run on.
      chosen: "one", "two" or "any"; or "each" for the first two, as far as there are cores.

    Raises:
      ValueError: There is one core, and two are needed.
    """
    found = {
        "two": Placement(frozenset(cores[:1]), frozenset(cores[1:2])),
        "one": Placement(frozenset(cores[:1]), frozenset(cores[:1])),
        "any": Placement(frozenset(cores), frozenset(cores)),
    }
    if len(cores) < 2:
        del found["two"]
        if chosen == "two":
            raise ValueError("--cores two needs two cores, and this process has one")
    names = ("two", "one") if chosen == "each" else (chosen,)
    return {name: found[name] for name in names if name in found}


def _answer(request: Any, context: face.ServicerContext) -> Any:
    return request


def _echo(requests: Iterator[Any], context: face.ServicerContext) -> Iterator[Any]:
    yield from requests


_METHODS = {
    (_GROUP, "unary"): face_utilities.unary_unary_inline(_answer),
    (_GROUP, "stream"): face_utilities.stream_stream_inline(_echo),
}
_UNARY_ALONE = {(_GROUP, "unary"): _METHODS[_GROUP, "unary"]}


@contextmanager
def _stub(pool: Optional[futures.Executor]) -> Iterator[face.GenericStub]:
    """A stub over a pair of joined Ends."""
    invocation = core.invocation_end_link()
    service = core.service_end_link(crust.servicer(_METHODS if pool else _UNARY_ALONE, None, pool), None, None)
    links_utilities.join(invocation, service)
    service.start()
    invocation.start()
    try:
        yield crust.generic_stub(invocation, pool)
    finally:
        invocation.stop(0).wait()
        service.stop(0).wait()


def _microseconds_each(action: Callable[[], object], times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        action()
    return (time.perf_counter() - begin) / times * 1e6


def bare(sizes: Sizes) -> float:
    """Return the microseconds of one round trip through a pool."""
    with sizes.pool() as pool:
        return _microseconds_each(lambda: pool.submit(_answer, _REQUEST, None).result(), sizes.calls)  # type: ignore[arg-type]


def unary(sizes: Sizes) -> float:
    """Return the microseconds of one blocking unary call."""
    with sizes.pool() as pool, _stub(pool) as stub:
        call = stub.unary_unary(_GROUP, "unary")
        return _microseconds_each(lambda: call(_REQUEST, None), sizes.calls)


def unary_without_pool(sizes: Sizes) -> float:
    """Return the microseconds of one blocking unary call that is served in the thread of the caller."""
    with _stub(None) as stub:
        call = stub.unary_unary(_GROUP, "unary")
        return _microseconds_each(lambda: call(_REQUEST, None), sizes.calls)


def stream(sizes: Sizes) -> float:
    """Return the messages that one stream-stream RPC carries a second."""
    with sizes.pool(least=2) as pool, _stub(pool) as stub:
        requests = (_REQUEST for _ in range(sizes.messages))
        begin = time.perf_counter()
        count = sum(1 for _ in stub.inline_stream_stream(_GROUP, "stream", requests, _TIMEOUT))
        elapsed = time.perf_counter() - begin
    assert count == sizes.messages
    return count / elapsed


KINDS: Dict[str, Callable[[Sizes], float]] = {
    "bare_us": bare,
    "unary_us": unary,
    "unary_without_pool_us": unary_without_pool,
    "stream_messages_per_s": stream,
}


def measure(rounds: int, sizes: Sequence[Sizes]) -> List[Dict[str, Any]]:
    """Return for each of the sizes the medians of all kinds, their rounds, and the ratio of unary to bare."""
    seen: List[Dict[str, List[float]]] = [{name: [] for name in KINDS} for _ in sizes]
    for _ in range(rounds):
        for size, rounds_seen in zip(sizes, seen):
            _keep_on(size.placement.caller)
            for name, kind in KINDS.items():
                rounds_seen[name].append(kind(size))
    return [
        {
            "medians": {name: statistics.median(values) for name, values in found.items()},
            "ratio_unary_to_bare": statistics.median(
                call / trip for call, trip in zip(found["unary_us"], found["bare_us"])
            ),
            "rounds": found,
        }
        for found in seen
    ]


def main() -> None:
    """Measures, and prints a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often the kinds take turns (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=2000, help="calls a round (default: %(default)s)")
    parser.add_argument("--messages", type=int, default=20000, help="messages a round (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="threads of the pool (default: %(default)s)")
    parser.add_argument("--cores", choices=["each", "two", "one", "any"], default="each", help="where threads are kept")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    options = parser.parse_args()
    try:
        found = placements(sorted(os.sched_getaffinity(0)), options.cores)
    except ValueError as error:
        parser.error(str(error))
    sizes = [Sizes(options.calls, options.messages, options.workers, placement) for placement in found.values()]
    results = dict(zip(found, measure(options.rounds, sizes)))
    if options.json:
        json.dump(results, sys.stdout, indent=2)
        print()
        return
    print(f"{'cores:':44}" + "".join(f"{name:>14}" for name in results))
    for title, name, unit, digits in _ROWS:
        values = [
            result["ratio_unary_to_bare"] if name is None else result["medians"][name] for result in results.values()
        ]
        print(f"{title:44}" + "".join(f"{value:14.{digits}f}" for value in values) + f" {unit}")


_ROWS = (
    ("submit().result() of a bare pool", "bare_us", "us", 1),
    ("blocking unary, served in a pool", "unary_us", "us", 1),
    ("  times the bare pool, round by round", None, "", 2),
    ("blocking unary, served by the caller", "unary_without_pool_us", "us", 1),
    ("stream-stream, messages there and back", "stream_messages_per_s", "/s", 0),
)


if __name__ == "__main__":
    main()
