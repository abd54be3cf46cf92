"""What every driver does: scenarios against `grpc._io.contract`, for any rig. Those of TLS are in a file of their own.

A scenario is added by being defined with `@scenario`; the summary line of its docstring is the rule.
"""

from __future__ import annotations

import array
import errno
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

import pytest

from tests.io.rigs import PATIENCE
from tests.io.talkers import LOST, Call, Host, Talker, addresses_of, connect, pair, reach

if TYPE_CHECKING:
    from tests.io.rigs import Rig, Scenario

SCENARIOS: Dict[str, Scenario] = {}

# More than the socket buffers of both ends together can hold, if the reader's is as small as `_slow_peer` makes it.
_TOO_MUCH = 8 * 1024 * 1024


def scenario(function: Scenario) -> Scenario:
    """Have a scenario run by the tests."""
    SCENARIOS[function.__name__] = function
    return function


# ------------------------------------------------------------ connecting


@scenario
async def both_ends_know_each_other(rig: Rig) -> None:
    """A connection is opened on both sides, each of which knows the other's address."""
    near, far = await pair(rig)
    host = rig.listeners[0]
    assert near.transport.peer == f"ipv4:127.0.0.1:{host.port}"
    assert far.transport.peer.startswith("ipv4:127.0.0.1:")
    assert near.transport.auth_context is None
    assert far.transport.auth_context is None


@scenario
async def refusal_is_reported_with_address_and_error(rig: Rig) -> None:
    """An address where nobody listens is reported as failed, by its name and with the system's error."""
    with socket.socket() as vacant:
        vacant.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port meanwhile
        port = vacant.getsockname()[1]
        call = await reach(rig, f"127.0.0.1:{port}")
    ((sentence, error),) = call.failures
    assert sentence == f"ipv4:127.0.0.1:{port}: Connection refused"
    assert isinstance(error, ConnectionRefusedError)


@scenario
async def silence_is_given_up_after_the_timeout(rig: Rig) -> None:
    """An address that does not answer is given up after the timeout."""
    with _Deaf() as deaf:
        call = Call(rig, (await addresses_of(rig, f"127.0.0.1:{deaf.port}"))[0], timeout=0.05)
        await call.outcome()
    ((sentence, error),) = call.failures
    assert sentence == f"ipv4:127.0.0.1:{deaf.port}: no answer in 0.05 seconds"
    assert isinstance(error, TimeoutError)


@scenario
async def cancelled_attempt_reports_nothing(rig: Rig) -> None:
    """A cancelled attempt reports nothing, and may be cancelled again."""
    with _Deaf() as deaf:
        call = Call(rig, (await addresses_of(rig, f"127.0.0.1:{deaf.port}"))[0], timeout=0.02)
        call.attempt.cancel()
        call.attempt.cancel()
        later = Call(rig, (await addresses_of(rig, f"127.0.0.1:{deaf.port}"))[0], timeout=0.05)
        await later.outcome()
    assert not call.opened
    assert call.failures == []


@scenario
async def attempt_that_came_to_its_end_cannot_be_cancelled(rig: Rig) -> None:
    """Cancelling an attempt whose connection is open changes nothing."""
    host = Host(rig, echo=True)
    call = await reach(rig, f"127.0.0.1:{host.listener.port}")
    call.attempt.cancel()
    call.talker.say(b"still here")
    await rig.until(lambda: call.talker.received == b"still here")
    assert call.talker.lost is None


@scenario
async def many_connections_at_once(rig: Rig) -> None:
    """Forty connections are made at once, and each has its own conversation."""
    host = Host(rig, echo=True)
    (address,) = await addresses_of(rig, f"127.0.0.1:{host.listener.port}")
    calls = [Call(rig, address, greeting=b"%d" % number) for number in range(40)]
    await rig.until(lambda: all(call.talker.received == b"%d" % number for number, call in enumerate(calls)))
    assert len(host.talkers) == 40


# ------------------------------------------------------------ resolving


@scenario
async def numeric_target_needs_no_name_service(rig: Rig) -> None:
    """A numeric list resolves to its addresses in order."""
    found = await addresses_of(rig, "ipv4:127.0.0.1:1,127.0.0.2:2")
    assert [address.name for address in found] == ["ipv4:127.0.0.1:1", "ipv4:127.0.0.2:2"]


@scenario
async def name_resolves_and_keeps_its_host(rig: Rig) -> None:
    """A name resolves to its addresses, each of which knows the name."""
    found = await addresses_of(rig, "dns:///localhost:50051")
    assert {address.host for address in found} == {"localhost"}
    assert {address.name for address in found} & {"ipv4:127.0.0.1:50051", "ipv6:[::1]:50051"}
    assert len(set(found)) == len(found)


