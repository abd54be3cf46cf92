"""Who writes the messages of a thread that sends one after another: the first itself, the others the reactor."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Iterator, Tuple

import pytest

from grpc._io.threads import _writing
from grpc.framework.foundation.environment import POURING
from tests.io.lines import LIMIT, LineConnection
from tests.io.threads.rig import Clock, Rig, lines_of

if TYPE_CHECKING:
    import socket

    from grpc._io.threads._transport import Transport

CLOCK = Clock()


@pytest.fixture(name="rig")
def _rig() -> Iterator[Rig]:
    CLOCK.now += 1000.0
    rig = Rig(clock=CLOCK)
    yield rig
    rig.close()


class Held:
    """A reactor that does nothing until it is let go."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._go = threading.Event()

    def __enter__(self) -> None:
        held = threading.Event()

        def hold() -> None:
            held.set()
            assert self._go.wait(LIMIT)

        self._rig.reactor.call_soon(hold)
        assert held.wait(LIMIT)

    def __exit__(self, *_: object) -> None:
        self._go.set()
        self._rig.settle_reactor()


def _opened(rig: Rig) -> Tuple[LineConnection, Transport, socket.socket]:
    connection = LineConnection()
    transport = rig.transport(connection, callers_read=False)
    rig.peers[-1].setblocking(False)
    return connection, transport, rig.peers[-1]


def _say(connection: LineConnection, transport: Transport, *lines: bytes) -> None:
    for line in lines:
        with transport.lock:
            connection.write(line)
        transport.settle()


def _arrived(peer: socket.socket) -> bytes:
    try:
        return peer.recv(65536)
    except BlockingIOError:
        return b""


def test_the_first_message_is_written_at_once(rig: Rig) -> None:
    connection, transport, peer = _opened(rig)
    with Held(rig), POURING:
        _say(connection, transport, b"1\n")
        assert _arrived(peer) == b"1\n"


def test_those_that_follow_at_once_are_written_together_by_the_reactor(rig: Rig) -> None:
    connection, transport, peer = _opened(rig)
    with Held(rig), POURING:
        _say(connection, transport, b"1\n", b"2\n", b"3\n", b"4\n")
        assert _arrived(peer) == b"1\n"
    assert _arrived(peer) == b"2\n3\n4\n"


def test_one_that_follows_after_a_while_is_written_at_once(rig: Rig) -> None:
    connection, transport, peer = _opened(rig)
    with Held(rig), POURING:
        for line in (b"1\n", b"2\n", b"3\n"):
            _say(connection, transport, line)
            assert _arrived(peer) == line
            CLOCK.now += 2 * _writing.BURST_GAP


def test_a_reactor_that_does_not_come_to_it_is_not_waited_for(rig: Rig) -> None:
    connection, transport, peer = _opened(rig)
    with Held(rig), POURING:
        _say(connection, transport, b"1\n", b"2\n")
        CLOCK.now += _writing.LONGEST_DELAY
        _say(connection, transport, b"3\n")
        assert _arrived(peer) == b"1\n2\n3\n"


def test_what_another_thread_says_takes_along_what_was_left(rig: Rig) -> None:
    connection, transport, peer = _opened(rig)
    with Held(rig):
        with POURING:
            _say(connection, transport, b"1\n", b"2\n")
        _say(connection, transport, b"end\n")
        assert _arrived(peer) == b"1\n2\nend\n"


def test_a_new_burst_is_left_to_the_reactor_again(rig: Rig) -> None:
    connection, transport, peer = _opened(rig)
    for _ in range(2):
        with Held(rig), POURING:
            _say(connection, transport, b"1\n", b"2\n")
            assert _arrived(peer) == b"1\n"
        assert _arrived(peer) == b"2\n"
        CLOCK.now += 1.0


def test_what_is_left_when_the_connection_is_done_closes_it(rig: Rig) -> None:
    connection, transport, peer = _opened(rig)
    with Held(rig), POURING:
        _say(connection, transport, b"1\n", b"2\n")
        with transport.lock:
            connection.closing = True
        transport.settle()
    assert _arrived(peer) == b"1\n2\n"
    assert peer.recv(100) == b""


def test_threads_that_do_not_pour_write_each_for_itself(rig: Rig) -> None:
    connection, transport, peer = _opened(rig)
    with Held(rig):
        for line in (b"1\n", b"2\n", b"3\n"):
            _say(connection, transport, line)
            assert _arrived(peer) == line


def test_no_line_of_many_pouring_threads_is_lost_or_torn() -> None:
    rig = Rig()
    connection = LineConnection()
    transport = rig.transport(connection)
    peer = rig.peers[-1]

    def pour(me: int) -> None:
        with POURING:
            for number in range(200):
                _say(connection, transport, b"%d %d\n" % (me, number))

    threads = [threading.Thread(target=pour, args=(me,)) for me in range(4)]
    for thread in threads:
        thread.start()
    lines = lines_of(peer, 800)
    for thread in threads:
        thread.join(LIMIT)
    for me in range(4):
        assert [line for line in lines if line.startswith(b"%d " % me)] == [b"%d %d" % (me, n) for n in range(200)]
    rig.close()
