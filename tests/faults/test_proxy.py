"""The proxy does what a script says: each kind of fault between a client and a server of the test's own."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import time
from typing import Any, Iterator, List, Tuple

import pytest

from tests.faults.proxy import Proxy
from tests.faults.script import FINE, Fault, Kind, Script, make_script

_LIMIT = 10.0


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(_LIMIT)
        yield listener


class _Pair:
    """A connection through the proxy, both of its ends."""

    def __init__(self, proxy: Proxy, listener: socket.socket) -> None:
        self.client = socket.create_connection(("127.0.0.1", proxy.port), _LIMIT)
        self.server, _ = listener.accept()
        self.server.settimeout(_LIMIT)

    def __enter__(self) -> _Pair:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.server.close()


def _proxy(listener: socket.socket, *scripts: Script) -> Proxy:
    rest = list(scripts)
    return Proxy(listener.getsockname(), lambda number: rest[number] if number < len(rest) else FINE)


def _up(*faults: Fault) -> Script:
    return Script(None, faults, ())


def _read_all(sock: socket.socket) -> bytes:
    parts: List[bytes] = []
    while True:
        part = sock.recv(65_536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _read(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        assert part, f"the end came after {len(data)} of {count} bytes"
        data += part
    return data


def test_without_faults_all_bytes_pass_both_ways_and_ends_are_passed_on(listener: socket.socket) -> None:
    data = random.Random(1).getrandbits(8 * 500_000).to_bytes(500_000, "big")
    with _proxy(listener, FINE) as proxy, _Pair(proxy, listener) as pair:
        pair.client.sendall(data[:200_000])
        assert _read(pair.server, 200_000) == data[:200_000]
        pair.client.shutdown(socket.SHUT_WR)
        assert _read_all(pair.server) == b""
        pair.server.sendall(data[200_000:])
        pair.server.close()
        assert _read_all(pair.client) == data[200_000:]
    assert proxy.count == {"connections": 1}


@pytest.mark.parametrize("kind", [Kind.DELAY, Kind.STALL])
def test_a_pause_holds_bytes_back_at_its_place_and_loses_none(listener: socket.socket, kind: Kind) -> None:
    begin = time.monotonic()
    with _proxy(listener, _up(Fault(4, kind, 0.15))) as proxy, _Pair(proxy, listener) as pair:
        pair.client.sendall(b"heretherest")
        assert _read(pair.server, 4) == b"here"
        assert _read(pair.server, 7) == b"therest"
    assert time.monotonic() - begin >= 0.15
    assert proxy.count[kind.value] == 1


def test_a_stall_holds_back_the_other_way_too_a_delay_does_not(listener: socket.socket) -> None:
    for kind, least in ((Kind.DELAY, 0.0), (Kind.STALL, 0.15)):
        with _proxy(listener, _up(Fault(1, kind, 0.15))) as proxy, _Pair(proxy, listener) as pair:
            pair.client.sendall(b"ab")
            assert _read(pair.server, 1) == b"a"
            begin = time.monotonic()
            pair.server.sendall(b"c")
            assert _read(pair.client, 1) == b"c"
            assert time.monotonic() - begin >= least - 0.05


def test_split_bytes_are_sent_one_by_one(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    with _proxy(listener, _up(Fault(2, Kind.SPLIT, 5))) as proxy, _Pair(proxy, listener) as pair:
        sizes: List[int] = []
        send = socket.socket.send

        def noted(self: socket.socket, data: bytes, *flags: int) -> int:
            sizes.append(len(data))
            return send(self, data, *flags)

        monkeypatch.setattr(socket.socket, "send", noted)
        pair.client.sendall(b"0123456789")
        assert _read(pair.server, 10) == b"0123456789"
        monkeypatch.undo()
    assert sizes[:7] == [2, 1, 1, 1, 1, 1, 3]


def test_a_cut_ends_both_ways_at_its_place_without_a_reset(listener: socket.socket) -> None:
    with _proxy(listener, _up(Fault(3, Kind.CUT))) as proxy, _Pair(proxy, listener) as pair:
        pair.client.sendall(b"abcdef")
        assert _read_all(pair.server) == b"abc"
        assert _read_all(pair.client) == b""


def test_half_a_close_ends_one_way_and_lets_the_other_go_on_for_a_while(listener: socket.socket) -> None:
    with _proxy(listener, _up(Fault(3, Kind.HALF, 0.2))) as proxy, _Pair(proxy, listener) as pair:
        pair.client.sendall(b"abcdef")
        assert _read_all(pair.server) == b"abc"
        pair.server.sendall(b"still here")
        assert _read_all(pair.client) == b"still here"


def test_a_reset_is_heard_by_both_ends(listener: socket.socket) -> None:
    with _proxy(listener, _up(Fault(3, Kind.RESET))) as proxy, _Pair(proxy, listener) as pair:
        pair.client.sendall(b"abcdef")
        for end in (pair.server, pair.client):
            with pytest.raises(ConnectionResetError):
                _read_all(end)


def test_a_mute_connection_is_reset_in_the_end(listener: socket.socket) -> None:
    with _proxy(listener, _up(Fault(3, Kind.MUTE, 0.2))) as proxy, _Pair(proxy, listener) as pair:
        begin = time.monotonic()
        pair.client.sendall(b"abcdef")
        assert _read(pair.server, 3) == b"abc"
        with pytest.raises(ConnectionResetError):
            _read_all(pair.client)
        assert time.monotonic() - begin >= 0.15


@pytest.mark.parametrize(("kind", "heard"), [(Kind.RESET, ConnectionResetError), (Kind.CUT, None)])
def test_a_greeting_keeps_the_server_out_of_it(listener: socket.socket, kind: Kind, heard: Any) -> None:
    with _proxy(listener, Script(Fault(0, kind), (), ())) as proxy:
        with contextlib.ExitStack() as stack:
            stack.enter_context(pytest.raises(heard) if heard is not None else contextlib.nullcontext())
            client = stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), _LIMIT))
            assert client.recv(1) == b""
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_reset_of_one_end_is_passed_on_to_the_other(listener: socket.socket) -> None:
    with _proxy(listener, FINE) as proxy, _Pair(proxy, listener) as pair:
        pair.client.sendall(b"a")
        assert _read(pair.server, 1) == b"a"
        pair.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        pair.client.close()
        with pytest.raises(ConnectionResetError):
            _read_all(pair.server)


def test_while_it_is_calm_nothing_happens_and_new_connections_have_no_script(listener: socket.socket) -> None:
    reset = _up(Fault(3, Kind.RESET))
    with _proxy(listener, reset, reset) as proxy, _Pair(proxy, listener) as old:
        old.client.sendall(b"ab")
        assert _read(old.server, 2) == b"ab"
        proxy.calm = True
        with _Pair(proxy, listener) as new:
            for pair in (old, new):
                pair.client.sendall(b"cdef")
                assert _read(pair.server, 4) == b"cdef"
            proxy.calm = False
            new.client.sendall(b"g")
            assert _read(new.server, 1) == b"g"
            with contextlib.suppress(ConnectionResetError):  # it may have come by now
                old.client.sendall(b"g")
            with pytest.raises(ConnectionResetError):
                _read_all(old.server)


def test_the_same_dice_make_the_same_script() -> None:
    def scripts(seed: int) -> List[Script]:
        dice = random.Random(seed)
        return [make_script(dice) for _ in range(50)]

    assert scripts(5) == scripts(5)
    assert scripts(5) != scripts(6)


def test_scripts_have_all_kinds_in_order_of_their_places_and_nothing_after_the_end() -> None:
    dice = random.Random(1)
    ways: List[Tuple[Fault, ...]] = []
    for _ in range(200):
        script = make_script(dice)
        ways += [script.up, script.down]
    assert {fault.kind for way in ways for fault in way} == set(Kind)
    final = {Kind.MUTE, Kind.CUT, Kind.HALF, Kind.RESET}
    for way in ways:
        assert [fault.at for fault in way] == sorted(fault.at for fault in way)
        assert not final & {fault.kind for fault in way[:-1]}
