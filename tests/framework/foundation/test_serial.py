"""Tests of grpc.framework.foundation.serial."""

from __future__ import annotations

import collections
import functools
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest

from grpc.framework.foundation.serial import Serial
from tests.framework.foundation._threads import LIMIT, Overlap, frequent_switches, join, run_together, wait_for


def _raise(error: BaseException) -> None:
    raise error


class _Later:
    """An executor that keeps its calls for the test to make."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], Any]] = []

    def execute(self, function: Callable[[Any], None], argument: Any) -> None:
        self.calls.append(functools.partial(function, argument))


class TestOneThread:
    def test_an_effect_has_run_when_append_returns(self) -> None:
        ran: list[int] = []
        Serial().append(lambda: ran.append(1))
        assert ran == [1]

    def test_an_effect_appended_by_an_effect_runs_after_it(self) -> None:
        serial = Serial()
        ran: list[str] = []

        def outer() -> None:
            serial.append(lambda: ran.append("inner"))
            ran.append("outer")

        serial.append(outer)
        assert ran == ["outer", "inner"]

    def test_a_long_chain_of_appending_effects_keeps_the_stack_flat(self) -> None:
        serial = Serial()
        depths: list[int] = []

        def link() -> None:
            depths.append(len(inspect.stack(0)))
            if len(depths) < 100:
                serial.append(link)

        serial.append(link)
        assert len(depths) == 100
        assert len(set(depths)) == 1

    def test_an_effect_that_raises_is_logged_and_the_next_one_runs(self, caplog: pytest.LogCaptureFixture) -> None:
        serial = Serial()
        ran: list[int] = []
        error = ValueError("no")

        def outer() -> None:
            serial.append(lambda: ran.append(1))
            raise error

        serial.append(outer)
        assert ran == [1]
        (record,) = caplog.records
        assert record.exc_info is not None
        assert record.exc_info[1] is error

    def test_an_interruption_is_raised_after_the_waiting_effects_have_run(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        serial = Serial()
        ran: list[int] = []

        def outer() -> None:
            serial.append(lambda: _raise(SystemExit()))
            serial.append(lambda: ran.append(1))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            serial.append(outer)
        assert ran == [1]
        assert not caplog.records
        serial.append(lambda: ran.append(2))
        assert ran == [1, 2]

    def test_an_effect_runs_without_the_lock(self) -> None:
        serial = Serial()
        ran: list[int] = []

        def outer() -> None:
            # Another thread gets through append while this effect has not ended.
            thread = threading.Thread(target=serial.append, args=(lambda: ran.append(1),), daemon=True)
            thread.start()
            join(thread)
            assert ran == []

        serial.append(outer)
        assert ran == [1]

    def test_the_queue_is_touched_under_the_lock_only(self) -> None:
        serial = Serial()
        held: list[bool] = []

        class Watched(collections.deque[Any]):
            def append(self, effect: Any) -> None:
                held.append(serial._lock.locked())
                super().append(effect)

            def popleft(self) -> Any:
                held.append(serial._lock.locked())
                return super().popleft()

        serial._effects = Watched()
        serial.append(lambda: serial.append(lambda: None))
        assert held == [True, True]

    def test_its_repr_tells_what_it_is_doing(self) -> None:
        serial = Serial()
        seen: list[str] = []

        def outer() -> None:
            serial.append(lambda: None)
            seen.append(repr(serial))

        serial.append(outer)
        assert [*seen, repr(serial)] == ["<Serial running, 1 waiting>", "<Serial idle, 0 waiting>"]

    def test_it_has_no_room_but_for_its_slots(self) -> None:
        assert not hasattr(Serial(), "__dict__")


class TestManyThreads:
    def test_effects_appended_during_a_slow_one_run_in_order_in_its_thread(self) -> None:
        serial = Serial()
        began, go = threading.Event(), threading.Event()
        ran: list[tuple[int, threading.Thread]] = []

        def slow() -> None:
            began.set()
            wait_for(go)

        thread = threading.Thread(target=serial.append, args=(slow,), daemon=True)
        thread.start()
        wait_for(began)
        for number in range(50):
            serial.append(functools.partial(lambda n: ran.append((n, threading.current_thread())), number))
        assert ran == []
        go.set()
        join(thread)
        assert ran == [(number, thread) for number in range(50)]

    def test_no_two_effects_overlap_and_each_threads_order_is_kept(self) -> None:
        serial = Serial()
        overlap = Overlap()
        ran: list[list[int]] = [[] for _ in range(8)]

        def effect(index: int, number: int) -> None:
            with overlap:
                ran[index].append(number)

        def work(index: int) -> None:
            for number in range(500):
                serial.append(functools.partial(effect, index, number))

        with frequent_switches():
            run_together(8, work)
        assert not overlap.seen
        assert ran == [list(range(500))] * 8


class TestExecutor:
    def test_effects_wait_for_the_executor_and_make_one_call_of_it(self) -> None:
        executor = _Later()
        serial = Serial(executor.execute)
        ran: list[int] = []
        for number in range(3):
            serial.append(functools.partial(ran.append, number))
        assert ran == []
        (call,) = executor.calls
        call()
        assert ran == [0, 1, 2]

    def test_an_effect_after_the_queue_was_empty_makes_another_call(self) -> None:
        executor = _Later()
        serial = Serial(executor.execute)
        for number in range(2):
            serial.append(lambda: None)
            executor.calls[number]()
        assert len(executor.calls) == 2

    def test_a_refusal_goes_to_the_caller_and_the_next_append_tries_anew(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        answers: list[Callable[[], None]] = [lambda: _raise(RuntimeError("full")), lambda: None]
        ran: list[int] = []

        def execute(function: Callable[[Any], None], argument: Any) -> None:
            answers.pop(0)()
            function(argument)

        serial = Serial(execute)
        with pytest.raises(RuntimeError, match="full"):
            serial.append(lambda: ran.append(1))
        assert not caplog.records
        serial.append(lambda: ran.append(2))
        assert ran == [2]

    def test_a_refusal_drops_what_was_appended_meanwhile_and_says_how_many(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def execute(function: Callable[[Any], None], argument: Any) -> None:
            serial.append(lambda: None)
            raise RuntimeError("full")

        serial = Serial(execute)
        with pytest.raises(RuntimeError, match="full"):
            serial.append(lambda: None)
        assert [record.getMessage() for record in caplog.records] == ["Executor refused; 1 waiting effects dropped"]
        assert repr(serial) == "<Serial idle, 0 waiting>"

    def test_the_submit_of_a_pool_will_do(self) -> None:
        threads: list[threading.Thread] = []
        ended = threading.Event()
        with ThreadPoolExecutor(2) as pool:
            serial = Serial(pool.submit)
            serial.append(lambda: threads.append(threading.current_thread()))
            serial.append(ended.set)
            assert ended.wait(LIMIT)
        assert threads[0] is not threading.current_thread()
