"""Threads for tests: started together, joined always, and never waited for without limit."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds after which something that must happen has not; only failing tests get to wait for it.
LIMIT = 10.0


def run_together(count: int, work: Callable[[int], object]) -> None:
    """Calls work(0) ... work(count - 1) in as many threads at once and raises the first failure among them."""
    barrier = threading.Barrier(count)
    failures: list[BaseException] = []

    def run(index: int) -> None:
        try:
            barrier.wait(LIMIT)
            work(index)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        join(thread)
    if failures:
        raise failures[0]


def join(thread: threading.Thread) -> None:
    """Joins a thread that has to end."""
    thread.join(LIMIT)
    assert not thread.is_alive(), f"{thread.name} did not end"


def wait_for(event: threading.Event) -> None:
    """Waits for an event that has to come."""
    assert event.wait(LIMIT), "the event did not come"


@contextmanager
def frequent_switches() -> Iterator[None]:
    """Makes the interpreter change threads as often as it can, so that races show."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class Overlap:
    """Notices when two threads, or two frames of one, are inside it at once."""

    def __init__(self) -> None:
        self.seen = False
        self._free = threading.Lock()

    def __enter__(self) -> None:
        if not self._free.acquire(blocking=False):
            self.seen = True

    def __exit__(self, *exc_info: object) -> None:
        if self._free.locked():
            self._free.release()


class NoticedCondition(threading.Condition):
    """Counts who begins to wait; having counted them, one can get its lock only when they do wait."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self._arrived.release()
        return super().wait(timeout)

    def await_waiting(self, count: int) -> None:
        """Returns once so many more have begun to wait."""
        for _ in range(count):
            assert self._arrived.acquire(timeout=LIMIT)
