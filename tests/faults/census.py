"""What there is at a moment: threads, descriptors, memory and objects of ours; and what has become more.

Taken before and after, with everything closed in between, two censuses must be the same but for the tolerances below.
Timers are among the objects: each driver's timer is an object of a class of its own, the loop's are gone with the loop.
"""

from __future__ import annotations

import collections
import contextlib
import gc
import os
import threading
import time
import tracemalloc
from typing import Callable, Counter, Dict, List, NamedTuple, Tuple

from grpc._io import buffers
from grpc._io.threads import _timers

# Whose objects are counted, and whose allocations: the library, and what it stands on.
_OURS = ("grpc.", "h2.", "hpack.", "hyperframe.")
_TRACED = ("*/grpc/*", "*/h2/*", "*/hpack/*", "*/hyperframe/*")

# Bytes. What stays is code made when first called, caches of bounded size and the dictionaries' spare room; a run of
# seconds makes thousands of calls, and losing so little as a hundred bytes of each would be more than this.
MEMORY_TOLERANCE = 192 * 1024

# Bytes that the drivers keep in spare buffers to read into, however many connections there were.
_SPARE_BUFFERS = 4 * (buffers.SIZE + 1024)

# Seconds for threads that have been told to end, and for sockets that they close, to be gone.
_PATIENCE = 5.0


class Census(NamedTuple):
    """See the module.

    Attributes:
      threads: The names of the threads, with how many have each.
      descriptors: What the open file descriptors stand for, with how many stand for the same.
      objects: How many objects there are, by the name of their class.
      memory: Bytes that were allocated by the library's lines and are still held, by line; empty if nobody traces.
    """

    threads: Counter[str]
    descriptors: Counter[str]
    objects: Counter[str]
    memory: Counter[str]


def _descriptors() -> Counter[str]:
    found: List[str] = []
    for name in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):  # of the descriptor that listed them
            found.append(os.readlink(f"/dev/fd/{name}").partition(":")[0])
    return collections.Counter(found)


def _objects() -> Counter[str]:
    # Cancelled timers stay where they are until their time, or until there are some hundreds; they hold nothing.
    counted = (each for each in gc.get_objects() if type(each) is not _timers.Timer or each.action is not None)
    kinds = map(type, counted)
    return collections.Counter(
        f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if str(kind.__module__).startswith(_OURS)
    )


def _memory() -> Counter[str]:
    held: Counter[str] = collections.Counter()
    if tracemalloc.is_tracing():
        filters = [tracemalloc.Filter(True, pattern) for pattern in _TRACED]
        for trace in tracemalloc.take_snapshot().filter_traces(filters).traces:
            held[str(trace.traceback)] += trace.size
        for line in [line for line in held if "/grpc/_io/buffers.py:" in line]:
            held[line] = max(0, held[line] - _SPARE_BUFFERS)
    return held


def take(memory: bool = True) -> Census:
    """Count everything now, after tidying up.

    Args:
      memory: Whether to look at the memory as well, which takes some tenths of a second.
    """
    for _ in range(3):  # what a finalizer lets go of is found by the next one
        gc.collect()
    threads = collections.Counter(thread.name for thread in threading.enumerate())
    return Census(threads, _descriptors(), _objects(), _memory() if memory else collections.Counter())


def growth(before: Census, after: Census, slack: int = 0) -> List[str]:
    """What there is more of, in words; empty if nothing is.

    Args:
      before: The first census.
      after: The second.
      slack: By how many objects a class may have grown.
    """
    complaints: List[str] = []
    counted: Dict[str, Tuple[Counter[str], Counter[str], int]] = {
        "threads": (before.threads, after.threads, 0),
        "descriptors": (before.descriptors, after.descriptors, 0),
        "objects": (before.objects, after.objects, slack),
    }
    for what, (first, second, allowed) in counted.items():
        more = {name: count - first[name] for name, count in second.items() if count - first[name] > allowed}
        if more:
            complaints.append(f"{what} left: " + ", ".join(f"{name} +{count}" for name, count in sorted(more.items())))
    grown = sum(after.memory.values()) - sum(before.memory.values())
    if grown > MEMORY_TOLERANCE:
        most = (after.memory - before.memory).most_common(5)
        lines = ", ".join(f"{line} +{count}" for line, count in most)
        complaints.append(f"memory left: {grown} bytes, {MEMORY_TOLERANCE} are tolerated; most by {lines}")
    return complaints


def settled(before: Census, slack: int = 0, pause: Callable[[float], None] = time.sleep) -> Tuple[Census, List[str]]:
    """Take censuses until nothing is left over, or for some seconds; the last one, and what was left."""
    end = time.monotonic() + _PATIENCE
    while True:
        after = take()
        left = growth(before, after, slack)
        if not left or time.monotonic() > end:
            return after, left
        pause(0.25)
