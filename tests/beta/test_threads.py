"""The executor of stubs without a pool."""

from __future__ import annotations

import threading
from concurrent import futures

import pytest

from grpc.beta import _threads
from tests.beta.conftest import TIMEOUT


def test_a_task_has_a_thread_of_its_own() -> None:
    pool = _threads.ThreadPerTask()
    together = threading.Barrier(3)
    tasks = [pool.submit(together.wait, TIMEOUT) for _ in range(3)]
    assert sorted(task.result(TIMEOUT) for task in tasks) == [0, 1, 2]


def test_its_future_has_what_it_raises() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        _threads.ThreadPerTask().submit(int, "x").result(TIMEOUT)


def test_a_task_that_is_cancelled_before_its_thread_begins_does_not_run() -> None:
    future: futures.Future[None] = futures.Future()
    future.cancel()
    _threads._run(future, pytest.fail, (), {})
    assert future.cancelled()


def test_its_thread_does_not_keep_the_interpreter_from_ending() -> None:
    assert _threads.ThreadPerTask().submit(lambda: threading.current_thread().daemon).result(TIMEOUT)
