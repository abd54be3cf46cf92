"""A transport's writing half: one writer, one deliverer, one deadline."""

from __future__ import annotations

import errno
import select
import socket
import threading
from typing import Any, Callable, List, Tuple

import pytest

from grpc._io.threads import _poller, _transport
from grpc._io.threads._roles import CALLER, CLOSED
from grpc._io.threads._transport import Transport
from tests.io.lines import LIMIT, LineConnection
from tests.io.threads.rig import Clock, Rig, lines_of, until, waiting_thread

BIG = 256 * 1024


def _opened(rig: Rig, **arguments: Any) -> Tuple[LineConnection, Transport, socket.socket]:
    connection = LineConnection()
    transport = rig.transport(connection, **arguments)
    return connection, transport, rig.peers[-1]


def _write(connection: LineConnection, transport: Transport, data: bytes) -> None:
    with transport.lock:
        connection.write(data)
    transport.settle()


class TestWriting:
    def test_what_the_connection_has_to_say_at_the_beginning_is_written(self, rig: Rig) -> None:
        connection = LineConnection()
        connection.write(b"hello\n")
        rig.transport(connection)
        assert lines_of(rig.peers[-1], 1) == [b"hello"]

    def test_the_calling_thread_writes_at_once(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)
        _write(connection, transport, b"now\n")
        peer.setblocking(False)
        assert peer.recv(100) == b"now\n"

    def test_lines_of_many_threads_arrive_whole_and_in_each_threads_order(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)

        def write(me: int) -> None:
            for number in range(200):
                _write(connection, transport, b"%d %d\n" % (me, number))

        threads = [threading.Thread(target=write, args=(me,)) for me in range(8)]
        for thread in threads:
            thread.start()
        lines = lines_of(peer, 1600)
        for thread in threads:
            thread.join(LIMIT)
        for me in range(8):
            assert [line for line in lines if line.startswith(b"%d " % me)] == [b"%d %d" % (me, n) for n in range(200)]

    def test_a_thread_that_finds_another_one_writing_leaves_its_bytes_to_it(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)

        def add_more() -> bytes:
            del connection.data_to_send  # once
            data = connection.data_to_send()
            threading.Thread(target=write_too).start()
            assert inside.wait(LIMIT)
            return data

        def write_too() -> None:
            inside.set()
            _write(connection, transport, b"other\n")

        inside = threading.Event()
        connection.data_to_send = add_more  # type: ignore[method-assign]
        _write(connection, transport, b"mine\n")
        assert sorted(lines_of(peer, 2)) == [b"mine", b"other"]

    @pytest.mark.parametrize("callers_read", [True, False], ids=["client", "server"])
    def test_what_the_socket_does_not_take_waits_for_the_reactor(self, rig: Rig, callers_read: bool) -> None:
        connection, transport, peer = _opened(rig, callers_read=callers_read, send_buffer=4096)
        _write(connection, transport, b"a" * BIG + b"\n")  # nobody reads it, and yet this returns
        _write(connection, transport, b"b\n")
        assert connection.unsent == 2  # in the connection, behind what waits
        first, second = lines_of(peer, 2)
        assert (len(first), set(first), second) == (BIG, {ord("a")}, b"b")

    @pytest.mark.parametrize("make_poller", [_poller.EpollPoller, _poller.SelectorPoller], ids=["epoll", "selector"])
    def test_while_it_waits_to_write_it_reads(self, make_poller: Callable[[], _poller.Poller]) -> None:
        rig = Rig(make_poller=make_poller)
        for callers_read in (True, False):
            connection, transport, peer = _opened(rig, callers_read=callers_read, send_buffer=4096)
            _write(connection, transport, b"a" * BIG + b"\n")
            for number in range(20):
                peer.send(b"%d\n" % number)
                connection.await_lines(1)
            assert connection.lines == [b"%d" % number for number in range(20)]
            assert len(lines_of(peer, 1)[0]) == BIG
        rig.close()

    def test_pieces_wait_like_bytes(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig, send_buffer=4096)
        pieces: List[Any] = [[b"a" * 5, memoryview(b"b" * BIG), b"c\n"], b"d\n", b""]
        connection.pieces_to_send = lambda: pieces.pop(0)  # type: ignore[method-assign]
        transport.settle()
        assert len(pieces) == 2
        first, second = lines_of(peer, 2)
        assert (first, second) == (b"a" * 5 + b"b" * BIG + b"c", b"d")

    def test_after_waiting_the_next_bytes_are_written_directly_again(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig, send_buffer=4096)
        _write(connection, transport, b"a" * BIG + b"\n")
        lines_of(peer, 1)
        rig.settle_reactor()
        _write(connection, transport, b"b\n")
        assert connection.unsent == 0
        assert lines_of(peer, 1) == [b"b"]

    def test_a_blocked_writer_does_not_keep_the_reactor_busy(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        connection, transport, _ = _opened(rig, send_buffer=4096)
        _write(connection, transport, b"a" * BIG)
        rig.settle_reactor()
        events: List[int] = []
        seen = transport._on_events

        def noting(mask: int) -> None:
            events.append(mask)
            seen(mask)

        rig.reactor._handlers[transport._fd] = noting
        for _ in range(5):
            rig.settle_reactor()
        assert len(events) <= 1

    def test_a_finished_connection_is_closed_when_all_is_written(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig, send_buffer=4096)
        with transport.lock:
            connection.write(b"a" * BIG + b"\n")
            connection.closing = True
        transport.settle()
        assert not connection.losses
        assert len(lines_of(peer, 1)[0]) == BIG
        assert peer.recv(10) == b""
        assert connection.await_loss() == "unix:test: closed by this side"

    def test_a_finished_connection_with_nothing_to_say_is_closed_at_once(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)
        connection.closing = True
        transport.settle()
        assert peer.recv(10) == b""
        assert len(connection.losses) == 1

    def test_an_error_while_writing_is_a_loss(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)
        transport.lock.acquire()  # keeps the reactor from noticing first
        peer.close()
        transport.lock.release()
        _write(connection, transport, b"x\n")
        assert connection.await_loss() in ("unix:test: Broken pipe", "unix:test: the peer closed the connection")

    def test_before_it_has_a_connection_a_transport_may_be_settled_and_closed(self, rig: Rig) -> None:
        transport = rig.transport()
        transport.settle()
        transport.close("too early")
        connection = LineConnection()
        transport.run(connection)
        assert connection.await_loss() == "unix:test: too early"
        assert rig.peers[-1].recv(10) == b""

    def test_a_defect_of_the_connection_ends_it_and_is_logged(self, rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
        connection, transport, _ = _opened(rig)
        connection.data_to_send = lambda: [][0]  # type: ignore[method-assign]
        transport.settle()
        assert "internal error: IndexError" in connection.await_loss()
        assert "this is a defect of the library" in caplog.text


class _Wrapped:
    """A transport's socket, of which a test replaces some methods."""

    def __init__(self, transport: Transport, **methods: Callable[[Any], Any]) -> None:
        self.__dict__.update(methods)
        self.real = transport._socket
        transport._socket = self  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def _no_room(_: bytes) -> int:
    raise OSError(errno.ENOBUFS, "No buffer space available")


class TestAWriteThatFails:
    """What the peer said before it closed is read first, as it may say why; by whom depends on who reads just then."""

    @pytest.mark.parametrize("callers_read", [True, False], ids=["client", "server"])
    def test_the_writer_reads_what_has_arrived_and_then_tells_the_loss(self, rig: Rig, callers_read: bool) -> None:
        connection, transport, peer = _opened(rig, callers_read=callers_read)
        inside, release = threading.Event(), threading.Event()

        def hold_up() -> None:
            inside.set()
            release.wait(LIMIT)

        rig.reactor.call_soon(hold_up)  # so that it does not read
        assert inside.wait(LIMIT)
        reason = b"x" * 100_000
        peer.sendall(reason + b"\nbye\n")
        peer.close()
        _write(connection, transport, b"too late\n")
        assert connection.lines == [reason, b"bye"]
        assert connection.await_loss() == "unix:test: Broken pipe"
        release.set()
        assert transport._socket.fileno() == -1

    def test_a_thread_that_is_just_reading_reads_it(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig, callers_read=False)
        inside, go_on = threading.Event(), threading.Event()

        def slow(size: int) -> bytes:
            data = bytes(wrapped.real.recv(size))
            inside.set()
            assert go_on.wait(LIMIT)
            return data

        wrapped = _Wrapped(transport, recv=slow)
        peer.sendall(b"first\n")
        assert inside.wait(LIMIT)
        peer.sendall(b"second\n")
        peer.close()
        _write(connection, transport, b"too late\n")
        assert connection.losses == []
        go_on.set()
        connection.await_loss()
        assert connection.lines == [b"first", b"second"]
        assert len(connection.losses) == 1

    def test_when_that_one_does_not_find_the_end_the_reactor_writes_again_and_tells_the_loss(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)
        inside, go_on = threading.Event(), threading.Event()

        def slow(size: int) -> bytes:
            inside.set()
            assert go_on.wait(LIMIT)
            return bytes(wrapped.real.recv(size))

        wrapped = _Wrapped(transport, recv=slow, send=_no_room)
        with transport.lock:
            waiter = connection.expect(b"never")
        caller = waiting_thread(transport, rig.environment, waiter)
        until(lambda: transport._reading is CALLER)
        peer.sendall(b"first\n")
        assert inside.wait(LIMIT)
        _write(connection, transport, b"no room\n")
        assert connection.losses == []
        go_on.set()
        assert caller.result()  # it hears of the loss
        assert connection.lines == [b"first"]
        assert [reason for reason, _ in connection.losses] == ["unix:test: No buffer space available"]

    def test_nobody_else_reads_while_the_writer_does(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        connection, transport, peer = _opened(rig)
        readers: List[int] = []
        tries = 0
        read = Transport._read

        def counted(self: Transport) -> None:
            nonlocal tries
            read(self)
            tries += 1

        def recv(size: int) -> bytes:
            readers.append(threading.get_ident())
            if len(readers) == 1:
                peer.sendall(b"first\n")  # which wakes the caller
                until(lambda: tries > 1)
            return bytes(wrapped.real.recv(size))

        monkeypatch.setattr(Transport, "_read", counted)
        wrapped = _Wrapped(transport, recv=recv, send=_no_room)
        with transport.lock:
            waiter = connection.expect(b"never")
        caller = waiting_thread(transport, rig.environment, waiter)
        until(lambda: transport._reading is CALLER)
        _write(connection, transport, b"no room\n")
        assert caller.result()
        assert connection.lines == [b"first"]
        assert set(readers) == {threading.get_ident()}

    def test_where_nothing_has_arrived_nobody_waits_for_it(self, rig: Rig) -> None:
        connection, transport, _ = _opened(rig)
        _Wrapped(transport, send=_no_room)
        _write(connection, transport, b"no room\n")
        assert connection.await_loss() == "unix:test: No buffer space available"
        assert connection.lines == []

    def test_a_peer_that_goes_on_and_on_is_not_heard_out(self, rig: Rig) -> None:
        connection, transport, _ = _opened(rig)
        _Wrapped(transport, send=_no_room, recv=lambda size: b"more\n")
        _write(connection, transport, b"no room\n")
        assert connection.await_loss() == "unix:test: No buffer space available"
        assert connection.lines == [b"more"] * _transport._LAST_READS

    def test_callers_that_read_meanwhile_lose_nothing(self, rig: Rig) -> None:
        for _ in range(50):
            connection, transport, peer = _opened(rig)
            with transport.lock:
                waiter = connection.expect(b"never")
            caller = waiting_thread(transport, rig.environment, waiter)
            until(lambda transport=transport: transport._reading is CALLER)  # type: ignore[misc]
            peer.sendall(b"first\n")
            peer.sendall(b"second\n")
            peer.close()
            _write(connection, transport, b"too late\n")
            assert caller.result()
            assert connection.lines == [b"first", b"second"]
            assert len(connection.losses) == 1


class TestDelivering:
    def test_one_thread_delivers_at_a_time_and_in_order(self, rig: Rig) -> None:
        inside = threading.Lock()
        overlaps: List[bytes] = []

        def on_line(line: bytes) -> None:
            if not inside.acquire(blocking=False):
                overlaps.append(line)
                return
            inside.release()

        connection = LineConnection(on_line)
        transport = rig.transport(connection)

        def add(me: int) -> None:
            for number in range(300):
                with transport.lock:
                    connection.deliveries.append(b"%d %d" % (me, number))
                transport.settle()

        threads = [threading.Thread(target=add, args=(me,)) for me in range(6)]
        for thread in threads:
            thread.start()
        connection.await_lines(1800)
        for thread in threads:
            thread.join(LIMIT)
        assert overlaps == []
        for me in range(6):
            mine = [line for line in connection.lines if line.startswith(b"%d " % me)]
            assert mine == [b"%d %d" % (me, number) for number in range(300)]

    def test_it_is_called_without_the_lock(self, rig: Rig) -> None:
        free: List[bool] = []

        def on_line(_: bytes) -> None:
            free.append(transport.lock.acquire(blocking=False))
            transport.lock.release()

        connection = LineConnection(on_line)
        transport = rig.transport(connection)
        rig.peers[-1].send(b"x\n")
        connection.await_lines(1)
        assert free == [True]

    def test_what_a_delivery_causes_is_delivered_after_it(self, rig: Rig) -> None:
        def on_line(line: bytes) -> None:
            if line == b"first":
                with transport.lock:
                    connection.deliveries.append(b"caused")
                transport.settle()
                order.append(b"end of first")
            else:
                order.append(line)

        order: List[bytes] = []
        connection = LineConnection(on_line)
        transport = rig.transport(connection)
        rig.peers[-1].send(b"first\nsecond\n")
        connection.await_lines(3)
        assert order == [b"end of first", b"second", b"caused"]

    def test_a_delivery_that_raises_is_logged_and_the_next_one_comes(
        self, rig: Rig, caplog: pytest.LogCaptureFixture
    ) -> None:
        def on_line(line: bytes) -> None:
            if line == b"bad":
                raise ValueError(line)

        connection = LineConnection(on_line)
        rig.transport(connection)
        rig.peers[-1].send(b"bad\ngood\n")
        connection.await_lines(1)
        assert connection.lines == [b"bad", b"good"]
        assert "this is a defect of the library" in caplog.text

    def test_a_delivery_whose_thread_is_interrupted_is_done_again_by_the_reactor_once(self, rig: Rig) -> None:
        calls: List[Tuple[bytes, str]] = []

        def on_line(line: bytes) -> None:
            calls.append((line, threading.current_thread().name))
            if line == b"torn":
                raise KeyboardInterrupt

        connection = LineConnection(on_line)
        transport = rig.transport(connection)
        with transport.lock:
            connection.deliveries.extend([b"torn", b"next"])
        with pytest.raises(KeyboardInterrupt):
            transport.settle()
        connection.await_lines(1)
        me = threading.current_thread().name
        assert calls == [(b"torn", me), (b"torn", "grpc-test-reactor"), (b"next", "grpc-test-reactor")]

    def test_closing_from_inside_a_delivery_delivers_the_loss_after_it(self, rig: Rig) -> None:
        connection = LineConnection(lambda _: transport.close("enough"))
        transport = rig.transport(connection)
        rig.peers[-1].send(b"a\nb\n")
        assert connection.await_loss() == "unix:test: enough"
        assert connection.lines == [b"a", b"b"]


class TestDeadline:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def timed(self, clock: Clock) -> Any:
        rig = Rig(clock)
        yield rig
        rig.close()

    def test_the_connection_is_told_when_its_time_has_come_and_what_it_says_is_written(
        self, timed: Rig, clock: Clock
    ) -> None:
        connection, transport, peer = _opened(timed)
        connection.deadline = clock.now + 10
        transport.settle()
        timed.settle_reactor()
        assert connection.deadlines_handled == []
        clock.now += 11
        timed.settle_reactor()
        assert connection.deadlines_handled == [clock.now]
        assert lines_of(peer, 1) == [b"late"]

    def test_a_deadline_that_moves_closer_is_kept(self, timed: Rig, clock: Clock) -> None:
        connection, transport, _ = _opened(timed)
        connection.deadline = clock.now + 10
        transport.settle()
        connection.deadline = clock.now + 1
        transport.settle()
        clock.now += 2
        timed.settle_reactor()
        assert connection.deadlines_handled == [clock.now]

    def test_a_deadline_that_moves_away_costs_one_timer_that_does_nothing(self, timed: Rig, clock: Clock) -> None:
        connection, transport, _ = _opened(timed)
        connection.deadline = clock.now + 1
        transport.settle()
        connection.deadline = clock.now + 10
        for _ in range(100):
            transport.settle()
        assert len(timed.reactor._timers) == 1
        clock.now += 2
        timed.settle_reactor()
        assert connection.deadlines_handled == []
        clock.now += 9
        timed.settle_reactor()
        assert connection.deadlines_handled == [clock.now]

    def test_it_is_kept_while_the_socket_takes_nothing(self, timed: Rig, clock: Clock) -> None:
        connection, transport, _ = _opened(timed, send_buffer=4096)
        _write(connection, transport, b"a" * BIG)
        connection.deadline = clock.now + 1
        transport.settle()
        clock.now += 2
        timed.settle_reactor()
        assert connection.deadlines_handled == [clock.now]

    def test_after_the_end_there_is_no_deadline(self, timed: Rig, clock: Clock) -> None:
        connection, transport, _ = _opened(timed)
        connection.deadline = clock.now + 1
        transport.settle()
        transport.close("enough")
        clock.now += 2
        timed.settle_reactor()
        assert connection.deadlines_handled == []
        assert timed.reactor._timers.soonest() == float("inf")

    def test_without_a_deadline_no_timer_is_set(self, timed: Rig) -> None:
        connection, transport, _ = _opened(timed)
        _write(connection, transport, b"x\n")
        assert len(timed.reactor._timers) == 0


class TestClosing:
    def test_the_last_words_are_written_if_the_socket_takes_them(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig)
        connection.last_words = b"bye\n"
        transport.close("enough")
        assert lines_of(peer, 1) == [b"bye"]
        assert peer.recv(10) == b""

    def test_there_are_no_last_words_between_the_pieces_of_something_else(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig, send_buffer=4096)
        connection.last_words = b"bye\n"
        _write(connection, transport, b"a" * BIG)
        transport.close("enough")
        received = b""
        while piece := peer.recv(1 << 20):
            received += piece
        assert set(received) == {ord("a")}

    def test_a_loss_is_reported_once_with_the_first_reason(self, rig: Rig) -> None:
        connection, transport, _ = _opened(rig)
        threads = [threading.Thread(target=transport.close, args=("enough",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
        assert connection.losses == [("unix:test: enough", None)]
        assert transport._reading is CLOSED
        assert repr(transport) == "<Transport to unix:test, reading: closed>"

    def test_the_descriptor_stays_open_while_a_thread_is_inside_a_send(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connection, transport, _ = _opened(rig)
        inside, go_on = threading.Event(), threading.Event()
        numbers: List[int] = []

        class SlowSocket:
            def send(self, data: bytes) -> int:
                inside.set()
                assert go_on.wait(LIMIT)
                numbers.append(sock.fileno())
                return int(sock.send(data))

            def __getattr__(self, name: str) -> Any:
                return getattr(sock, name)

        sock = transport._socket
        transport._socket = SlowSocket()  # type: ignore[assignment]
        writer = threading.Thread(target=_write, args=(connection, transport, b"x\n"))
        writer.start()
        assert inside.wait(LIMIT)
        transport.close("enough")
        assert sock.fileno() != -1  # else its number could be another connection's by now
        go_on.set()
        writer.join(LIMIT)
        assert numbers[0] != -1
        assert sock.fileno() == -1

    def test_nothing_is_watched_after_a_blocked_writer_was_closed(self, rig: Rig) -> None:
        connection, transport, peer = _opened(rig, callers_read=False, send_buffer=4096)
        _write(connection, transport, b"a" * BIG)
        transport.close("enough")
        transport._on_events(_poller.READ | _poller.WRITE)  # the reactor had taken this from its poll before
        assert connection.losses == [("unix:test: enough", None)]
        assert select.select([peer], [], [], LIMIT)[0]


class TestOptions:
    def test_the_user_timeout_is_set_in_milliseconds_and_taken_back(self, rig: Rig) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            client = socket.create_connection(server.getsockname())
            accepted, _ = server.accept()
        client.setblocking(False)
        transport = Transport(rig.reactor, client, "ipv4:test", callers_read=True)
        rig.transports.append(transport)
        rig.peers.append(accepted)
        transport.run(LineConnection())
        transport.set_user_timeout(20.0004)
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_001
        transport.set_user_timeout(None)
        assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 0
        transport.close("enough")
        transport.set_user_timeout(1)

    def test_the_user_timeout_of_another_kind_of_socket_does_nothing(self, rig: Rig) -> None:
        _, transport, _ = _opened(rig)
        transport.set_user_timeout(1)

    def test_a_transport_without_tls_has_no_auth_context(self, rig: Rig) -> None:
        _, transport, _ = _opened(rig)
        assert transport.auth_context is None
        assert transport.peer == "unix:test"
