"""A transport's reading half: who reads when, how the role changes hands, and how it all ends."""

from __future__ import annotations

import socket
import struct
import threading
from typing import Any, Iterator, List, Tuple

import pytest

from grpc._io import buffers
from grpc._io.threads import _poller
from grpc._io.threads._roles import CALLER, CLOSED, REACTOR, WATCHED
from grpc._io.threads._transport import Transport
from grpc.framework.foundation.environment import Waiter
from tests.io.lines import LIMIT, LineConnection
from tests.io.threads.rig import Rig, echo, until, waiting_thread

FAR = 1e9


@pytest.fixture(params=[_poller.EpollPoller, _poller.SelectorPoller], ids=["epoll", "selector"])
def any_rig(request: pytest.FixtureRequest, _no_descriptor_is_left: None) -> Iterator[Rig]:
    rig = Rig(make_poller=request.param)
    yield rig
    rig.close()


def _opened(rig: Rig, **arguments: Any) -> Tuple[LineConnection, Transport, socket.socket]:
    connection = LineConnection()
    transport = rig.transport(connection, **arguments)
    return connection, transport, rig.peers[-1]


def _answer(peer: socket.socket) -> None:
    """Send back what arrives, once."""
    peer.sendall(peer.recv(65536))


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


class _Sparing(LineConnection):
    """Takes views, and notes what it is given."""

    takes_views = True

    def __init__(self) -> None:
        super().__init__()
        self.kinds: List[type] = []

    def receive_data(self, data: bytes) -> None:
        self.kinds.append(type(data))
        super().receive_data(data)


class TestLargeReads:
    """Where a read was full the next one goes into a buffer that is kept for that, if the connection takes views."""

    LINE = b"x" * (1 << 20)

    def test_a_connection_that_takes_views_gets_some_and_all_is_there(self, rig: Rig) -> None:
        connection = _Sparing()
        rig.transport(connection, callers_read=False)
        rig.peers[-1].sendall(self.LINE + b"\n")
        connection.await_lines(1)
        rig.peers[-1].sendall(b"short\n")
        connection.await_lines(1)
        assert connection.lines == [self.LINE, b"short"]
        assert set(connection.kinds) == {bytes, memoryview}

    def test_any_other_gets_bytes(self, rig: Rig) -> None:
        connection = _Sparing()
        connection.takes_views = False
        rig.transport(connection, callers_read=False)
        rig.peers[-1].sendall(self.LINE + b"\n")
        connection.await_lines(1)
        assert set(connection.kinds) == {bytes}

    def test_buffers_are_given_back(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        spare: List[memoryview] = []
        monkeypatch.setattr(buffers, "_spare", spare)
        for _ in range(2):
            connection = _Sparing()
            rig.transport(connection, callers_read=False)
            rig.peers[-1].sendall(self.LINE + b"\n")
            connection.await_lines(1)
            rig.settle_reactor()
        assert len(spare) == 1

    def test_the_end_of_the_stream_after_a_full_read_is_a_loss(self, rig: Rig) -> None:
        connection = _Sparing()
        rig.transport(connection, callers_read=False)
        rig.peers[-1].sendall(self.LINE + b"\n")
        rig.peers[-1].close()
        connection.await_lines(1)
        assert connection.await_loss() == "unix:test: the peer closed the connection"


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
