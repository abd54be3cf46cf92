"""The reactor: one thread, timers, callbacks, and users who come and go."""

from __future__ import annotations

import logging
import socket
import threading
from typing import Callable, Iterator, List, Optional

import pytest

from grpc._io.threads import _poller
from grpc._io.threads._reactor import Reactor
from tests.io.lines import LIMIT
from tests.io.threads.rig import Clock, until

POLLERS = [_poller.EpollPoller, _poller.SelectorPoller]


@pytest.fixture(params=POLLERS, ids=["epoll", "selector"])
def reactor(request: pytest.FixtureRequest) -> Iterator[Reactor]:
    reactor = Reactor("grpc-test-reactor", make_poller=request.param)
    reactor.acquire()
    yield reactor
    reactor.release()
    reactor.join()


def _await(event: threading.Event) -> None:
    assert event.wait(LIMIT)


def _setting(reactor: Reactor, event: threading.Event) -> Callable[[], None]:
    """What sets a timer that sets an event."""

    def set_timer() -> None:
        reactor.call_at(reactor.time(), event.set)

    return set_timer


def _sync(reactor: Reactor) -> None:
    done = threading.Event()
    reactor.call_soon(done.set)
    _await(done)


def _threads() -> List[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("grpc-test-reactor")]


class TestTimers:
    def test_an_action_runs_once_the_clock_has_reached_its_time(self) -> None:
        clock = Clock()
        reactor = Reactor("grpc-test-reactor", clock)
        reactor.acquire()
        ran = threading.Event()
        reactor.call_at(clock.now + 5, ran.set)
        clock.now += 4.9
        _sync(reactor)
        assert not ran.is_set()
        clock.now += 0.2
        _sync(reactor)
        _await(ran)
        reactor.release()
        reactor.join()

    def test_a_timer_that_is_due_runs_without_further_ado(self, reactor: Reactor) -> None:
        ran = threading.Event()
        reactor.call_at(reactor.time(), ran.set)
        _await(ran)

    def test_a_sooner_timer_ends_the_sleep_for_a_later_one(self, reactor: Reactor) -> None:
        reactor.call_at(reactor.time() + 1000, lambda: None)
        _sync(reactor)
        ran = threading.Event()
        reactor.call_at(reactor.time() + 0.001, ran.set)
        _await(ran)

    def test_a_cancelled_timer_does_not_run(self) -> None:
        clock = Clock()
        reactor = Reactor("grpc-test-reactor", clock)
        reactor.acquire()
        ran: List[str] = []
        reactor.call_at(clock.now + 1, lambda: ran.append("cancelled")).cancel()
        reactor.call_at(clock.now + 1, lambda: ran.append("kept"))
        clock.now += 2
        _sync(reactor)
        _sync(reactor)
        assert ran == ["kept"]
        reactor.release()
        reactor.join()

    def test_a_timer_set_by_a_timer_runs(self, reactor: Reactor) -> None:
        ran = threading.Event()
        reactor.call_at(reactor.time(), _setting(reactor, ran))
        _await(ran)

    def test_a_time_beyond_what_systems_can_wait_for_is_no_error(self, reactor: Reactor) -> None:
        reactor.call_at(reactor.time() + 1e12, lambda: None)
        _sync(reactor)

    def test_an_action_that_raises_is_logged_and_ends_nothing(
        self, reactor: Reactor, caplog: pytest.LogCaptureFixture
    ) -> None:
        reactor.call_soon(lambda: [][1])
        _sync(reactor)
        assert "this is a defect of the library" in caplog.text


class TestWork:
    def test_call_soon_keeps_the_order(self, reactor: Reactor) -> None:
        ran: List[int] = []
        for number in range(100):
            reactor.call_soon(lambda number=number: ran.append(number))  # type: ignore[misc]  # mypy does not see the default
        _sync(reactor)
        assert ran == list(range(100))

    def test_work_that_makes_work_does_not_lock_the_descriptors_out(self, reactor: Reactor) -> None:
        ours, peer = socket.socketpair()
        readable = threading.Event()

        def again() -> None:
            if not readable.is_set():
                reactor.call_soon(again)

        reactor.call_soon(again)
        reactor.add(ours.fileno(), lambda _: readable.set(), _poller.READ, once=True)
        peer.send(b"x")
        _await(readable)
        reactor.remove(ours.fileno())
        ours.close()
        peer.close()

    def test_an_idle_reactor_sleeps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        polls: List[Optional[float]] = []

        class Counting(_poller.EpollPoller):
            def poll(self, timeout: Optional[float]) -> _poller.Events:
                polls.append(timeout)
                return super().poll(timeout)

        reactor = Reactor("grpc-test-reactor", make_poller=Counting)
        reactor.acquire()
        _sync(reactor)
        reactor.call_at(reactor.time() + 1000, lambda: None)
        reactor.call_at(reactor.time() + 500, lambda: None)
        _sync(reactor)
        # Every poll was ended by a wake: one each for two syncs and two timers, and the ones that may fall between.
        assert len(polls) <= 8
        last = polls[-1]
        assert last is not None
        assert 400 < last <= 500
        reactor.release()
        reactor.join()


