"""Tests of grpc.framework.foundation.later.

Most run the timer's loop in the test's own thread, on a clock that jumps ahead whenever the loop would wait.
"""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import threading
import traceback
import weakref
from typing import Any, Callable

import pytest

from grpc.framework.foundation import future
from grpc.framework.foundation import later as later_module
from tests.framework.foundation._threads import LIMIT, NoticedCondition, frequent_switches, join, run_together, wait_for


class _JumpingClock(later_module._Clock):
    """Time passes only by waiting; before it does, each wait makes the next of the planned calls."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.during_waits: list[Callable[[], object]] = []
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        self.waits.append(seconds)
        if self.during_waits:
            self.during_waits.pop(0)()
        else:
            self.time += seconds


class _NoticedClock(later_module._Clock):
    """Real time; tells when a wait begins, so that who then gets the lock knows that it is under way."""

    def __init__(self) -> None:
        self.waiting = threading.Event()

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        self.waiting.set()
        super().wait(condition, seconds)


class _Bench:
    """A timer on a jumping clock, with its loops kept for the test to run."""

    def __init__(self) -> None:
        self.clock = _JumpingClock()
        self.loops: list[Callable[[], None]] = []
        self.timer = later_module._Timer(self.clock, self.loops.append)
        self.ran: list[tuple[Any, float]] = []

    def plan(self, delay: float, name: Any) -> future.Future[Any]:
        """Plans a computation that records its name and the time, and returns the name."""

        def computation() -> Any:
            self.ran.append((name, self.clock.time - 1000.0))
            return name

        return self.timer.add(delay, computation)

    def run(self) -> None:
        """Runs the loop until it ends."""
        self.loops.pop()()


@pytest.fixture
def bench() -> _Bench:
    return _Bench()


def _fail(error: BaseException) -> Any:
    raise error


class TestTimer:
    def test_a_computation_runs_when_its_delay_is_over(self, bench: _Bench) -> None:
        bench.plan(2.5, "a")
        bench.run()
        assert bench.ran == [("a", 2.5)]

    def test_computations_run_in_the_order_in_which_they_are_due(self, bench: _Bench) -> None:
        for delay in (3, 1, 2):
            bench.plan(delay, delay)
        bench.run()
        assert bench.ran == [(1, 1), (2, 2), (3, 3)]

    def test_computations_due_at_once_run_in_the_order_of_their_arrival(self, bench: _Bench) -> None:
        for name in "abc":
            bench.plan(1, name)
        bench.run()
        assert [name for name, _ in bench.ran] == ["a", "b", "c"]

    @pytest.mark.parametrize("delay", [0, -1, -0.5])
    def test_no_delay_does_not_wait(self, bench: _Bench, delay: float) -> None:
        bench.plan(delay, "a")
        bench.run()
        assert bench.ran == [("a", 0)]
        assert bench.clock.waits == []

    def test_a_delay_that_is_not_a_number_is_refused_and_nothing_starts(self, bench: _Bench) -> None:
        with pytest.raises(ValueError, match="not a number"):
            bench.plan(float("nan"), "a")
        assert bench.loops == []

    def test_an_earlier_computation_added_during_a_wait_runs_first(self, bench: _Bench) -> None:
        bench.plan(10, "late")
        bench.clock.during_waits.append(lambda: bench.plan(1, "early"))
        bench.run()
        assert bench.ran == [("early", 1), ("late", 10)]

    def test_a_computation_may_plan_another(self, bench: _Bench) -> None:
        bench.timer.add(1, lambda: bench.plan(2, "second"))
        bench.run()
        assert bench.ran == [("second", 3)]

    def test_one_loop_serves_all_computations(self, bench: _Bench) -> None:
        for name in range(100):
            bench.plan(name, name)
        assert len(bench.loops) == 1

    def test_nothing_starts_before_the_first_computation(self, bench: _Bench) -> None:
        assert bench.loops == []

    def test_a_computation_after_the_loop_has_ended_starts_it_again(self, bench: _Bench) -> None:
        for name in "ab":
            bench.plan(1, name)
            bench.run()
        assert bench.ran == [("a", 1), ("b", 2)]

    def test_the_loop_ends_when_the_last_pending_computation_is_cancelled(self, bench: _Bench) -> None:
        pending = bench.plan(3600, "a")
        bench.clock.during_waits.append(pending.cancel)
        bench.run()
        assert bench.clock.waits == [3600]
        assert bench.ran == []

    def test_a_cancelled_computation_is_passed_over(self, bench: _Bench) -> None:
        futures = [bench.plan(delay, delay) for delay in (1, 2, 3)]
        futures[0].cancel()
        futures[1].cancel()
        bench.run()
        assert bench.ran == [(3, 3)]
        assert bench.clock.waits == [3]

    def test_a_computation_cancelled_after_it_left_the_heap_does_not_run(self, bench: _Bench) -> None:
        pending = bench.timer.add(0, lambda: bench.ran.append(("a", 0)))
        taken = bench.timer._next()
        assert taken is pending
        assert pending.cancel()
        taken.compute()
        assert bench.ran == []

    def test_cancelled_computations_do_not_pile_up(self, bench: _Bench) -> None:
        bench.plan(1, "kept")
        for _ in range(1000):
            bench.plan(2, "dropped").cancel()
        assert len(bench.timer._heap) < 100
        bench.run()
        assert bench.ran == [("kept", 1)]

    def test_it_knows_its_thread_only_while_the_loop_runs(self, bench: _Bench) -> None:
        inside = bench.timer.add(0, bench.timer.is_current_thread)
        assert not bench.timer.is_current_thread()
        bench.run()
        assert inside.result(0)
        assert not bench.timer.is_current_thread()

    def test_a_thread_that_cannot_be_had_changes_nothing(self) -> None:
        answers: list[Callable[[], object]] = [lambda: _fail(RuntimeError("no thread")), lambda: None]
        loops: list[Callable[[], None]] = []

        def start(loop: Callable[[], None]) -> None:
            answers.pop(0)()
            loops.append(loop)

        ran: list[str] = []
        timer = later_module._Timer(_JumpingClock(), start)
        with pytest.raises(RuntimeError, match="no thread"):
            timer.add(0, lambda: ran.append("refused"))
        timer.add(0, lambda: ran.append("taken"))
        loops[0]()
        assert ran == ["taken"]


class TestFuture:
    def test_a_pending_computation_counts_as_running(self, bench: _Bench) -> None:
        pending = bench.plan(1, "a")
        assert (pending.running(), pending.done(), pending.cancelled()) == (True, False, False)
        assert repr(pending) == "<Future of later(), pending>"

    def test_a_computation_is_running_while_it_takes_place_and_cannot_be_cancelled(self, bench: _Bench) -> None:
        seen: list[bool] = []

        def computation() -> None:
            seen.extend([subject.cancel(), subject.cancelled(), subject.running(), subject.done()])

        subject = bench.timer.add(0, computation)
        bench.run()
        assert seen == [False, False, True, False]

    def test_a_computation_that_returned_is_done_and_cannot_be_cancelled(self, bench: _Bench) -> None:
        done = bench.plan(1, "a")
        bench.run()
        assert done.result(0) == "a"
        assert done.exception(0) is None
        assert done.traceback(0) is None
        assert (done.cancel(), done.running(), done.done(), done.cancelled()) == (False, False, True, False)

    @pytest.mark.parametrize("kind", [ValueError, SystemExit])
    def test_a_computation_that_raised_delivers_exception_and_traceback(
        self, bench: _Bench, kind: type[BaseException]
    ) -> None:
        error = kind("no")
        failed = bench.timer.add(0, lambda: _fail(error))
        bench.plan(0, "next")
        bench.run()
        assert failed.exception(0) is error
        assert [frame.name for frame in traceback.extract_tb(failed.traceback(0))][-1] == "_fail"
        with pytest.raises(kind) as raised:
            failed.result(0)
        assert raised.value is error
        assert [name for name, _ in bench.ran] == ["next"]

    def test_asking_for_the_result_again_does_not_lengthen_the_traceback(self, bench: _Bench) -> None:
        failed = bench.timer.add(0, lambda: _fail(ValueError("no")))
        bench.run()
        lengths = []
        for _ in range(2):
            with pytest.raises(ValueError, match="no") as raised:
                failed.result()
            lengths.append(len(traceback.extract_tb(raised.value.__traceback__)))
        assert lengths[0] == lengths[1]

    def test_a_cancelled_computation_is_done_and_has_no_result(self, bench: _Bench) -> None:
        cancelled = bench.plan(1, "a")
        assert cancelled.cancel()
        assert (cancelled.running(), cancelled.done(), cancelled.cancelled()) == (False, True, True)
        for ask in (cancelled.result, cancelled.exception, cancelled.traceback):
            with pytest.raises(future.CancelledError):
                ask()

    def test_cancelling_again_is_as_good_as_the_first_time(self, bench: _Bench) -> None:
        cancelled = bench.plan(1, "a")
        assert [cancelled.cancel(), cancelled.cancel()] == [True, True]

    @pytest.mark.parametrize("timeout", [0, -1])
    def test_waiting_ends_when_the_timeout_is_over(self, bench: _Bench, timeout: float) -> None:
        pending = bench.plan(1, "a")
        for ask in (pending.result, pending.exception, pending.traceback):
            with pytest.raises(future.TimeoutError, match="not done after"):
                ask(timeout)
        assert not pending.done()

    def test_a_computation_that_waits_for_another_without_limit_is_told_that_it_never_ends(self, bench: _Bench) -> None:
        second = bench.plan(2, "second")
        first = bench.timer.add(1, second.result)
        bench.run()
        assert isinstance(first.exception(0), RuntimeError)
        assert "waits for another one" in str(first.exception(0))
        assert second.result(0) == "second"

    def test_a_computation_may_ask_one_that_is_over(self, bench: _Bench) -> None:
        first = bench.plan(1, "first")
        second = bench.timer.add(2, first.result)
        bench.run()
        assert second.result(0) == "first"

    def test_the_computation_and_the_callbacks_are_let_go_when_it_is_cancelled(self, bench: _Bench) -> None:
        class Load:
            def __call__(self, *args: object) -> None:
                """Does nothing."""

        loads = [Load(), Load()]
        watches = [weakref.ref(load) for load in loads]
        bench.plan(1, "keeps the timer pending")
        cancelled = bench.timer.add(1, loads[0])
        cancelled.add_done_callback(loads[1])
        cancelled.cancel()
        loads.clear()
        assert [watch() for watch in watches] == [None, None]

    def test_a_failed_future_is_freed_without_the_garbage_collector(self, bench: _Bench) -> None:
        class Error(Exception):
            pass

        failed = bench.timer.add(0, lambda: _fail(Error()))
        watch = weakref.ref(failed._condition)
        bench.run()
        gc.disable()
        try:
            with contextlib.suppress(Error):
                failed.result()
            del failed
            assert watch() is None
        finally:
            gc.enable()


class TestCallbacks:
    def test_callbacks_get_the_future_once_each_in_order_when_it_is_done(self, bench: _Bench) -> None:
        subject = bench.plan(1, "a")
        calls: list[tuple[int, future.Future[Any], bool]] = []
        for number in range(2):
            subject.add_done_callback(lambda ended, n=number: calls.append((n, ended, ended.done())))  # type: ignore[misc]
        assert calls == []
        bench.run()
        assert calls == [(0, subject, True), (1, subject, True)]

    def test_the_same_callback_added_twice_is_called_twice(self, bench: _Bench) -> None:
        subject = bench.plan(1, "a")
        calls: list[object] = []
        subject.add_done_callback(calls.append)
        subject.add_done_callback(calls.append)
        bench.run()
        assert calls == [subject, subject]

    def test_a_callback_added_late_is_called_at_once_and_once(self, bench: _Bench) -> None:
        subject = bench.plan(1, "a")
        bench.run()
        calls: list[object] = []
        subject.add_done_callback(calls.append)
        assert calls == [subject]

    def test_callbacks_are_called_when_the_computation_raised(self, bench: _Bench) -> None:
        subject = bench.timer.add(0, lambda: _fail(ValueError("no")))
        calls: list[object] = []
        subject.add_done_callback(calls.append)
        bench.run()
        assert calls == [subject]

    def test_callbacks_are_called_by_the_first_cancel_only(self, bench: _Bench) -> None:
        subject = bench.plan(1, "a")
        calls: list[object] = []
        subject.add_done_callback(calls.append)
        subject.cancel()
        subject.cancel()
        bench.run()
        assert calls == [subject]

    def test_a_callback_that_raises_is_logged_and_the_others_are_called(
        self, bench: _Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        subject = bench.plan(1, "a")
        calls: list[object] = []
        error = ValueError("no")
        subject.add_done_callback(lambda _: _fail(error))
        subject.add_done_callback(calls.append)
        bench.run()
        assert calls == [subject]
        assert [record.exc_info and record.exc_info[1] for record in caplog.records] == [error]

    def test_a_late_callback_that_raises_is_logged(self, bench: _Bench, caplog: pytest.LogCaptureFixture) -> None:
        subject = bench.plan(1, "a")
        bench.run()
        subject.add_done_callback(lambda _: _fail(ValueError("no")))
        assert len(caplog.records) == 1

    def test_a_callback_that_exits_is_logged_and_does_not_end_the_loop(
        self, bench: _Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.plan(1, "a").add_done_callback(lambda _: _fail(SystemExit()))
        bench.plan(2, "b")
        bench.run()
        assert [name for name, _ in bench.ran] == ["a", "b"]
        assert len(caplog.records) == 1


def _timer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == later_module._THREAD_NAME]


class TestThreads:
    @pytest.fixture(autouse=True)
    def _no_thread_stays_behind(self) -> Any:
        yield
        for thread in _timer_threads():
            join(thread)

    def test_a_computation_runs_in_a_daemon_thread_that_ends_when_nothing_is_pending(self) -> None:
        thread = later_module.later(0, threading.current_thread).result(LIMIT)
        assert thread is not threading.current_thread()
        assert thread.daemon
        join(thread)

    def test_an_earlier_computation_wakes_the_thread_that_waits(self) -> None:
        clock = _NoticedClock()
        timer = later_module._Timer(clock)
        distant = timer.add(3600, lambda: None)
        wait_for(clock.waiting)
        assert timer.add(0, lambda: "soon").result(LIMIT) == "soon"
        assert distant.cancel()

    def test_cancelling_the_last_computation_wakes_and_ends_the_thread_that_waits(self) -> None:
        clock = _NoticedClock()
        distant = later_module._Timer(clock).add(3600, lambda: None)
        wait_for(clock.waiting)
        (thread,) = _timer_threads()
        assert distant.cancel()
        join(thread)

    def test_the_thread_ends_when_all_pending_computations_are_cancelled(self) -> None:
        futures = [later_module.later(3600, lambda: None) for _ in range(10)]
        (thread,) = _timer_threads()
        assert all(pending.cancel() for pending in futures)
        join(thread)

    def test_all_computations_share_one_thread(self) -> None:
        go = threading.Event()
        first = later_module.later(0, lambda: wait_for(go))
        futures = [later_module.later(0, threading.get_ident) for _ in range(100)]
        assert len(_timer_threads()) == 1
        go.set()
        assert first.result(LIMIT) is None
        assert len({ended.result(LIMIT) for ended in futures}) == 1

    def test_threads_that_wait_for_a_result_all_get_it(self) -> None:
        began, go = threading.Event(), threading.Event()

        def computation() -> bool:
            began.set()
            return go.wait(LIMIT)

        subject = later_module._Timer().add(0, computation)
        wait_for(began)
        subject._condition = condition = NoticedCondition()
        results: list[bool] = []

        def work(index: int) -> None:
            if index > 0:
                results.append(subject.result())
            else:
                condition.await_waiting(3)
                go.set()

        run_together(4, work)
        assert results == [True] * 3

    def test_of_a_cancel_and_the_beginning_of_the_computation_exactly_one_succeeds(self) -> None:
        wrong: list[object] = []

        def work(index: int) -> None:
            for number in range(50):
                ran: list[int] = []
                subject = later_module.later(0, lambda ran=ran: ran.append(1))  # type: ignore[misc]
                if number % 2:
                    subject.add_done_callback(lambda _: None)
                cancelled = subject.cancel()
                if not cancelled:
                    subject.result(LIMIT)
                if cancelled == bool(ran):
                    wrong.append((cancelled, ran))

        with frequent_switches():
            run_together(4, work)
        assert wrong == []

    if hasattr(os, "fork"):

        def test_a_forked_child_starts_afresh(self) -> None:
            script = (
                "import os\n"
                "from grpc.framework.foundation.later import later\n"
                "pending = later(3600, lambda: None)\n"
                "child = os.fork()\n"
                "if child == 0:\n"
                "    os._exit(later(0, lambda: 7).result(10))\n"
                "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), pending.cancel())\n"
            )
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(entry or os.getcwd() for entry in sys.path)}
            output = subprocess.run(
                [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, timeout=30, check=True
            ).stdout
            assert output.split() == [b"7", b"True"]
