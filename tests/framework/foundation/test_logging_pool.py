"""Tests of grpc.framework.foundation.logging_pool."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest

from grpc.framework.foundation import logging_pool
from tests.framework.foundation._threads import LIMIT, wait_for


def _fail(error: BaseException) -> None:
    raise error


def _logged(caplog: pytest.LogCaptureFixture) -> list[object]:
    return [record.exc_info and record.exc_info[1] for record in caplog.records]


def test_it_is_an_executor() -> None:
    with logging_pool.pool(1) as pool:
        assert isinstance(pool, concurrent.futures.Executor)


def test_a_task_gets_its_arguments_and_delivers_its_value(caplog: pytest.LogCaptureFixture) -> None:
    with logging_pool.pool(1) as pool:
        assert pool.submit(dict, [("a", 1)], fn=2).result(LIMIT) == {"a": 1, "fn": 2}
    assert not caplog.records


@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_what_a_task_raises_is_logged_once_and_delivered(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    error = kind("no")
    with logging_pool.pool(1) as pool:
        assert pool.submit(_fail, error).exception(LIMIT) is error
    assert _logged(caplog) == [error]


def test_the_log_names_the_task_and_shows_the_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with logging_pool.pool(1) as pool:
        pool.submit(_fail, ValueError("no"))
    assert "_fail" in caplog.records[0].getMessage()
    assert "raise error" in caplog.text


def test_map_gives_the_values_in_order() -> None:
    with logging_pool.pool(2) as pool:
        assert list(pool.map(pow, [2, 3, 4], [1, 2, 3], timeout=LIMIT)) == [2, 9, 64]


def test_map_logs_what_is_raised_though_nobody_iterates(caplog: pytest.LogCaptureFixture) -> None:
    errors = [ValueError("first"), ValueError("second")]
    with logging_pool.pool(1) as pool:
        pool.map(_fail, errors)
    assert _logged(caplog) == errors


def test_map_raises_what_is_raised_to_who_iterates() -> None:
    with logging_pool.pool(1) as pool, pytest.raises(ValueError, match="no"):
        list(pool.map(_fail, [ValueError("no")], timeout=LIMIT))


def test_shutdown_refuses_further_tasks() -> None:
    pool = logging_pool.pool(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        pool.submit(print)


def test_shutdown_can_cancel_the_tasks_that_have_not_begun() -> None:
    began, go = threading.Event(), threading.Event()

    def first() -> None:
        began.set()
        wait_for(go)

    pool = logging_pool.pool(1)
    pool.submit(first)
    wait_for(began)
    second = pool.submit(print)
    pool.shutdown(wait=False, cancel_futures=True)
    go.set()
    pool.shutdown()
    assert second.cancelled()


def test_no_more_tasks_run_at_a_time_than_it_has_workers() -> None:
    barrier = threading.Barrier(2)
    with logging_pool.pool(2) as pool:
        futures = [pool.submit(barrier.wait, LIMIT) for _ in range(2)]
        assert sorted(future.result(LIMIT) for future in futures) == [0, 1]
        names = set(pool.map(lambda _: threading.current_thread().name, range(20), timeout=LIMIT))
    assert len(names) <= 2


def test_a_pool_that_is_dropped_lets_its_threads_go() -> None:
    threads: list[threading.Thread] = []
    pool = logging_pool.pool(1)
    pool.submit(lambda: threads.append(threading.current_thread())).result(LIMIT)
    del pool
    threads[0].join(LIMIT)
    assert not threads[0].is_alive()


def test_less_than_one_worker_is_refused() -> None:
    with pytest.raises(ValueError, match="max_workers"):
        logging_pool.pool(0)
