"""What every driver does: scenarios as in `conformance`, of ends, slow peers and the clock."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, List, Tuple

from tests.io.conformance import note, numbers, scenario
from tests.io.rigs import PATIENCE
from tests.io.talkers import LOST, Host, Talker, connect, pair

if TYPE_CHECKING:
    from tests.io.rigs import Rig

# More than the socket buffers of both ends together can hold, if the reader's is as small as `_slow_peer` makes it.
_TOO_MUCH = 8 * 1024 * 1024

# ------------------------------------------------------------ the end


@scenario
async def close_is_heard_on_both_sides(rig: Rig) -> None:
    """Closing a transport loses it on both sides, once: here with the given reason, there as the peer's doing."""
    near, far = await pair(rig)
    near.transport.close("the test wants it")
    near.transport.close("again")
    await rig.until(lambda: near.over and far.over)
    assert near.lost == (f"{near.transport.peer}: the test wants it", None)
    assert far.lost is not None
    assert far.lost[0] == f"{far.transport.peer}: the peer closed the connection"
    assert near.delivered == far.delivered == [LOST]


@scenario
async def close_from_inside_a_delivery(rig: Rig) -> None:
    """A transport may be closed from inside a delivery; what has arrived before is still delivered, the loss last."""

    def close(talker: Talker, delivery: Any) -> None:
        if delivery != LOST:
            talker.transport.close("enough")

    host = Host(rig)
    near = await connect(rig, f"127.0.0.1:{host.listener.port}", on_deliver=close)
    far = await host.talker()
    far.say(b"go away")
    await rig.until(lambda: near.over and far.over)
    assert near.delivered == [b"go away", LOST]
    assert near.lost == (f"{near.transport.peer}: enough", None)


@scenario
async def settling_after_the_end_does_nothing(rig: Rig) -> None:
    """Speaking on a lost transport does nothing."""
    near, far = await pair(rig)
    near.transport.close("enough")
    near.say(b"into the void")
    await rig.until(lambda: near.over and far.over)
    assert far.received == b""


@scenario
async def last_words_are_delivered_before_the_loss(rig: Rig) -> None:
    """What a peer says right before it closes is delivered before the loss."""
    near, far = await pair(rig)
    far.say(b"last words", then_finish=True)
    await rig.until(lambda: near.over and far.over)
    assert near.delivered == [b"last words", LOST]
    assert far.lost == (f"{far.transport.peer}: closed by this side", None)


@scenario
async def finish_waits_until_all_is_written(rig: Rig) -> None:
    """A finished connection is closed when everything has been written, however much that is."""
    near, far = await pair(rig)
    data = numbers(_TOO_MUCH)
    far.say(data, then_finish=True)
    await rig.until(lambda: near.over and far.over)
    assert near.received == data


@scenario
async def farewell_is_the_last_that_is_written(rig: Rig) -> None:
    """A close writes what was said before, and then the farewell."""
    near, far = await pair(rig)
    near.last_words = b" farewell"
    with near.transport.lock:
        near.outgoing += b"first"
    near.transport.settle()
    near.transport.close("enough")
    await rig.until(lambda: far.over)
    assert far.received == b"first farewell"


@scenario
async def vanished_peer_is_a_loss(rig: Rig) -> None:
    """A peer that resets the connection is a loss with the system's words."""
    host = Host(rig)
    peer = socket.create_connection(("127.0.0.1", host.listener.port), PATIENCE)
    far = await host.talker()
    _reset(peer)
    await rig.until(lambda: far.over)
    assert far.lost is not None
    assert far.lost[0] == f"{far.transport.peer}: Connection reset by peer"
    assert isinstance(far.lost[1], ConnectionResetError)


class _TooLate:
    """What a connection does that is told to go: it speaks, when its peer has given a reason and reset the connection.

    All within a delivery, so that the driver cannot have read that before it writes.
    """

    def __init__(self) -> None:
        self.peer: socket.socket

    def __call__(self, talker: Talker, delivery: Any) -> None:
        if delivery == b"go":
            self.peer.sendall(b"the reason")
            _reset(self.peer)
            talker.say(b"too late")


@scenario
async def client_hears_what_has_arrived_though_a_write_fails_first(rig: Rig) -> None:
    """Where a client's write fails, what the server had said before is delivered all the same, and then the loss."""
    too_late = _TooLate()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        near = await connect(rig, f"127.0.0.1:{listening.getsockname()[1]}", on_deliver=too_late)
        too_late.peer, _ = listening.accept()
        too_late.peer.sendall(b"go")
        await rig.until(lambda: near.over)
    _check_too_late(near)


@scenario
async def server_hears_what_has_arrived_though_a_write_fails_first(rig: Rig) -> None:
    """Where a server's write fails, what the client had said before is delivered all the same, and then the loss."""
    too_late = _TooLate()
    host = Host(rig, on_deliver=too_late)
    too_late.peer = socket.create_connection(("127.0.0.1", host.listener.port), PATIENCE)
    far = await host.talker()
    too_late.peer.sendall(b"go")
    await rig.until(lambda: far.over)
    _check_too_late(far)


def _check_too_late(talker: Talker) -> None:
    assert talker.delivered == [b"go", b"the reason", LOST]
    assert talker.lost is not None
    reason, cause = talker.lost
    assert isinstance(cause, ConnectionError)
    assert reason in [f"{talker.transport.peer}: {words}" for words in ("Connection reset by peer", "Broken pipe")]


# ------------------------------------------------------------ a peer that does not read


