"""What every driver does: scenarios against `grpc._io.contract`, for any rig. Ends and TLS have files of their own.

A scenario is added by being defined with `@scenario`; the summary line of its docstring is the rule.
"""

from __future__ import annotations

import array
import errno
import socket
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

import pytest

from tests.io.rigs import PATIENCE
from tests.io.talkers import LOST, Call, Host, Talker, addresses_of, connect, pair, reach

if TYPE_CHECKING:
    from tests.io.rigs import Rig, Scenario

SCENARIOS: Dict[str, Scenario] = {}


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
        "ipv4:not-a-number", lambda _: rig.faults.append("resolved"), lambda *failure: note(rig, failures, failure)
    )
    await rig.until(lambda: bool(failures))
    ((sentence, error),) = failures
    assert isinstance(error, ValueError)
    assert "'not-a-number' is not a numeric address" in sentence


@scenario
async def cancelled_resolution_reports_nothing(rig: Rig) -> None:
    """A cancelled look for addresses reports nothing."""
    reports: List[Any] = []
    cancelled = threading.Event()
    look_up = socket.getaddrinfo

    def look_up_late(*arguments: Any, **named: Any) -> Any:
        assert cancelled.wait(PATIENCE)
        return look_up(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up_late)
        attempt = rig.client.resolve("localhost:1", reports.append, lambda *failure: reports.append(failure))
        attempt.cancel()
        attempt.cancel()
        cancelled.set()
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
async def large_echo_in_views_and_pieces(rig: Rig) -> None:
    """The same between connections that take views of buffers, and give their bytes in pieces."""
    near, far = await pair(rig, sparing=True)
    data = numbers(4 * 1024 * 1024)
    near.say(data)
    await rig.until(lambda: len(far.received) == len(data))
    far.say(bytes(far.received))
    near.say(b"meanwhile")
    await rig.until(lambda: len(near.received) == len(data))
    await rig.until(lambda: len(far.received) > len(data) + 8)
    assert near.received == data
    assert far.received == data + b"meanwhile"
    assert near.views > 0
    assert b"".join(near.delivered) == data


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


def note(rig: Rig, notes: List[Any], note: Any) -> None:
    notes.append(note)
    rig.changed()


def numbers(length: int) -> bytes:
    """Bytes that show when a piece of them is missing or out of order."""
    return array.array("I", range(length // 4)).tobytes()
