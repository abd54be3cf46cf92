"""The executor in which no task waits for another."""

from __future__ import annotations

import queue
import threading
import time
import weakref
from concurrent import futures
from typing import Iterator

import pytest

from grpc.framework.foundation import growing_pool

TIMEOUT = 20.0  # seconds; far more than any of this takes


@pytest.fixture(autouse=True)
def _idle_threads_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_pool, "_IDLE", TIMEOUT)


@pytest.fixture(name="pool")
def _pool() -> Iterator[growing_pool.GrowingPool]:
    pool = growing_pool.GrowingPool("grpc-test")
    yield pool
    pool.shutdown()


def _idle(pool: growing_pool.GrowingPool, threads: int) -> None:
    """Wait until so many threads rest: a task's future is done a moment before its thread is."""
    deadline = time.monotonic() + TIMEOUT
    while len(pool._idle) != threads:
        assert time.monotonic() < deadline, f"{len(pool._idle)} threads are idle, not {threads}"
        time.sleep(0)


def test_tasks_run_together_however_many_there_are(pool: growing_pool.GrowingPool) -> None:
    together = threading.Barrier(8)
    tasks = [pool.submit(together.wait, TIMEOUT) for _ in range(8)]
    assert sorted(task.result(TIMEOUT) for task in tasks) == list(range(8))


def test_an_idle_thread_is_used_again(pool: growing_pool.GrowingPool) -> None:
    first = pool.submit(threading.get_ident).result(TIMEOUT)
    _idle(pool, 1)
    assert pool.submit(threading.get_ident).result(TIMEOUT) == first


def test_the_future_has_what_the_task_raises(pool: growing_pool.GrowingPool) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        pool.submit(int, "x").result(TIMEOUT)


def test_a_task_that_is_cancelled_before_its_thread_begins_does_not_run() -> None:
    future: futures.Future[None] = futures.Future()
    future.cancel()
    growing_pool._run(future, pytest.fail, (), {})
    assert future.cancelled()


def test_its_threads_do_not_keep_the_interpreter_from_ending(pool: growing_pool.GrowingPool) -> None:
    assert pool.submit(lambda: threading.current_thread().daemon).result(TIMEOUT)


def test_a_thread_that_has_no_work_for_long_ends(
    pool: growing_pool.GrowingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_pool, "_IDLE", 0.001)
    thread = pool.submit(threading.current_thread).result(TIMEOUT)
    thread.join(TIMEOUT)
    assert not thread.is_alive()
    assert not pool._idle


def test_a_task_that_comes_in_the_last_moment_of_a_thread_is_run_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_queue = queue.SimpleQueue
    late: queue.SimpleQueue[futures.Future[int]] = plain_queue()

    class LateQueue:
        """The first wait times out, and just then, before the thread can act on it, there is work."""

        def __init__(self) -> None:
            self.tasks: queue.SimpleQueue[object] = plain_queue()
            self.put = self.tasks.put
            self.timed_out = False

        def get(self, timeout: float | None = None) -> object:
            if not self.timed_out:
                self.timed_out = True
                late.put(pool.submit(threading.get_ident))
                raise queue.Empty
            return self.tasks.get(timeout=TIMEOUT)

    monkeypatch.setattr(queue, "SimpleQueue", LateQueue)
    pool = growing_pool.GrowingPool("grpc-test")
    first = pool.submit(threading.get_ident).result(TIMEOUT)
    assert late.get(timeout=TIMEOUT).result(TIMEOUT) == first
    pool.shutdown()


def test_after_shutdown_it_takes_no_work_and_its_idle_threads_end(pool: growing_pool.GrowingPool) -> None:
    thread = pool.submit(threading.current_thread).result(TIMEOUT)
    _idle(pool, 1)
    pool.shutdown()
    thread.join(TIMEOUT)
    assert not thread.is_alive()
    with pytest.raises(RuntimeError, match="the pool of grpc-test threads was shut down and takes no more work"):
        pool.submit(pytest.fail)


def test_shutdown_does_not_wait_for_a_task_that_runs(pool: growing_pool.GrowingPool) -> None:
    release = threading.Event()
    task = pool.submit(release.wait, TIMEOUT)
    pool.shutdown()
    assert not task.done()
    release.set()
    assert task.result(TIMEOUT)


def test_a_pool_that_is_dropped_goes_and_so_do_its_idle_threads() -> None:
    pool = growing_pool.GrowingPool("grpc-test")
    thread = pool.submit(threading.current_thread).result(TIMEOUT)
    _idle(pool, 1)
    gone = weakref.ref(pool)
    del pool
    assert gone() is None
    thread.join(TIMEOUT)
    assert not thread.is_alive()


def test_a_forked_process_waits_for_none_of_the_parents_threads(pool: growing_pool.GrowingPool) -> None:
    pool._idle.append(queue.SimpleQueue())  # of a thread that is not there
    pool._lock.acquire()  # by another one
    pool.after_fork_in_child()
    assert pool.submit(int, "7").result(TIMEOUT) == 7
