"""The service link and its connections as a whole: `wire.md` sections 9 and 10."""

from __future__ import annotations

import threading
from typing import Any, List, Mapping, Optional, Sequence

from hyperframe import frame as frames

from grpc._io import contract
from grpc._links import service
from grpc._values.connection_options import KeepaliveOptions, ServerOptions
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links
from tests.links.raw_peer import PREFACE, RawPeer, parse

_COMPLETION = links.Ticket.Termination.COMPLETION


class _End(links.Link):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.tickets: List[links.Ticket] = []

    def accept_ticket(self, ticket: links.Ticket) -> None:
        self.tickets.append(ticket)

    def join_link(self, link: links.Link) -> None:
        raise AssertionError("an End joins its link by itself")


class _Transport(contract.Transport):
    """A transport in memory, with the client at its other end."""

    def __init__(self, link: service.ServiceLink) -> None:
        self.lock = threading.Lock()
        self.client = RawPeer()
        self.written = b""
        self.user_timeout: Optional[float] = None
        self.closed = False
        self.connection = link.accept_transport(self)
        self.settle()

    @property
    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    @property
    def auth_context(self) -> Optional[Mapping[str, Sequence[bytes]]]:
        return {"key": [b"value"]}

    def set_user_timeout(self, seconds: Optional[float]) -> None:
        self.user_timeout = seconds

    def settle(self) -> None:
        self.written += self.connection.data_to_send()
        deliveries = self.connection.deliveries
        while deliveries:
            self.connection.deliver(deliveries.popleft())
        if self.connection.finished:
            self.close("closed by this side")

    def close(self, reason: str) -> None:
        if not self.closed:
            self.closed = True
            self.connection.connection_lost(reason, None)
            self.settle()

    def receive(self, *data: bytes) -> None:
        self.connection.receive_data(b"".join(data))
        self.settle()

    def greet(self) -> None:
        self.receive(PREFACE, self.client.settings(), self.client.settings(ack=True))
        self.frames()

    def frames(self) -> List[frames.Frame]:
        """What was written since this was asked last."""
        written, self.written = self.written, b""
        return parse(written)

    def goaways(self) -> List[int]:
        return [frame.last_stream_id for frame in self.frames() if isinstance(frame, frames.GoAwayFrame)]


class _Rig:
    """A service link with an End, and two clients."""

    def __init__(self, options: Any = ServerOptions()) -> None:  # noqa: B008  # immutable
        self.link = service.ServiceLink(Limits(), lambda: 1000.0, options)
        self.end = _End()
        self.link.join_link(self.end)
        self.transports = [_Transport(self.link) for _ in range(2)]
        for transport in self.transports:
            transport.greet()
        self.gone = 0

    def go_away(self) -> None:
        def gone() -> None:
            self.gone += 1

        self.link.go_away(gone)

    def answer(self, number: int) -> None:
        operation_id = self.end.tickets[number].operation_id
        self.link.accept_ticket(links.Ticket(operation_id, 0, payload=b"", termination=_COMPLETION))


def test_operations_of_different_connections_are_told_apart() -> None:
    rig = _Rig()
    for transport in rig.transports:
        transport.receive(transport.client.request(1))
    assert len({ticket.operation_id for ticket in rig.end.tickets}) == 2
    rig.answer(1)
    assert (rig.transports[0].frames(), len(rig.transports[1].frames())) == ([], 3)


def test_the_protocol_context_tells_what_the_transport_knows_of_the_peer() -> None:
    rig = _Rig()
    rig.transports[0].receive(rig.transports[0].client.request(1))
    protocol = rig.end.tickets[0].protocol
    assert protocol is not None
    assert (protocol.value.peer, protocol.value.auth_context) == ("ipv4:127.0.0.1:1", {"key": [b"value"]})


def test_going_away_tells_every_client_and_waits_for_each() -> None:
    rig = _Rig()
    first, second = rig.transports
    first.receive(first.client.request(1))
    rig.go_away()
    assert [transport.goaways() for transport in rig.transports] == [[2**31 - 1], [2**31 - 1]]
    for transport in rig.transports:
        transport.receive(transport.client.ping(b"goodbye?", ack=True))
    assert (first.closed, second.closed, rig.gone) == (False, True, 0)
    rig.answer(0)
    assert (first.closed, rig.gone) == (True, 1)


def test_going_away_without_connections_is_over_at_once() -> None:
    rig = _Rig()
    for transport in rig.transports:
        transport.close("gone")
    rig.go_away()
    assert rig.gone == 1


def test_in_a_hurry_no_answer_is_waited_for() -> None:
    rig = _Rig()
    first, second = rig.transports
    first.receive(first.client.request(1))
    rig.go_away()
    rig.link.hurry()
    assert (first.goaways(), second.goaways()) == ([2**31 - 1, 1], [2**31 - 1, 0])
    assert (first.closed, second.closed) == (False, True)
    rig.answer(0)
    assert (first.closed, rig.gone) == (True, 1)


def test_who_connects_in_the_last_moment_is_sent_away() -> None:
    rig = _Rig()
    rig.go_away()
    late = _Transport(rig.link)
    assert late.goaways() == [2**31 - 1]
    rig.link.hurry()
    assert late.closed
    assert _Transport(rig.link).closed


def test_close_closes_every_connection() -> None:
    rig = _Rig()
    rig.link.close()
    assert all(transport.closed for transport in rig.transports)


def test_the_systems_user_timeout_is_the_keepalive_timeout() -> None:
    assert _Rig().transports[0].user_timeout == 20.0


def test_without_keepalive_the_system_decides() -> None:
    assert _Rig(ServerOptions(KeepaliveOptions())).transports[0].user_timeout is None