@scenario
async def senseless_target_fails_with_value_error(rig: Rig) -> None:
    """A target that makes no sense fails with a ValueError, later and not at once."""
    failures: List[Tuple[str, Any]] = []
    rig.client.resolve(
        "ipv4:not-a-number", lambda _: rig.faults.append("resolved"), lambda *failure: _note(rig, failures, failure)
    )
    await rig.until(lambda: bool(failures))
    ((sentence, error),) = failures
    assert isinstance(error, ValueError)
    assert "'not-a-number' is not a numeric address" in sentence


@scenario
async def cancelled_resolution_reports_nothing(rig: Rig) -> None:
    """A cancelled look for addresses reports nothing."""
    reports: List[Any] = []
    # Cancelled before the loop, or with luck the reactor, gets to it; a name, so that it takes a while.
    attempt = rig.client.resolve("localhost:1", reports.append, lambda *failure: reports.append(failure))
    attempt.cancel()
    attempt.cancel()
    await addresses_of(rig, "localhost:2")
    assert reports == []


# ------------------------------------------------------------ talking


@scenario
async def greeting_is_sent_at_once(rig: Rig) -> None:
    """What a connection has to say on opening is sent without further ado."""
    near, far = await pair(rig, greeting=b"hello")
    await rig.until(lambda: near.received == far.received == b"hello")


@scenario
async def small_echo(rig: Rig) -> None:
    """Bytes arrive, are answered, and are delivered once each."""
    host = Host(rig, echo=True)
    near = await connect(rig, f"127.0.0.1:{host.listener.port}")
    near.say(b"one")
    await rig.until(lambda: near.received == b"one")
    near.say(b"two")
    await rig.until(lambda: near.received == b"onetwo")
    await rig.until(lambda: b"".join(near.delivered) == b"onetwo")


@scenario
async def large_echo(rig: Rig) -> None:
    """Megabytes arrive whole and in order, there and back again."""
    host = Host(rig, echo=True)
    near = await connect(rig, f"127.0.0.1:{host.listener.port}")
    data = numbers(4 * 1024 * 1024)
    near.say(data)
    await rig.until(lambda: len(near.received) == len(data))
    assert near.received == data


@scenario
async def many_small_pieces_keep_their_order(rig: Rig) -> None:
    """A thousand things said one after another arrive in this order."""
    near, far = await pair(rig)
    pieces = [b"%d," % number for number in range(1000)]
    for piece in pieces:
        near.say(piece)
    whole = b"".join(pieces)
    await rig.until(lambda: len(far.received) == len(whole))
    assert far.received == whole


@scenario
async def answer_from_inside_a_delivery(rig: Rig) -> None:
    """A connection may be spoken to from inside a delivery, hundreds of times without a deeper stack."""

    def answer(talker: Talker, delivery: Any) -> None:
        if delivery != LOST:
            talker.say(bytes(len(delivery)))

    near, far = await pair(rig, on_deliver=answer)
    near.say(b"x")
    await rig.until(lambda: len(near.received) > 300)
    await rig.until(lambda: len(far.received) > 300)


@scenario
async def defect_above_does_not_stop_deliveries(rig: Rig) -> None:
    """A delivery that raises is a defect, which costs that delivery alone."""

    def stumble(talker: Talker, delivery: Any) -> None:
        if delivery == b"stumble":
            raise RuntimeError("this one is meant")

    host = Host(rig)
    near = await connect(rig, f"127.0.0.1:{host.listener.port}", on_deliver=stumble)
    far = await host.talker()
    far.say(b"stumble")
    await rig.until(lambda: near.delivered == [b"stumble"])
    far.say(b"go on")
    await rig.until(lambda: near.delivered == [b"stumble", b"go on"])


@scenario
async def user_timeout_can_be_set(rig: Rig) -> None:
    """The system's own timeout can be set and unset, on an open transport and after its end."""
    near, far = await pair(rig)
    near.transport.set_user_timeout(20.0)
    near.transport.set_user_timeout(None)
    far.transport.close("enough")
    far.transport.set_user_timeout(1.0)


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
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()
    await rig.until(lambda: far.over)
    assert far.lost is not None
    assert far.lost[0] == f"{far.transport.peer}: Connection reset by peer"
    assert isinstance(far.lost[1], ConnectionResetError)


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
    rig.client.environment.call_at(now + 0.02, lambda: _note(rig, passed, True))
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
            start + delay, lambda name=name: _note(rig, ran, (name, environment.time()))  # type: ignore[misc]
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
        environment.call_at(environment.time() + 0.01, lambda: _note(rig, ran, "cancelled")).cancel()
        environment.call_at(environment.time() + 0.02, lambda: _note(rig, ran, "ran"))

    await rig.in_thread(elsewhere)
    await rig.until(lambda: bool(ran))
    assert ran == ["ran"]


