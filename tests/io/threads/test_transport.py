"""A transport's reading half: who reads when, how the role changes hands, and how it all ends."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from typing import Any, Iterator, List, Optional, Tuple

import pytest

from grpc._io.threads import _poller, _transport
from grpc._io.threads._roles import CALLER, CLOSED, REACTOR, UNWATCHED, WATCHED
from grpc._io.threads._transport import Transport
from grpc.framework.foundation.environment import Waiter
from tests.io.lines import LIMIT, LineConnection
from tests.io.threads.rig import Clock, Rig, echo, lines_of, until, waiting_thread

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
    waiter = echo(connection, transport, line)
    _answer(peer)
    assert transport.wait(rig.environment, waiter, None)


class TestReactorReads:
    @pytest.mark.parametrize("callers_read", [True, False], ids=["client", "server"])
    def test_without_callers_the_reactor_reads_whatever_comes(self, any_rig: Rig, callers_read: bool) -> None:
        connection, transport, peer = _opened(any_rig, callers_read=callers_read)
        for number in range(10):
            peer.sendall(b"%d\n" % number)
            connection.await_lines(1)
        assert connection.lines == [b"%d" % number for number in range(10)]
        assert transport._reading in (WATCHED, REACTOR)

    def test_a_thread_that_waits_for_no_transport_is_woken_by_the_reactor(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig, callers_read=False)
        waiter = echo(connection, transport, b"x")
        _answer(peer)
        assert rig.environment.wait(waiter)


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

    def test_calls_in_sequence_touch_neither_the_reactor_nor_its_poller(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)
        _blocking_call(rig, connection, transport, peer, b"first")
        assert transport._reading is UNWATCHED
        events: List[int] = []
        seen = rig.reactor._handlers[transport._fd]

        def noting(mask: int) -> None:
            events.append(mask)
            seen(mask)

        rig.reactor._handlers[transport._fd] = noting
        for number in range(20):
            _blocking_call(rig, connection, transport, peer, b"%d" % number)
        assert len(events) <= 1  # if this machine paused long enough for the timer

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
        ("busy", "pause"), [(True, _transport.UNWATCHED_BUSY), (False, _transport.UNWATCHED_IDLE)], ids=["busy", "idle"]
    )
    def test_a_while_after_a_caller_has_left_the_reactor_watches(
        self, timed: Rig, clock: Clock, busy: bool, pause: float
    ) -> None:
        connection, transport, peer = _opened(timed)
        _blocking_call(timed, connection, transport, peer, b"x")
        connection.arrived.acquire()
        connection.has_callers = busy
        _blocking_call(timed, connection, transport, peer, b"y")
        connection.arrived.acquire()
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
            clock.now += _transport.UNWATCHED_IDLE * 0.6
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


class TestLosses:
    def test_the_peers_end_of_stream_is_a_loss(self, any_rig: Rig) -> None:
        connection, transport, peer = _opened(any_rig)
        peer.close()
        assert connection.await_loss() == "unix:test: the peer closed the connection"
        assert connection.losses[0][1] is None
        assert transport._reading is CLOSED

    def test_a_reset_by_the_peer_is_a_loss_with_the_systems_words(self, rig: Rig) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            ours = socket.create_connection(server.getsockname())
            peer, _ = server.accept()
        ours.setblocking(False)
        transport = Transport(rig.reactor, ours, "ipv4:test", callers_read=False)
        rig.transports.append(transport)
        connection = LineConnection()
        transport.run(connection)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        assert connection.await_loss() == "ipv4:test: Connection reset by peer"
        assert isinstance(connection.losses[0][1], ConnectionResetError)

    def test_what_came_before_the_end_is_delivered_before_the_loss(self, rig: Rig) -> None:
        connection, _, peer = _opened(rig)
        peer.sendall(b"a\nb\n")
        peer.close()
        connection.await_loss()
        assert connection.lines == [b"a", b"b"]

    @pytest.mark.parametrize("how", ["peer", "close"])
    def test_a_loss_ends_the_waits_of_the_reader_and_of_the_sleepers(self, any_rig: Rig, how: str) -> None:
        rig = any_rig
        connection, transport, peer = _opened(rig)
        threads = [
            waiting_thread(transport, rig.environment, echo(connection, transport, b"%d" % number))
            for number in range(5)
        ]
        until(lambda: len(transport._sleepers) == 4)
        if how == "peer":
            peer.close()
        else:
            transport.close("enough")
        for thread in threads:
            assert thread.result()  # set by the connection that was lost
        assert len(connection.losses) == 1
        assert transport._socket.fileno() == -1

    def test_a_wait_on_a_closed_transport_is_an_ordinary_wait(self, rig: Rig) -> None:
        _, transport, _ = _opened(rig)
        transport.close("enough")
        waiter = Waiter()
        thread = waiting_thread(transport, rig.environment, waiter)
        until(lambda: waiter.wake is not None)
        waiter.set()
        assert thread.result()
        assert not transport.wait(rig.environment, Waiter(), rig.reactor.time())

    def test_a_sleeper_whose_news_outlives_the_transport_waits_on_until_it_comes(self, rig: Rig) -> None:
        _, transport, _ = _opened(rig)
        reader, late = Waiter(), Waiter()  # the connection knows nothing of these two
        first = waiting_thread(transport, rig.environment, reader)
        until(lambda: transport._reading is CALLER)
        second = waiting_thread(transport, rig.environment, late)
        until(lambda: len(transport._sleepers) == 1)
        transport.close("enough")
        reader.set()
        assert first.result()
        assert second.is_alive()
        late.set()
        assert second.result()

    def test_the_readers_own_delivery_may_close_the_transport(self, rig: Rig) -> None:
        connection = LineConnection(lambda _: transport.close("enough"))
        transport = rig.transport(connection)
        waiter = echo(connection, transport, b"x")
        _answer(rig.peers[-1])
        assert transport.wait(rig.environment, waiter, None)
        assert connection.losses == [("unix:test: enough", None)]
        assert transport._socket.fileno() == -1

    def test_the_descriptor_stays_open_while_the_reactor_is_inside_a_receive(self, rig: Rig) -> None:
        inside, go_on = threading.Event(), threading.Event()

        class SlowSocket:
            def recv(self, size: int) -> bytes:
                inside.set()
                assert go_on.wait(LIMIT)
                return bytes(sock.recv(size))

            def __getattr__(self, name: str) -> Any:
                return getattr(sock, name)

        connection, transport, peer = _opened(rig, callers_read=False)
        sock = transport._socket
        transport._socket = SlowSocket()  # type: ignore[assignment]
        peer.sendall(b"x\n")
        assert inside.wait(LIMIT)
        transport.close("enough")
        assert sock.fileno() != -1  # else the read would take another connection's bytes
        go_on.set()
        rig.settle_reactor()
        assert sock.fileno() == -1
        assert connection.lines == []

    def test_closing_from_many_threads_during_traffic_leaves_nothing(self, rig: Rig) -> None:
        for _ in range(30):
            connection, transport, peer = _opened(rig)
            callers = [
                waiting_thread(transport, rig.environment, echo(connection, transport, b"%d" % number))
                for number in range(3)
            ]
            _answer(peer)
            closers = [threading.Thread(target=transport.close, args=("enough",)) for _ in range(3)]
            for closer in closers:
                closer.start()
            for caller in callers:
                assert caller.result()
            for closer in closers:
                closer.join(LIMIT)
            assert len(connection.losses) == 1
            assert transport._socket.fileno() == -1
            peer.close()

    def test_an_event_that_comes_after_the_end_does_nothing(self, rig: Rig) -> None:
        for callers_read in (True, False):
            connection, transport, _ = _opened(rig, callers_read=callers_read)
            transport.close("enough")
            transport._on_events(_poller.READ | _poller.WRITE)
            assert len(connection.losses) == 1


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
