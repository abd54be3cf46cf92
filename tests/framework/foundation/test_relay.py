"""Tests of grpc.framework.foundation.relay."""

from __future__ import annotations

import concurrent.futures
import threading
from typing import Any, Callable

import pytest

from grpc.framework.foundation import logging_pool, relay
from tests.framework.foundation._threads import Overlap, frequent_switches, join, run_together, wait_for


class _CountingPool(concurrent.futures.Executor):
    """Runs each task in a thread of its own and knows how many ran at most at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._current = 0
        self.most = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        def run() -> None:
            fn(*args, **kwargs)
            with self._lock:
                self._current -= 1

        thread = threading.Thread(target=run, daemon=True)
        with self._lock:
            self._current += 1
            self.most = max(self.most, self._current)
            self._threads.append(thread)
        thread.start()
        return concurrent.futures.Future()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for thread in self._threads:
            join(thread)


class _KeptPool(concurrent.futures.Executor):
    """Keeps its tasks for the test to run."""

    def __init__(self) -> None:
        self.tasks: list[Callable[[], Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        self.tasks.append(lambda: fn(*args, **kwargs))
        return concurrent.futures.Future()


class TestRelay:
    def test_a_value_has_been_passed_when_add_value_returns(self) -> None:
        passed: list[tuple[int, threading.Thread]] = []
        subject: relay.Relay[int] = relay.relay(lambda value: passed.append((value, threading.current_thread())))
        subject.add_value(1)
        assert passed == [(1, threading.current_thread())]

    def test_a_value_added_by_the_behavior_is_passed_after_it_returned(self) -> None:
        events: list[str] = []

        def behavior(value: int) -> None:
            events.append(f"begin {value}")
            if value < 3:
                subject.add_value(value + 1)
            events.append(f"end {value}")

        subject = relay.relay(behavior)
        subject.add_value(1)
        assert events == ["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]

    def test_a_behavior_that_raises_is_logged_and_gets_the_next_value(self, caplog: pytest.LogCaptureFixture) -> None:
        quotients: list[float] = []
        subject: relay.Relay[int] = relay.relay(lambda value: quotients.append(1 / value))
        subject.add_value(0)
        subject.add_value(1)
        assert quotients == [1.0]
        (record,) = caplog.records
        assert record.exc_info is not None
        assert record.exc_info[0] is ZeroDivisionError

    def test_values_are_dropped_while_there_is_no_behavior(self, caplog: pytest.LogCaptureFixture) -> None:
        passed: list[int] = []
        subject: relay.Relay[int] = relay.relay(None)
        subject.add_value(1)
        subject.set_behavior(passed.append)
        subject.add_value(2)
        subject.set_behavior(None)
        subject.add_value(3)
        assert passed == [2]
        assert not caplog.records

    def test_a_behavior_set_by_the_behavior_gets_the_values_that_wait(self) -> None:
        passed: list[int] = []

        def first(value: int) -> None:
            subject.add_value(2)
            subject.set_behavior(passed.append)

        subject = relay.relay(first)
        subject.add_value(1)
        assert passed == [2]

    def test_many_threads_get_one_call_at_a_time_with_each_threads_order_kept(self) -> None:
        overlap = Overlap()
        passed: list[tuple[int, int]] = []

        def behavior(value: tuple[int, int]) -> None:
            with overlap:
                passed.append(value)

        subject = relay.relay(behavior)
        with frequent_switches():
            run_together(8, lambda index: [subject.add_value((index, number)) for number in range(300)])
        assert not overlap.seen
        assert sorted(passed, key=lambda value: value[0]) == [(i, n) for i in range(8) for n in range(300)]


class TestPoolRelay:
    def test_values_are_passed_in_order_by_one_task_of_the_pool(self) -> None:
        pool = _KeptPool()
        passed: list[int] = []
        subject = relay.pool_relay(pool, passed.append)
        for number in range(5):
            subject.add_value(number)
        assert passed == []
        (task,) = pool.tasks
        task()
        assert passed == [0, 1, 2, 3, 4]

    def test_adding_a_value_does_not_wait_for_a_behavior_that_blocks(self) -> None:
        began, go = threading.Event(), threading.Event()
        passed: list[int] = []

        def behavior(value: int) -> None:
            began.set()
            wait_for(go)
            passed.append(value)

        with logging_pool.pool(2) as pool:
            subject = relay.pool_relay(pool, behavior)
            subject.add_value(1)
            wait_for(began)
            subject.add_value(2)
            assert passed == []
            go.set()
        assert passed == [1, 2]

    def test_the_behavior_counts_that_is_set_when_a_values_turn_comes(self) -> None:
        pool = _KeptPool()
        passed: list[int] = []
        subject: relay.Relay[int] = relay.pool_relay(pool, None)
        subject.add_value(1)
        subject.set_behavior(passed.append)
        pool.tasks[0]()
        assert passed == [1]

    def test_a_behavior_that_raises_is_logged_and_gets_the_next_value(self, caplog: pytest.LogCaptureFixture) -> None:
        pool = _KeptPool()
        quotients: list[float] = []
        subject: relay.Relay[int] = relay.pool_relay(pool, lambda value: quotients.append(1 / value))
        subject.add_value(0)
        subject.add_value(1)
        pool.tasks[0]()
        assert quotients == [1.0]
        assert len(caplog.records) == 1

    def test_a_pool_that_was_shut_down_raises_to_who_adds_a_value(self) -> None:
        pool = logging_pool.pool(1)
        pool.shutdown()
        subject: relay.Relay[int] = relay.pool_relay(pool, None)
        with pytest.raises(RuntimeError, match="shutdown"):
            subject.add_value(1)

    def test_many_threads_get_one_task_at_a_time_with_each_threads_order_kept(self) -> None:
        overlap = Overlap()
        passed: list[tuple[int, int]] = []

        def behavior(value: tuple[int, int]) -> None:
            with overlap:
                passed.append(value)

        with frequent_switches(), _CountingPool() as pool:
            subject = relay.pool_relay(pool, behavior)
            run_together(8, lambda index: [subject.add_value((index, number)) for number in range(100)])
        assert not overlap.seen
        assert sorted(passed, key=lambda value: value[0]) == [(i, n) for i in range(8) for n in range(100)]


@pytest.mark.parametrize("name", ["add_value", "set_behavior"])
def test_an_implementation_lacking_a_method_cannot_be_made(name: str) -> None:
    methods = {"add_value": print, "set_behavior": print}
    del methods[name]
    with pytest.raises(TypeError, match=name):
        type("_Incomplete", (relay.Relay,), methods)()
