"""What is written of pieces, and what is left of them."""

from __future__ import annotations

import socket
from typing import Any, Iterator, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc._io import pieces

Pair = Tuple[socket.socket, socket.socket]


@pytest.fixture(name="pair")
def _pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


def _joined(rest: Any) -> bytes:
    return b"".join(rest) if isinstance(rest, list) else bytes(rest)


def _send_all(pair: Pair, data: Any) -> bytes:
    """Send until nothing is left; returns what the other side gets."""
    got = b""
    rest = data
    while rest:
        rest = pieces.send(pair[0], rest)
        got += pair[1].recv(1 << 20)
    pair[0].shutdown(socket.SHUT_WR)
    while more := pair[1].recv(1 << 20):
        got += more
    return got


def _fill(sock: socket.socket) -> None:
    """Write until the socket takes no more, which is an error."""
    rest: Any = bytes(1 << 24)
    while rest:
        rest = pieces.send(sock, rest)


@pytest.fixture(name="_joining", params=[False, True], ids=["pieces", "joined"])
def _either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once as it is, once as on a system that writes no pieces."""
    if request.param:
        monkeypatch.setattr(pieces, "_MOST_PIECES", 0)


@pytest.mark.usefixtures("_joining")
class TestSend:
    @pytest.mark.parametrize(
        "data", [b"abc", memoryview(b"abc"), [b"abc"], [b"a", memoryview(b"bc")]], ids=["bytes", "view", "one", "two"]
    )
    def test_all_is_written_where_there_is_room(self, pair: Pair, data: Any) -> None:
        assert not pieces.send(pair[0], data)
        assert pair[1].recv(100) == b"abc"

    def test_what_the_socket_does_not_take_is_left(self, pair: Pair) -> None:
        whole = bytes(range(256)) * 10_000
        for data in (whole, [whole[:5], whole[5:1_000_000], memoryview(whole)[1_000_000:]]):
            rest = pieces.send(pair[0], data)
            assert rest
            got = b""
            while len(got) < len(whole) - len(_joined(rest)):
                got += pair[1].recv(1 << 20)
            assert got + _joined(rest) == whole

    def test_any_number_of_pieces_leaves_in_order(self, pair: Pair) -> None:
        data: List[Any] = [b"%d," % number for number in range(3000)]
        assert _send_all(pair, data) == b"".join(data)

    def test_a_full_socket_is_an_error_and_nothing_is_written(self, pair: Pair) -> None:
        with pytest.raises(BlockingIOError):
            _fill(pair[0])
        for data in (b"x", [b"x", b"y"]):
            with pytest.raises(BlockingIOError):
                pieces.send(pair[0], data)


@given(st.lists(st.binary(max_size=20), max_size=6), st.integers(1, 30), st.booleans())
def test_blocks_are_of_the_size_and_the_last_is_what_is_left(parts: List[bytes], size: int, joined: bool) -> None:
    whole = b"".join(parts)
    cut = list(pieces.blocks(whole if joined else list(parts), size))
    assert b"".join(cut) == whole
    assert [len(block) for block in cut[:-1]] == [size] * (len(cut) - 1)
    assert all(0 < len(block) <= size for block in cut)


def test_blocks_of_a_long_piece_are_not_copied() -> None:
    part = bytes(100)
    first, *others = pieces.blocks([b"head", part], 30)
    assert first == b"head" + bytes(26)
    assert [block.obj for block in others[:-1]] == [part, part]  # type: ignore[union-attr]


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=6), st.integers(0, 60))
def test_drop_leaves_what_follows_the_first_bytes(parts: List[bytes], size: int) -> None:
    whole = b"".join(parts)
    size = min(size, len(whole))
    rest = pieces.drop(list(parts), size)
    assert _joined(rest) == whole[size:]
    assert bool(rest) == (size < len(whole))


def test_drop_copies_nothing() -> None:
    part = bytes(100)
    (rest,) = pieces.drop([part], 10)
    assert rest.obj is part  # type: ignore[union-attr]