class TestCallbacks:
    def test_callbacks_run_in_order_on_a_thread_of_their_own(self, reactor: Reactor) -> None:
        ran: List[int] = []
        names: List[str] = []
        done = threading.Event()
        for number in range(50):
            reactor.execute(lambda number=number: ran.append(number))  # type: ignore[misc]  # as above
        reactor.execute(lambda: names.append(threading.current_thread().name))
        reactor.execute(done.set)
        _await(done)
        assert ran == list(range(50))
        assert names == ["grpc-test-reactor-callbacks"]

    def test_a_callback_that_blocks_holds_up_no_timer(self, reactor: Reactor) -> None:
        go_on = threading.Event()
        reactor.execute(lambda: _await(go_on))
        ran = threading.Event()
        reactor.call_at(reactor.time(), ran.set)
        _await(ran)
        go_on.set()

    @pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)], ids=["an error", "sys.exit"])
    def test_a_callback_that_raises_is_logged_and_the_next_one_runs(
        self, reactor: Reactor, error: BaseException, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail() -> None:
            raise error

        done = threading.Event()
        reactor.execute(fail)
        reactor.execute(done.set)
        _await(done)
        assert "A callback raised" in caplog.text

    def test_callbacks_of_the_last_moment_run_before_the_thread_ends(self) -> None:
        reactor = Reactor("grpc-test-reactor")
        reactor.acquire()
        ran: List[int] = []
        for number in range(10):
            reactor.execute(lambda number=number: ran.append(number))  # type: ignore[misc]  # as above
        reactor.release()
        reactor.join()
        assert ran == list(range(10))

    def test_without_users_the_caller_runs_a_callback(self, caplog: pytest.LogCaptureFixture) -> None:
        reactor = Reactor("grpc-test-reactor")
        ran: List[str] = []
        reactor.execute(lambda: ran.append(threading.current_thread().name))
        assert ran == [threading.current_thread().name]


class TestUsers:
    def test_the_thread_lives_from_the_first_user_to_the_last(self) -> None:
        reactor = Reactor("grpc-test-reactor")
        assert _threads() == []
        reactor.acquire()
        reactor.acquire()
        reactor.release()
        reactor.join()  # nothing is ending: returns at once
        assert _threads() == ["grpc-test-reactor"]
        reactor.release()
        reactor.join()
        assert _threads() == []

    def test_it_starts_again(self) -> None:
        reactor = Reactor("grpc-test-reactor")
        for _ in range(3):
            reactor.acquire()
            _sync(reactor)
            done = threading.Event()
            reactor.execute(done.set)
            _await(done)
            reactor.release()
            reactor.join()
        assert _threads() == []

    def test_join_waits_for_every_thread_that_is_ending_also_after_a_new_start(self) -> None:
        reactor = Reactor("grpc-test-reactor")
        go_on = threading.Event()
        reactor.acquire()
        reactor.call_soon(lambda: _await(go_on))
        reactor.release()  # the first thread cannot end yet
        reactor.acquire()
        reactor.release()
        joined = threading.Event()

        def join() -> None:
            reactor.join()
            joined.set()

        joiner = threading.Thread(target=join)
        joiner.start()
        until(lambda: len(_threads()) == 1)
        assert not joined.wait(0.02)  # time for a join that waits for the second thread alone
        go_on.set()
        joiner.join(LIMIT)
        assert joined.is_set()
        assert _threads() == []

    def test_releasing_from_its_own_thread_does_not_block(self) -> None:
        reactor = Reactor("grpc-test-reactor")
        reactor.acquire()
        released = threading.Event()

        def release() -> None:
            reactor.release()
            reactor.join()
            released.set()

        reactor.call_soon(release)
        _await(released)
        reactor.join()

    def test_what_was_to_be_done_soon_is_done_before_the_thread_ends(self) -> None:
        reactor = Reactor("grpc-test-reactor")
        reactor.acquire()
        ran: List[str] = []
        entered, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            entered.set()
            _await(go_on)

        reactor.call_soon(hold)
        _await(entered)
        reactor.call_soon(lambda: ran.append("soon"))
        reactor.release()
        go_on.set()
        reactor.join()
        assert ran == ["soon"]

    def test_many_users_coming_and_going_leave_no_thread(self) -> None:
        reactor = Reactor("grpc-test-reactor")

        def use() -> None:
            for _ in range(20):
                reactor.acquire()
                _sync(reactor)
                reactor.release()
                reactor.join()

        users = [threading.Thread(target=use) for _ in range(8)]
        for user in users:
            user.start()
        for user in users:
            user.join(LIMIT)
        assert _threads() == []

    def test_its_name_and_state_can_be_read(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        reactor = Reactor("grpc-test-reactor")
        assert repr(reactor) == "<Reactor 'grpc-test-reactor', idle, 0 users, 0 descriptors>"


class TestFinalizers:
    def test_an_action_is_taken_inside_of_the_reactors_own_lock_and_runs_after_it(self, reactor: Reactor) -> None:
        ran = threading.Event()
        with reactor._lock:
            reactor.call_from_finalizer(ran.set)
        _await(ran)

    def test_an_action_starts_no_thread_in_a_forked_process_but_runs_with_the_first(self) -> None:
        reactor = Reactor("grpc-test-reactor")
        ran = threading.Event()
        reactor.call_from_finalizer(ran.set)
        assert _threads() == []
        reactor.acquire()
        _await(ran)
        reactor.release()
        reactor.join()