# ------------------------------------------------------------ listening


@scenario
async def closed_listener_refuses_and_frees_its_port(rig: Rig) -> None:
    """A closed listener takes no connections, keeps those it has, and its port is free at once."""
    host = Host(rig, echo=True)
    port = host.listener.port
    near = await connect(rig, f"127.0.0.1:{port}")
    near.say(b"before")
    await rig.until(lambda: near.received == b"before")
    host.listener.close()
    host.listener.close()
    assert (await reach(rig, f"127.0.0.1:{port}")).failures != []
    near.say(b" after")
    await rig.until(lambda: near.received == b"before after")
    Host(rig, f"127.0.0.1:{port}")


@scenario
async def address_in_use_is_named(rig: Rig) -> None:
    """An address that is taken raises an OSError that names it."""
    address = f"127.0.0.1:{Host(rig).listener.port}"
    with pytest.raises(OSError, match=f"cannot listen on '{address}': Address already in use") as caught:
        rig.server.listen(address)
    assert caught.value.errno == errno.EADDRINUSE


@scenario
async def senseless_address_is_a_value_error(rig: Rig) -> None:
    """An address without a port cannot be listened on."""
    with pytest.raises(ValueError, match="names no port"):
        rig.server.listen("localhost")


@scenario
async def all_addresses_of_a_name_share_a_port(rig: Rig) -> None:
    """A listener on a name listens on all its addresses, with one port."""
    host = Host(rig, "localhost:0", echo=True)
    for address in await addresses_of(rig, f"localhost:{host.listener.port}"):
        call = Call(rig, address, greeting=b"hello")
        await call.outcome()
        if call.failures and address.name.startswith("ipv6:"):
            continue  # the name has such an address, but this machine has not
        await rig.until(lambda call=call: call.talker.received == b"hello")  # type: ignore[misc]


@scenario
async def unix_socket(rig: Rig) -> None:
    """A Unix socket is spoken through like any other, and its file goes away with its listener."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "socket"
        host = Host(rig, f"unix:{path}", echo=True)
        assert host.listener.port == 1
        near = await connect(rig, f"unix:{path}", greeting=b"hello")
        assert near.transport.peer == f"unix:{path}"
        assert (await host.talker()).transport.peer.startswith("unix:")
        await rig.until(lambda: near.received == b"hello")
        near.transport.set_user_timeout(1.0)
        host.listener.close()
        assert not path.exists()


@scenario
async def abstract_unix_socket(rig: Rig) -> None:
    """A socket without a file works as one with a file."""
    with TemporaryDirectory() as folder:  # for its unique name alone
        name = f"unix-abstract:grpc-tests{folder}"
        Host(rig, name, echo=True)
        near = await connect(rig, name, greeting=b"hello")
        await rig.until(lambda: near.received == b"hello")
        assert near.transport.peer == name


@scenario
async def port_can_be_shared(rig: Rig) -> None:
    """Two listeners that both ask for it share a port."""
    first = rig.server.listen("127.0.0.1:0", so_reuseport=True)
    rig.listeners.append(first)
    second = rig.server.listen(f"127.0.0.1:{first.port}", so_reuseport=True)
    rig.listeners.append(second)
    assert second.port == first.port


# ------------------------------------------------------------ helpers


class _Deaf:
    """A port at which connections are neither taken nor refused: its queue is full."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(0)
        self.port: int = self._socket.getsockname()[1]
        self._queued = [socket.create_connection(("127.0.0.1", self.port), PATIENCE)]

    def __enter__(self) -> _Deaf:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (self._socket, *self._queued):
            sock.close()


def _slow_peer(host: Host) -> socket.socket:
    """A client that reads only when told to."""
    sock = socket.socket()
    sock.settimeout(PATIENCE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    sock.connect(("127.0.0.1", host.listener.port))
    return sock


def _note(rig: Rig, notes: List[Any], note: Any) -> None:
    notes.append(note)
    rig.changed()


def numbers(length: int) -> bytes:
    """Bytes that show when a piece of them is missing or out of order."""
    return array.array("I", range(length // 4)).tobytes()


def _read_to_the_end(sock: socket.socket) -> None:
    try:
        while sock.recv(1 << 20):
            pass
    except ConnectionResetError:
        pass
