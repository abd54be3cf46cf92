"""What had arrived when a write failed, given to a protocol that takes notes."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any, Iterator, List, Tuple

import pytest

from grpc._io.aio import _last_reads

BROKEN = BrokenPipeError(errno.EPIPE, "Broken pipe")


class _Notes(asyncio.BufferedProtocol):
    """Keeps what it is given, which is little at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray(4)
        self.heard: List[bytes] = []

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.heard.append(bytes(self._buffer[:nbytes]))


@pytest.fixture(name="pair")
def _pair() -> Iterator[Tuple[socket.socket, socket.socket]]:
    """A socket that does not block, and the peer's."""
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.setblocking(False)
        yield ours, peer


def _heard(sock: Any, error: Any = BROKEN) -> List[bytes]:
    notes = _Notes()
    _last_reads.hear_out(notes, sock, error)
    return notes.heard


def test_everything_that_has_arrived_is_given(pair: Tuple[socket.socket, socket.socket]) -> None:
    ours, peer = pair
    peer.sendall(b"the reason")
    peer.close()
    assert _heard(ours) == [b"the ", b"reas", b"on"]


def test_nobody_waits_for_more(pair: Tuple[socket.socket, socket.socket]) -> None:
    ours, peer = pair
    assert _heard(ours) == []
    peer.sendall(b"one")
    assert _heard(ours) == [b"one"]


def test_where_nothing_has_failed_nothing_is_read(pair: Tuple[socket.socket, socket.socket]) -> None:
    ours, peer = pair
    peer.sendall(b"one")
    assert _heard(ours, None) == []
    assert ours.recv(10) == b"one"


def test_a_socket_that_is_not_known_is_left_alone() -> None:
    assert _heard(None) == []


def test_a_peer_that_goes_on_and_on_is_not_heard_out() -> None:
    class Endless:
        def recv_into(self, buffer: bytearray) -> int:
            buffer[:] = b"more"
            return 4

    assert _heard(Endless()) == [b"more"] * _last_reads.MOST
