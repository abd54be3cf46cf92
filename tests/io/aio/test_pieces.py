"""Much at once goes straight to the socket, in order, and asyncio says when to go on."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, List, Optional, Tuple

from grpc._io.aio import _pieces

if TYPE_CHECKING:
    import pytest

LIMIT = 10.0
MUCH = bytes(range(256)) * (1 << 14)  # 4 MiB


class _Protocol(asyncio.Protocol):
    """Notes what asyncio says about writing."""

    def __init__(self) -> None:
        self.paused = False
        self.resumed: List[asyncio.Event] = []
        self.lost = asyncio.Event()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        for event in self.resumed:
            event.set()

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self.lost.set()

    async def until_resumed(self) -> None:
        """Return once asyncio wants more."""
        event = asyncio.Event()
        self.resumed.append(event)
        if self.paused:
            await asyncio.wait_for(event.wait(), LIMIT)


async def _open() -> Tuple[_pieces.PieceWriter, Any, _Protocol, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 100_000)
    ours.setblocking(False)
    theirs.setblocking(False)
    transport, protocol = await asyncio.get_running_loop().connect_accepted_socket(_Protocol, ours)
    return _pieces.PieceWriter(transport, ours), transport, protocol, theirs


async def _receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 1 << 20), LIMIT)
    return data


def test_what_fits_is_written_at_once() -> None:
    async def scenario() -> None:
        writer, transport, protocol, peer = await _open()
        writer.write([b"a" * 100, memoryview(b"b" * 100)])
        assert peer.recv(1000) == b"a" * 100 + b"b" * 100
        assert (writer.rest, protocol.paused, transport.get_write_buffer_size()) == (b"", False, 0)
        transport.close()
        peer.close()

    asyncio.run(scenario())


def test_the_rest_waits_until_asyncio_says_to_go_on() -> None:
    async def scenario() -> None:
        writer, transport, protocol, peer = await _open()
        writer.write([MUCH[:1000], MUCH[1000:-1000], MUCH[-1000:]])
        reading = asyncio.ensure_future(_receive(peer, len(MUCH)))
        turns = 0
        while writer.rest:
            assert protocol.paused
            assert 0 < transport.get_write_buffer_size() <= _pieces._SHARE
            await protocol.until_resumed()
            writer.go_on()
            turns += 1
        assert turns > 1
        assert await reading == MUCH
        transport.close()
        peer.close()

    asyncio.run(scenario())


def test_what_asyncio_has_in_its_buffer_goes_first() -> None:
    async def scenario() -> None:
        writer, transport, protocol, peer = await _open()
        transport.set_write_buffer_limits(1 << 30)
        transport.write(MUCH[: 1 << 20])
        assert transport.get_write_buffer_size()
        writer.write([MUCH[1 << 20 :]])
        assert protocol.paused
        reading = asyncio.ensure_future(_receive(peer, len(MUCH)))
        while writer.rest:
            await protocol.until_resumed()
            writer.go_on()
        assert await reading == MUCH
        transport.close()
        peer.close()

    asyncio.run(scenario())


def test_a_broken_socket_is_for_asyncio_to_find_and_nothing_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        writer, transport, protocol, peer = await _open()
        peer.close()
        writer.write([MUCH, b"more"])
        assert transport.is_closing()
        assert not writer.rest
        await asyncio.wait_for(protocol.lost.wait(), LIMIT)

    asyncio.run(scenario())
    assert caplog.records == []  # asyncio warns of further writes


def test_without_a_socket_asyncio_does_it_all() -> None:
    class Notes(asyncio.Transport):
        written: List[bytes] = []  # noqa: RUF012  # one instance

        def write(self, data: Any) -> None:
            self.written.append(data)

    notes = Notes()
    writer = _pieces.PieceWriter(notes, None)
    writer.write([b"a", memoryview(b"b")])
    writer.write(b"c")
    assert notes.written == [b"ab", b"c"]
    assert not writer.rest
