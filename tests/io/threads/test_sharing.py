"""Who reads a transport's socket when: callers in turn, the reactor, nobody for a moment."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Iterator, List, Optional, Tuple

import pytest

from grpc._io.threads import _poller, _sharing
from grpc._io.threads._roles import CALLER, REACTOR, UNWATCHED, WATCHED
from grpc.framework.foundation.environment import GOING_TO_WAIT, Waiter
from tests.io.lines import LIMIT, LineConnection
from tests.io.threads.rig import Clock, Rig, WaitingThread, echo, lines_of, until, waiting_thread

if TYPE_CHECKING:
    import socket

    from grpc._io.threads._transport import Transport

FAR = 1e9


@pytest.fixture(params=[_poller.EpollPoller, _poller.SelectorPoller], ids=["epoll", "selector"])
def any_rig(request: pytest.FixtureRequest, _no_descriptor_is_left: None) -> Iterator[Rig]:
    rig = Rig(make_poller=request.param)
    yield rig
    rig.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(_no_descriptor_is_left: None, clock: Clock) -> Iterator[Rig]:
    rig = Rig(clock)
    yield rig
    rig.close()


def _opened(rig: Rig, **arguments: Any) -> Tuple[LineConnection, Transport, socket.socket]:
    connection = LineConnection()
    transport = rig.transport(connection, **arguments)
    return connection, transport, rig.peers[-1]


def _answer(peer: socket.socket) -> None:
    """Send back what arrives, once."""
    peer.sendall(peer.recv(65536))


def _blocking_call(
    rig: Rig, connection: LineConnection, transport: Transport, peer: socket.socket, line: bytes
) -> None:
    with GOING_TO_WAIT:
        waiter = echo(connection, transport, line)
    _answer(peer)
    assert transport.wait(rig.environment, waiter, None)
    connection.await_lines(1)


class TestCallerReads:
    def test_a_waiting_caller_reads_and_delivers_itself(self, rig: Rig) -> None:
        names: List[str] = []
        connection = LineConnection(lambda _: names.append(threading.current_thread().name))
        transport = rig.transport(connection)
        thread = waiting_thread(transport, rig.environment, echo(connection, transport, b"x"))
        until(lambda: transport._reading is CALLER)
        _answer(rig.peers[-1])
        assert thread.result()
        assert names == [thread.name]

    def test_calls_in_sequence_touch_neither_the_reactor_nor_its_poller(
        self, timed: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection, transport, peer = _opened(timed)
        _blocking_call(timed, connection, transport, peer, b"first")
        assert transport._reading is UNWATCHED
        touched: List[str] = []
        for name in ("add", "change", "remove", "call_at", "call_soon", "wake"):
            monkeypatch.setattr(timed.reactor, name, lambda *_, name=name, **__: touched.append(name))
        monkeypatch.setitem(timed.reactor._handlers, transport._fd, lambda _: touched.append("event"))
        for number in range(20):
            _blocking_call(timed, connection, transport, peer, b"%d" % number)
        monkeypatch.undo()
        assert touched == []

    def test_a_waiter_that_is_set_already_is_not_waited_for(self, rig: Rig) -> None:
        _, transport, _ = _opened(rig)
        waiter = Waiter()
        waiter.set()
        assert transport.wait(rig.environment, waiter, None)

    def test_a_caller_reads_for_others_too(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)
        other = echo(connection, transport, b"other")
        mine = echo(connection, transport, b"mine")
        lines_of(peer, 2)
        thread = waiting_thread(transport, rig.environment, mine)
        until(lambda: transport._reading is CALLER)
        peer.sendall(b"other\n")
        until(lambda: other.ready)
        assert thread.is_alive()
        peer.sendall(b"mine\n")
        assert thread.result()

    def test_a_waiter_set_by_another_thread_ends_the_readers_wait(self, any_rig: Rig) -> None:
        _, transport, _ = _opened(any_rig)
        waiter = Waiter()
        thread = waiting_thread(transport, any_rig.environment, waiter)
        until(lambda: waiter.wake is not None)
        waiter.set()
        assert thread.result()
        assert transport._reading is UNWATCHED

    def test_the_role_goes_to_the_caller_that_has_slept_longest(self, any_rig: Rig) -> None:
        rig = any_rig
        connection, transport, peer = _opened(rig)
        threads = []
        for number in range(4):
            waiter = echo(connection, transport, b"%d" % number)
            threads.append(waiting_thread(transport, rig.environment, waiter))
            expected = number
            until(lambda: len(transport._sleepers) == expected and transport._reading is CALLER)  # noqa: B023
        for number, thread in enumerate(threads):
            assert transport._reading is CALLER
            peer.sendall(b"%d\n" % number)
            assert thread.result()
        assert transport._reading is UNWATCHED

    def test_the_reactor_hands_the_role_to_a_caller_that_came_while_it_read(self, rig: Rig) -> None:
        inside, go_on = threading.Event(), threading.Event()

        def on_line(line: bytes) -> None:
            if line == b"slow":
                inside.set()
                assert go_on.wait(LIMIT)

        connection = LineConnection(on_line)
        transport = rig.transport(connection)
        rig.peers[-1].sendall(b"slow\n")
        assert inside.wait(LIMIT)
        assert transport._reading is REACTOR
        thread = waiting_thread(transport, rig.environment, echo(connection, transport, b"x"))
        until(lambda: len(transport._sleepers) == 1)
        go_on.set()
        until(lambda: transport._reading is CALLER)
        _answer(rig.peers[-1])
        assert thread.result()

    def test_a_reader_takes_over_the_writing_of_nobody(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig, send_buffer=4096)
        with transport.lock:
            connection.write(b"a" * 200_000 + b"\n")
        waiter = echo(connection, transport, b"x")
        thread = waiting_thread(transport, rig.environment, waiter)
        lines_of(peer, 2)  # the reactor writes on while the caller reads
        peer.sendall(b"x\n")
        assert thread.result()

    def test_64_threads_on_one_transport_get_all_their_answers(self, any_rig: Rig) -> None:
        rig = any_rig
        connection, transport, peer = _opened(rig)
        peer.settimeout(None)

        def serve() -> None:
            while data := peer.recv(65536):
                peer.sendall(data)

        def call(me: int) -> None:
            for number in range(25):
                waiter = echo(connection, transport, b"%d %d" % (me, number))
                if not transport.wait(rig.environment, waiter, None):
                    failures.append((me, number))

        failures: List[Tuple[int, int]] = []
        server = threading.Thread(target=serve)
        server.start()
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            callers = [threading.Thread(target=call, args=(me,), daemon=True) for me in range(64)]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join(LIMIT)
                assert not caller.is_alive(), repr(transport)
        finally:
            sys.setswitchinterval(before)
        assert failures == []
        assert len(connection.lines) == 64 * 25
        assert not connection.losses
        transport.close("enough")
        server.join(LIMIT)


class TestDeadlineOfAWait:
    def test_the_readers_wait_ends_at_its_deadline(
        self, timed: Rig, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        timeouts: List[Optional[float]] = []

        class Passing(_poller.Gate):
            def wait(self, timeout: Optional[float]) -> bool:
                timeouts.append(timeout)
                clock.now += timeout or 0
                return False

        monkeypatch.setattr(_poller, "Gate", Passing)
        _, transport, _ = _opened(timed)
        assert not transport.wait(timed.environment, Waiter(), clock.now + 5)
        assert timeouts == [5]
        assert transport._reading is UNWATCHED

    def test_the_sleepers_wait_ends_at_its_deadline_and_nobody_inherits(self, timed: Rig, clock: Clock) -> None:
        _, transport, _ = _opened(timed)
        reader = Waiter()
        first = waiting_thread(transport, timed.environment, reader)
        until(lambda: transport._reading is CALLER)
        assert not transport.wait(timed.environment, Waiter(), clock.now)
        assert not transport._sleepers
        reader.set()
        assert first.result()
        assert transport._reading is UNWATCHED

    def test_a_deadline_in_the_past_still_takes_what_is_there_already(self, timed: Rig, clock: Clock) -> None:
        _, transport, _ = _opened(timed)
        waiter = Waiter()
        waiter.set()
        assert transport.wait(timed.environment, waiter, clock.now - 1)

    def test_a_deadline_in_the_far_future_is_no_error(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)
        waiters = [echo(connection, transport, name) for name in (b"a", b"b")]
        lines_of(peer, 2)
        threads = [waiting_thread(transport, rig.environment, waiter, FAR) for waiter in waiters]
        until(lambda: len(transport._sleepers) == 1)  # one reads, one sleeps
        peer.sendall(b"a\nb\n")
        assert [thread.result() for thread in threads] == [True, True]


class TestWatchingAgain:
    @pytest.mark.parametrize(
        ("busy", "pause"), [(True, _sharing.UNWATCHED_BUSY), (False, _sharing.UNWATCHED_IDLE)], ids=["busy", "idle"]
    )
    def test_a_while_after_a_caller_has_left_the_reactor_watches(
        self, timed: Rig, clock: Clock, busy: bool, pause: float
    ) -> None:
        connection, transport, peer = _opened(timed)
        _blocking_call(timed, connection, transport, peer, b"x")
        connection.has_callers = busy
        _blocking_call(timed, connection, transport, peer, b"y")
        clock.now += pause * 0.9
        timed.settle_reactor()
        assert transport._reading is UNWATCHED
        clock.now += pause * 0.2
        timed.settle_reactor()
        assert transport._reading is WATCHED
        peer.sendall(b"z\n")
        connection.await_lines(1)

    def test_each_new_call_puts_it_off(self, timed: Rig, clock: Clock) -> None:
        connection, transport, peer = _opened(timed)
        for _ in range(5):
            _blocking_call(timed, connection, transport, peer, b"x")
            clock.now += _sharing.UNWATCHED_IDLE * 0.6
            timed.settle_reactor()
            assert transport._reading is UNWATCHED

    def test_many_calls_set_few_timers(self, timed: Rig) -> None:
        connection, transport, peer = _opened(timed)
        for number in range(100):
            connection.has_callers = number % 2 == 0
            _blocking_call(timed, connection, transport, peer, b"x")
        assert len(timed.reactor._timers) <= 2

    def test_a_caller_that_reads_when_the_timer_fires_goes_on_reading(self, timed: Rig, clock: Clock) -> None:
        connection, transport, peer = _opened(timed)
        _blocking_call(timed, connection, transport, peer, b"x")
        waiter = echo(connection, transport, b"y")
        thread = waiting_thread(transport, timed.environment, waiter)
        until(lambda: transport._reading is CALLER)
        clock.now += 1
        timed.settle_reactor()
        assert transport._reading is CALLER
        _answer(peer)
        assert thread.result()


class TestNobodyWaits:
    """What is begun by a thread that is not about to wait. The clock stands still: no timer helps."""

    def test_an_answer_is_read_at_once_right_after_a_blocking_call_too(self, timed: Rig) -> None:
        connection, transport, peer = _opened(timed)
        _blocking_call(timed, connection, transport, peer, b"x")
        assert transport._reading is UNWATCHED
        echo(connection, transport, b"y")
        _answer(peer)
        connection.await_lines(1)

    def test_a_call_of_another_thread_that_is_about_to_wait_changes_nothing_about_that(self, timed: Rig) -> None:
        connection, transport, peer = _opened(timed)
        _blocking_call(timed, connection, transport, peer, b"x")
        announced, over = threading.Event(), threading.Event()

        def announce() -> None:
            with GOING_TO_WAIT:
                announced.set()
                over.wait(LIMIT)

        thread = threading.Thread(target=announce)
        thread.start()
        assert announced.wait(LIMIT)
        echo(connection, transport, b"y")
        over.set()
        thread.join(LIMIT)
        _answer(peer)
        connection.await_lines(1)

    def test_whoever_waits_after_all_reads_itself(self, timed: Rig) -> None:
        connection, transport, peer = _opened(timed)
        _blocking_call(timed, connection, transport, peer, b"x")
        waiter = echo(connection, transport, b"y")
        thread = waiting_thread(transport, timed.environment, waiter)
        until(lambda: transport._reading is CALLER)
        _answer(peer)
        assert thread.result()
        assert transport._reading is UNWATCHED

    def test_while_others_wait_a_timer_does(self, timed: Rig, clock: Clock) -> None:
        connection, transport, peer = _opened(timed)
        connection.has_callers = True
        _blocking_call(timed, connection, transport, peer, b"x")
        echo(connection, transport, b"y")
        assert transport._reading is UNWATCHED
        clock.now += _sharing.UNWATCHED_BUSY * 1.1
        timed.settle_reactor()
        _answer(peer)
        connection.await_lines(1)

    def test_others_that_waited_and_gave_up_meanwhile_make_no_difference(self, timed: Rig, clock: Clock) -> None:
        connection, transport, peer = _opened(timed)
        connection.has_callers = True
        _blocking_call(timed, connection, transport, peer, b"x")
        connection.has_callers = False
        clock.now += _sharing.UNWATCHED_BUSY * 1.1
        timed.settle_reactor()
        assert transport._reading is UNWATCHED
        echo(connection, transport, b"y")
        _answer(peer)
        connection.await_lines(1)


class TestSeveralConnections:
    """The callers of a channel come to its newest connection only."""

    def test_a_connection_that_callers_have_read_is_the_reactors_once_there_is_a_newer_one(self, timed: Rig) -> None:
        old, former, peer = _opened(timed)
        timed.environment.transport_opened(former)
        _blocking_call(timed, old, former, peer, b"x")
        assert former._reading is UNWATCHED
        timed.environment.transport_opened(_opened(timed)[1])
        assert former._reading is WATCHED

    def test_a_caller_that_still_reads_an_older_one_leaves_it_to_the_reactor(self, timed: Rig) -> None:
        old, former, peer = _opened(timed)
        timed.environment.transport_opened(former)
        waiter = echo(old, former, b"x")
        thread = waiting_thread(former, timed.environment, waiter)
        until(lambda: former._reading is CALLER)
        timed.environment.transport_opened(_opened(timed)[1])
        _answer(peer)
        assert thread.result()
        assert former._reading is WATCHED

    def test_blocking_calls_that_alternate_are_all_answered_while_the_clock_stands_still(self, timed: Rig) -> None:
        ends = []
        for _ in range(2):
            connection, transport, peer = _opened(timed)
            _blocking_call(timed, connection, transport, peer, b"before")
            timed.environment.transport_opened(transport)
            ends.append((connection, transport, peer))
        for number in range(20):
            connection, transport, peer = ends[number % 2]
            with GOING_TO_WAIT:
                waiter = echo(connection, transport, b"%d" % number)
            caller = WaitingThread(lambda waiter=waiter: timed.environment.wait(waiter))  # type: ignore[misc]
            caller.start()
            _answer(peer)
            assert caller.result()

    def test_when_the_newest_is_closed_callers_read_the_one_before_it(self, timed: Rig) -> None:
        connection, transport, peer = _opened(timed)
        timed.environment.transport_opened(transport)
        newest = _opened(timed)[1]
        timed.environment.transport_opened(newest)
        timed.environment.transport_closed(newest)
        caller = WaitingThread(lambda: timed.environment.wait(echo(connection, transport, b"x")))
        caller.start()
        until(lambda: transport._reading is CALLER)
        _answer(peer)
        assert caller.result()
        assert transport._reading is UNWATCHED

    def test_one_that_was_closed_before_it_could_be_announced_is_not_waited_at(self, timed: Rig) -> None:
        transport = _opened(timed)[1]
        timed.environment.transport_opened(transport)
        short_lived = _opened(timed)[1]
        short_lived.close("enough")
        timed.environment.transport_opened(short_lived)
        assert timed.environment._transport is transport
        assert transport.callers_come


def test_a_caller_that_gets_no_descriptor_to_wait_on_leaves_the_reading_to_the_reactor(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_: int) -> _poller.Gate:
        raise OSError(24, "Too many open files")

    connection, transport, peer = _opened(rig)
    monkeypatch.setattr(_poller, "Gate", none_left)
    thread = waiting_thread(transport, rig.environment, echo(connection, transport, b"x"))
    _answer(peer)
    assert thread.result()
    assert transport._reading in (WATCHED, REACTOR)
