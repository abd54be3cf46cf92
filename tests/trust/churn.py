"""What there is in this process, before and after, and how the rounds of a scenario are made in between."""

from __future__ import annotations

import asyncio
import collections
import gc
import threading
import time
import tracemalloc
from typing import Any, Counter, List, NamedTuple

from grpc._io.threads import _driver
from tests.trust import scenarios, world

# Rounds before anything is compared: the caches fill.
_WARM_UP = 20

# What a healthy process may have more of at the end. Cancelled timers stay until there are 256 of them.
_OBJECTS = 8
_TIMERS = 300
_BYTES = 150_000

# Pools of the standard library, which grow up to their size as it comes.
_POOLS = ("ThreadPoolExecutor", "asyncio")


class Standing(NamedTuple):
    """What there is at one moment.

    Attributes:
      descriptors: How many are open.
      threads: The names of those that run, but for those of the servers' pools.
      tasks: How many are on the loop.
      timers: How many are pending, cancelled ones included: the loop's and the client reactor's.
      size: Bytes that Python has handed out.
      objects: How many there are of each class of ours.
    """

    descriptors: int
    threads: List[str]
    tasks: int
    timers: int
    size: int
    objects: Counter[str]


def _standing() -> Standing:
    gc.collect()
    objects = collections.Counter(
        f"{type(thing).__module__}.{type(thing).__qualname__}"
        for thing in gc.get_objects()
        if type(thing).__module__.startswith(("grpc", "h2", "hpack"))
    )
    loop: Any = asyncio.get_running_loop()
    return Standing(
        world.descriptors(),
        sorted(thread.name for thread in threading.enumerate() if not thread.name.startswith(_POOLS)),
        len(asyncio.all_tasks()),
        len(loop._scheduled) + len(_driver._CLIENTS._timers),
        tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0,
        objects,
    )


async def _quiet(descriptors: int) -> Standing:
    """The standing once no more descriptors are open than there were, or else after a while, and it stands still.

    A server that thousands have called on still has some of them in its queue when the last of them is gone.
    """
    end = time.monotonic() + world.LIMIT
    while world.descriptors() > descriptors and time.monotonic() < end:  # noqa: ASYNC110  # nobody tells of it
        await asyncio.sleep(0.01)
    before = _standing()
    while time.monotonic() < end:
        await asyncio.sleep(0.03)
        now = _standing()
        if now.descriptors >= before.descriptors and sum(now.objects.values()) >= sum(before.objects.values()):
            break
        before = now
    return _standing()


def complaints(before: Standing, after: Standing) -> List[str]:
    """What there is more of than a healthy process may have."""
    found = []
    if after.descriptors > before.descriptors:
        found.append(f"{after.descriptors - before.descriptors} descriptors")
    if len(after.threads) > len(before.threads):
        found.append(f"threads {sorted(collections.Counter(after.threads) - collections.Counter(before.threads))}")
    if after.tasks > before.tasks:
        found.append(f"{after.tasks - before.tasks} tasks")
    if after.timers > before.timers + _TIMERS:
        found.append(f"{after.timers - before.timers} timers")
    if after.size > before.size + _BYTES:
        found.append(f"{after.size - before.size} bytes")
    for name, count in (after.objects - before.objects).items():
        if count > (_TIMERS if name.endswith("Timer") else _OBJECTS):
            found.append(f"{count} objects of {name}")
    return found


class Result(NamedTuple):
    """What a scenario came to.

    Attributes:
      seconds: For all rounds, without the warm-up.
      before: After the warm-up.
      after: At the end.
    """

    seconds: float
    before: Standing
    after: Standing

    def __str__(self) -> str:
        before, after = self.before, self.after
        return (
            f"{self.seconds:6.1f} s, descriptors {before.descriptors} -> {after.descriptors}, threads "
            f"{len(before.threads)} -> {len(after.threads)}, timers {before.timers} -> {after.timers}, objects "
            f"{sum(before.objects.values())} -> {sum(after.objects.values())}, "
            f"memory {after.size - before.size:+d} bytes"
        )


async def churn(name: str, count: int) -> Result:
    """Live a scenario.

    What there is more of afterwards may have come once and for all: a table of the interpreter has grown. So then as
    many rounds are made again, and it is only what comes again that counts.

    Args:
      name: One of `scenarios.SCENARIOS`.
      count: How many rounds to make after the warm-up.
    """
    gc.collect()
    gc.freeze()  # what has been imported need not be looked through again and again
    async with scenarios.SCENARIOS[name]() as go:
        await go()
        result = await _rounds(go, _WARM_UP, await _quiet(world.descriptors()))
        result = await _rounds(go, count, result.after)
        if complaints(result.before, result.after):
            result = await _rounds(go, count, result.after)
        return result


async def _rounds(go: scenarios.Round, count: int, before: Standing) -> Result:
    start = time.monotonic()
    for _ in range(count):
        await go()
    seconds = time.monotonic() - start
    return Result(seconds, before, await _quiet(before.descriptors))