@scenario
async def slow_peer_holds_up_the_connection(rig: Rig) -> None:
    """While a peer does not read, the connection is not asked for more; all arrives when it reads again."""
    host = Host(rig)
    with _slow_peer(host) as peer:
        far = await host.talker()
        data = numbers(_TOO_MUCH)
        far.say(data)
        far.say(b"the end")
        assert far.outgoing == b"the end"
        read = bytearray()

        def read_all() -> None:
            while len(read) < len(data) + 7:
                read.extend(peer.recv(1 << 20))

        await rig.in_thread(read_all)
    assert read == data + b"the end"
    await rig.until(lambda: far.over)


@scenario
async def slow_peer_does_not_hold_up_a_close(rig: Rig) -> None:
    """A transport that cannot write is closed at once all the same."""
    host = Host(rig)
    with _slow_peer(host) as peer:
        far = await host.talker()
        far.say(bytes(_TOO_MUCH))
        far.transport.close("enough")
        assert far.lost == (f"{far.transport.peer}: enough", None)
        await rig.in_thread(lambda: _read_to_the_end(peer))
    await rig.until(lambda: far.over)


@scenario
async def slow_peer_does_not_hold_up_reading(rig: Rig) -> None:
    """A transport that cannot write still reads."""
    host = Host(rig)
    with _slow_peer(host) as peer:
        far = await host.talker()
        far.say(bytes(_TOO_MUCH))
        peer.sendall(b"I am busy")
        await rig.until(lambda: far.received == b"I am busy")
        far.transport.close("enough")


# ------------------------------------------------------------ deadlines


@scenario
async def deadline_is_kept(rig: Rig) -> None:
    """A connection's deadline is handled once, and not before its time."""
    near, _ = await pair(rig)
    due = rig.client.environment.time() + 0.02
    near.set_deadline(due)
    await rig.until(lambda: bool(near.handled))
    assert near.handled[0] >= due
    assert len(near.handled) == 1


@scenario
async def deadline_may_move_to_an_earlier_time(rig: Rig) -> None:
    """A deadline that moves to an earlier time is kept."""
    near, _ = await pair(rig)
    now = rig.client.environment.time()
    near.set_deadline(now + 3600)
    near.set_deadline(now)
    await rig.until(lambda: bool(near.handled))


@scenario
async def deadline_may_move_to_a_later_time(rig: Rig) -> None:
    """A deadline that moves to a later time is kept, too."""
    near, _ = await pair(rig)
    now = rig.client.environment.time()
    near.set_deadline(now + 0.01)
    near.set_deadline(now + 0.03)
    await rig.until(lambda: bool(near.handled))
    assert near.handled[-1] >= now + 0.03


@scenario
async def deadline_is_kept_while_the_peer_does_not_read(rig: Rig) -> None:
    """A deadline is kept even where nothing can be written."""
    host = Host(rig)
    with _slow_peer(host):
        far = await host.talker()
        far.say(bytes(_TOO_MUCH))
        far.set_deadline(rig.server.environment.time())
        await rig.until(lambda: bool(far.handled))
        far.transport.close("enough")


@scenario
async def no_deadline_comes_after_the_end(rig: Rig) -> None:
    """A lost connection's deadline is forgotten."""
    near, _ = await pair(rig)
    now = rig.client.environment.time()
    near.set_deadline(now + 0.01)
    near.transport.close("enough")
    passed: List[bool] = []
    rig.client.environment.call_at(now + 0.02, lambda: note(rig, passed, True))
    await rig.until(lambda: bool(passed))
    assert near.handled == []


# ------------------------------------------------------------ the environment


@scenario
async def timers_run_in_the_order_of_their_times(rig: Rig) -> None:
    """Timers run once, in order and not early; cancelled ones do not run."""
    environment = rig.client.environment
    start = environment.time()
    ran: List[Tuple[str, float]] = []
    for name, delay in (("second", 0.02), ("cancelled", 0.005), ("first", 0.01)):
        timer = environment.call_at(
            start + delay,
            lambda name=name: note(rig, ran, (name, environment.time())),  # type: ignore[misc]
        )
        if name == "cancelled":
            timer.cancel()
            timer.cancel()
    await rig.until(lambda: len(ran) == 2)
    assert [name for name, _ in ran] == ["first", "second"]
    assert ran[0][1] >= start + 0.01
    assert ran[1][1] >= start + 0.02


@scenario
async def timers_may_be_set_and_cancelled_from_any_thread(rig: Rig) -> None:
    """A timer may be set, and cancelled, from a thread that is not the driver's."""
    environment = rig.client.environment
    ran: List[str] = []

    def elsewhere() -> None:
        environment.call_at(environment.time() + 0.01, lambda: note(rig, ran, "cancelled")).cancel()
        environment.call_at(environment.time() + 0.02, lambda: note(rig, ran, "ran"))

    await rig.in_thread(elsewhere)
    await rig.until(lambda: bool(ran))
    assert ran == ["ran"]


# ------------------------------------------------------------ helpers


def _slow_peer(host: Host) -> socket.socket:
    """A client that reads only when told to."""
    sock = socket.socket()
    sock.settimeout(PATIENCE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    sock.connect(("127.0.0.1", host.listener.port))
    return sock


def _reset(sock: socket.socket) -> None:
    """Close so that the other side is told of a reset, after what was sent before."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def _read_to_the_end(sock: socket.socket) -> None:
    try:
        while sock.recv(1 << 20):
            pass
    except ConnectionResetError:
        pass
