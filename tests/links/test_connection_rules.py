"""The connection-level rules on the wire, bytes in and bytes out: `wire.md` sections 9, 10 and 15."""

from __future__ import annotations

import math
from typing import Any, List, Optional, Tuple, Type, TypeVar, Union

import pytest
from hyperframe import frame as frames

from grpc._links import _client, _drain, _guards, _server, _upkeep
from grpc._values.connection_options import AgeOptions, EnforcementOptions, KeepaliveOptions, ServerOptions
from grpc._values.contexts import ServiceContext
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links
from tests.links.raw_peer import PREFACE, RESPONSE, RawPeer, message, parse

_Termination = links.Ticket.Termination
_F = TypeVar("_F", bound=frames.Frame)

# Nothing by the clock but what a test asks for.
_QUIET = ServerOptions(KeepaliveOptions(), EnforcementOptions(), AgeOptions(), math.inf)


class _Rig:
    """A connection with a raw peer, a clock moved by hand, and what was delivered."""

    connection: Union[_client.ClientConnection, _server.ServerConnection]

    def __init__(self) -> None:
        self.peer = RawPeer()
        self.now = 1000.0
        self.tickets: List[links.Ticket] = []
        self.closed: List[str] = []
        self.warnings = 0

    def clock(self) -> float:
        return self.now

    def warn(self) -> None:
        self.warnings += 1

    def settle(self) -> List[frames.Frame]:
        """Write and deliver as a driver does; give the frames that were written."""
        output = self.connection.data_to_send()
        self.connection.next_deadline()
        self.deliver()
        return parse(output)

    def deliver(self) -> None:
        deliveries = self.connection.deliveries
        while deliveries:
            self.connection.deliver(deliveries.popleft())

    def receive(self, *data: bytes) -> List[frames.Frame]:
        self.connection.receive_data(b"".join(data))
        return self.settle()

    def wait(self, seconds: float) -> List[frames.Frame]:
        """Let time pass as a driver does, and give the frames that were written meanwhile."""
        end = self.now + seconds
        written: List[frames.Frame] = []
        for _ in range(1000):
            deadline = self.connection.next_deadline()
            if deadline is None or deadline > end:
                self.now = end
                return written
            self.now = max(self.now, deadline)
            self.connection.handle_deadline(self.now)
            written += self.settle()
        raise AssertionError("a deadline that does not go away")


class _Server(_Rig):
    """A server's connection that has had its handshake."""

    connection: _server.ServerConnection

    def __init__(self, options: ServerOptions = _QUIET, limits: Optional[Limits] = None, *, greet: bool = True) -> None:
        super().__init__()
        life = _upkeep.ServerLife(self.clock, self.closed.append, options)
        self.connection = _server.ServerConnection(
            limits or Limits(), self.tickets.append, 0, ServiceContext("peer"), lambda number: None, life
        )
        if greet:
            self.receive(PREFACE, self.peer.settings(), self.peer.settings(ack=True))

    def answer(self, stream_id: int, payload: bytes = b"") -> List[frames.Frame]:
        self.connection.send(
            links.Ticket(stream_id, 0, initial_metadata=(), payload=payload, termination=_Termination.COMPLETION)
        )
        return self.settle()


class _Client(_Rig):
    """A client's connection that has had its handshake."""

    connection: _client.ClientConnection

    def __init__(self, **keepalive: Any) -> None:
        super().__init__()
        life = _upkeep.ClientLife(self.clock, self.closed.append, KeepaliveOptions(**keepalive), self.warn)
        headers = _client.RequestHeaders("http", "example", "tests")
        self.connection = _client.ClientConnection(
            Limits(), self.tickets.append, headers, lambda: None, lambda: None, lambda reason, cause: None, life=life
        )
        self.receive(self.peer.settings(), self.peer.settings(ack=True))

    def call(self, operation_id: int) -> List[frames.Frame]:
        self.connection.send(
            links.Ticket(
                operation_id, 0, "package.Service", "Method", links.Ticket.Subscription.FULL, initial_metadata=(),
                payload=b"", termination=_Termination.COMPLETION, allowance=1,
            )
        )  # fmt: skip
        return self.settle()

    def ends(self) -> List[Tuple[Any, Any, Any]]:
        """How the operations ended that have."""
        return [
            (ticket.operation_id, ticket.termination, ticket.message)
            for ticket in self.tickets
            if ticket.termination is not None
        ]


def _only(written: List[frames.Frame], kind: Type[_F]) -> _F:
    (found,) = [frame for frame in written if isinstance(frame, kind)]
    return found


def _goaway(written: List[frames.Frame]) -> Tuple[int, int, bytes]:
    frame = _only(written, frames.GoAwayFrame)
    return frame.last_stream_id, frame.error_code, frame.additional_data


class TestGoodbye:
    """Graceful close by a server, section 9."""

    def test_it_begins_with_a_goaway_that_names_no_stream_and_a_ping(self) -> None:
        server = _Server()
        server.receive(server.peer.request(1))
        server.connection.go_away()
        written = server.settle()
        assert [type(frame) for frame in written] == [frames.GoAwayFrame, frames.PingFrame]
        assert _goaway(written) == (2**31 - 1, 0, b"")

    def test_a_stream_opened_before_the_answer_is_served(self) -> None:
        server = _Server()
        server.receive(server.peer.request(1))
        server.connection.go_away()
        server.settle()
        server.receive(server.peer.request(3))
        assert [ticket.operation_id for ticket in server.tickets] == [1, 3]
        written = server.answer(3)
        assert [frame.stream_id for frame in written] == [3, 3, 3]

    def test_on_the_answer_the_last_stream_is_named_and_later_ones_are_refused(self) -> None:
        server = _Server()
        server.receive(server.peer.request(1))
        server.connection.go_away()
        ping = _only(server.settle(), frames.PingFrame)
        server.receive(server.peer.request(3))
        assert _goaway(server.receive(server.peer.ping(ping.opaque_data, ack=True))) == (3, 0, b"")
        written = server.receive(server.peer.request(5))
        assert (_only(written, frames.RstStreamFrame).stream_id, written[0].error_code) == (5, 7)
        assert [ticket.operation_id for ticket in server.tickets] == [1, 3]

    def test_it_closes_when_the_last_stream_has_ended(self) -> None:
        server = _Server()
        server.receive(server.peer.request(1))
        server.connection.go_away()
        ping = _only(server.settle(), frames.PingFrame)
        server.receive(server.peer.ping(ping.opaque_data, ack=True))
        assert not server.connection.finished
        assert server.answer(1)
        assert server.connection.finished

    def test_it_does_not_close_before_the_answer_although_no_stream_is_open(self) -> None:
        server = _Server()
        server.connection.go_away()
        ping = _only(server.settle(), frames.PingFrame)
        assert not server.connection.finished
        assert _goaway(server.receive(server.peer.ping(ping.opaque_data, ack=True))) == (0, 0, b"")
        assert server.connection.finished

    def test_without_an_answer_it_goes_on_after_20_seconds(self) -> None:
        server = _Server()
        server.connection.go_away()
        server.settle()
        assert server.wait(19.9) == []
        assert _goaway(server.wait(0.2)) == (0, 0, b"")
        assert server.connection.finished

    def test_in_a_hurry_one_goaway_is_enough(self) -> None:
        server = _Server()
        server.receive(server.peer.request(1))
        server.connection.hurry()
        assert _goaway(server.settle()) == (1, 0, b"")
        server.answer(1)
        assert server.connection.finished

    def test_in_a_hurry_a_client_that_does_not_read_is_cut_off(self) -> None:
        server = _Server()
        server.connection.hurry()
        assert server.connection.finished
        assert server.closed == []
        server.wait(_drain.LINGER)
        assert server.closed == ["the connection was closed by this side"]


    def test_a_connection_that_is_closed_at_once_still_names_its_last_stream(self) -> None:
        server = _Server()
        server.receive(server.peer.request(1))
        assert _goaway(parse(server.connection.farewell())) == (1, 0, b"")

    def test_it_does_not_do_so_twice(self) -> None:
        server = _Server()
        server.connection.hurry()
        server.settle()
        assert server.connection.farewell() == b""


class TestGoawayReceived:
    """What a client makes of GOAWAY, section 9."""

    def test_streams_above_the_last_id_are_refused_and_lower_ones_run_on(self) -> None:
        client = _Client()
        for operation_id in (11, 12):
            client.call(operation_id)
        client.receive(client.peer.goaway(1))
        assert not client.connection.open
        assert client.ends() == [(12, _Termination.SHUTDOWN, "the server is going away")]
        client.receive(client.peer.response(1))
        assert [(operation_id, end) for operation_id, end, _ in client.ends()[1:]] == [(11, _Termination.COMPLETION)]
        assert client.connection.finished

    def test_a_goaway_that_names_no_stream_ends_none_and_the_next_one_may(self) -> None:
        client = _Client()
        for operation_id in (11, 12):
            client.call(operation_id)
        client.receive(client.peer.goaway(2**31 - 1), client.peer.ping())
        assert client.ends() == []
        client.receive(client.peer.goaway(1))
        assert [operation_id for operation_id, _, _ in client.ends()] == [12]

    def test_the_ping_between_the_two_is_answered_at_once(self) -> None:
        client = _Client()
        client.call(11)
        written = client.receive(client.peer.goaway(2**31 - 1), client.peer.ping(b"goodbye?"))
        ping = _only(written, frames.PingFrame)
        assert (ping.opaque_data, "ACK" in ping.flags) == (b"goodbye?", True)


class TestClientKeepalive:
    """Section 10, client."""

    def test_after_the_time_without_a_byte_a_ping_goes_out(self) -> None:
        client = _Client(time=10.0)
        client.call(1)
        assert client.wait(9.9) == []
        ping = _only(client.wait(0.1), frames.PingFrame)
        assert "ACK" not in ping.flags

    def test_without_a_byte_within_the_timeout_calls_fail_as_unavailable(self) -> None:
        client = _Client(time=10.0, timeout=3.0)
        client.call(1)
        client.wait(13.0)
        assert client.ends() == [(1, _Termination.TRANSMISSION_FAILURE, "keepalive watchdog timeout")]
        assert client.closed == ["keepalive watchdog timeout"]
        assert not client.connection.open

    def test_an_answer_saves_the_connection(self) -> None:
        client = _Client(time=10.0, timeout=3.0)
        client.call(1)
        ping = _only(client.wait(10.0), frames.PingFrame)
        client.receive(client.peer.ping(ping.opaque_data, ack=True))
        client.wait(9.0)
        assert (client.ends(), client.closed) == ([], [])

    def test_no_ping_goes_out_while_no_stream_is_open(self) -> None:
        client = _Client(time=10.0)
        client.call(1)
        client.receive(client.peer.response(1))
        assert client.wait(1000.0) == []

    def test_a_stream_after_a_long_quiet_time_brings_a_ping_at_once(self) -> None:
        client = _Client(time=10.0)
        client.wait(1000.0)
        client.call(1)
        _only(client.wait(0.0), frames.PingFrame)

    def test_with_permission_pings_go_out_without_calls(self) -> None:
        client = _Client(time=10.0, permit_without_calls=True)
        _only(client.wait(10.0), frames.PingFrame)

    def test_after_two_pings_without_data_they_go_out_once_a_minute_until_headers_do(self) -> None:
        client = _Client(time=10.0, permit_without_calls=True)
        pings = []
        for now in range(10, 110, 10):
            for ping in client.wait(10.0):
                pings.append(now)
                client.receive(client.peer.ping(ping.opaque_data, ack=True))
        assert pings == [10, 20, 80]
        client.call(1)
        assert len(client.wait(10.0)) == 1

    def test_a_throttled_ping_without_an_answer_closes_as_any_other(self) -> None:
        client = _Client(time=10.0, timeout=3.0, max_pings_without_data=1)
        client.call(1)
        ping = _only(client.wait(10.0), frames.PingFrame)
        client.receive(client.peer.ping(ping.opaque_data, ack=True))
        _only(client.wait(60.0), frames.PingFrame)
        client.wait(2.9)
        assert client.closed == []
        client.wait(0.2)
        assert client.closed == ["keepalive watchdog timeout"]

    def test_too_many_pings_is_told_to_the_channel_once(self) -> None:
        client = _Client(time=10.0)
        client.call(1)
        client.receive(client.peer.goaway(1, 11, b"too_many_pings"))
        assert client.warnings == 1

    def test_another_goaway_is_no_complaint(self) -> None:
        client = _Client(time=10.0)
        client.receive(client.peer.goaway(0, 11, b"calm down"))
        assert client.warnings == 0

    def test_by_default_there_is_no_keepalive(self) -> None:
        client = _Client()
        client.call(1)
        assert client.connection.next_deadline() is None


class TestServerKeepalive:
    """Section 10, server."""

    def test_after_two_hours_a_ping_goes_out_although_no_call_is_open(self) -> None:
        server = _Server(ServerOptions())
        assert server.wait(7199.0) == []
        _only(server.wait(1.0), frames.PingFrame)

    def test_without_an_answer_in_20_seconds_it_closes_and_cancels_its_calls(self) -> None:
        server = _Server(ServerOptions())
        server.receive(server.peer.request(1))
        server.wait(7220.0)
        assert server.closed == ["keepalive watchdog timeout"]
        assert server.tickets[-1].termination is _Termination.CANCELLATION

    def test_every_ping_is_answered_at_once(self) -> None:
        server = _Server()
        ping = _only(server.receive(server.peer.ping(b"abcdefgh")), frames.PingFrame)
        assert (ping.opaque_data, "ACK" in ping.flags) == (b"abcdefgh", True)


class TestEnforcement:
    """Section 10, server enforcement."""

    def test_too_many_pings_bring_goaway_and_the_end(self) -> None:
        server = _Server()
        server.receive(server.peer.request(1))
        for _ in range(3):
            server.receive(server.peer.ping())
        assert _goaway(server.receive(server.peer.ping())) == (1, 11, b"too_many_pings")
        assert server.connection.finished
        assert server.tickets[-1].termination is _Termination.CANCELLATION

    def test_a_client_that_does_not_read_that_goaway_is_cut_off(self) -> None:
        server = _Server()
        for _ in range(4):
            server.receive(server.peer.ping())
        server.wait(_drain.LINGER)
        assert len(server.closed) == 1

    def test_answers_to_calls_clear_the_strikes(self) -> None:
        server = _Server()
        for stream_id in range(1, 41, 2):
            server.receive(server.peer.request(stream_id), server.peer.ping(), server.peer.ping())
            server.answer(stream_id)
        assert not server.connection.finished

    def test_a_strike_limit_of_zero_never_enforces(self) -> None:
        server = _Server(_QUIET._replace(enforcement=EnforcementOptions(max_strikes=0)))
        for _ in range(100):
            server.receive(server.peer.ping())
        assert not server.connection.finished


class TestAge:
    """Section 10, idle time and age."""

    def test_max_idle_counts_from_the_end_of_the_last_call(self) -> None:
        server = _Server(_QUIET._replace(age=AgeOptions(max_idle=60.0)))
        server.wait(59.0)
        server.receive(server.peer.request(1))
        server.wait(100.0)
        server.answer(1)
        assert server.wait(59.9) == []
        assert _goaway(server.wait(0.2)) == (2**31 - 1, 0, b"max_idle")

    def test_max_age_lets_calls_finish_within_the_grace(self) -> None:
        server = _Server(_QUIET._replace(age=AgeOptions(max_age=60.0, grace=10.0)))
        server.receive(server.peer.request(1))
        written = server.wait(60.0)
        assert _goaway(written) == (2**31 - 1, 0, b"max_age")
        ping = _only(written, frames.PingFrame)
        assert _goaway(server.receive(server.peer.ping(ping.opaque_data, ack=True))) == (1, 0, b"max_age")
        server.answer(1)
        assert server.connection.finished
        assert server.closed == []

    def test_after_the_grace_the_connection_is_closed_hard(self) -> None:
        server = _Server(_QUIET._replace(age=AgeOptions(max_age=60.0, grace=10.0)))
        server.receive(server.peer.request(1))
        server.wait(70.0)
        assert server.closed == ["the connection has reached its age, and its grace is over"]
        assert server.tickets[-1].termination is _Termination.CANCELLATION

    def test_a_client_that_never_sends_its_settings_is_cut_off(self) -> None:
        server = _Server(_QUIET._replace(handshake_timeout=120.0), greet=False)
        server.receive(PREFACE)
        server.wait(120.0)
        assert server.closed == ["the HTTP/2 handshake took too long"]


class TestRapidReset:
    """Section 15: streams opened and reset at once."""

    def test_a_thousand_at_once_pass(self) -> None:
        server = _Server()
        server.receive(*(server.peer.headers(2 * n + 1) + server.peer.reset(2 * n + 1) for n in range(1000)))
        assert not server.connection.finished

    def test_more_bring_goaway_and_the_end(self) -> None:
        server = _Server()
        written = server.receive(*(server.peer.headers(2 * n + 1) + server.peer.reset(2 * n + 1) for n in range(1001)))
        assert _goaway(written) == (2001, 11, b"too_many_resets")
        assert server.connection.finished

    def test_resets_that_the_client_provokes_count_as_well(self) -> None:
        server = _Server()
        written = []
        for n in range(1001):
            written = server.receive(
                server.peer.headers(2 * n + 1), server.peer.window_update(2 * n + 1, 2**31 - 1)
            )
        assert _goaway(written)[1:] == (11, b"too_many_resets")


class TestFloods:
    """Section 15: frames that carry nothing, for either role."""

    @pytest.mark.parametrize("role", [_Client, _Server])
    @pytest.mark.parametrize("name", ["settings", "settings_ack", "priority", "unknown", "ping"])
    def test_a_flood_brings_goaway_and_the_end(self, role: Type[_Rig], name: str) -> None:
        rig = _Server(_QUIET._replace(enforcement=EnforcementOptions(max_strikes=0))) if role is _Server else _Client()
        flood = {
            "settings": rig.peer.settings(),
            "settings_ack": rig.peer.settings(ack=True),
            "priority": rig.peer.priority(1),
            "unknown": rig.peer.unknown(),
            "ping": rig.peer.ping(),
        }[name]
        written = rig.receive(flood * 1100)
        assert _goaway(written)[1:] == (11, b"too_many_control_frames")
        assert rig.connection.finished

    def test_a_flood_of_empty_data_brings_goaway_and_the_end(self) -> None:
        server = _Server()
        server.receive(server.peer.headers(1))
        written = server.receive(server.peer.data(1) * 1001)
        assert _goaway(written)[1:] == (11, b"too_many_control_frames")

    def test_one_empty_data_frame_at_the_end_of_each_request_is_none(self) -> None:
        server = _Server()
        for n in range(1500):
            stream_id = 2 * n + 1
            server.receive(
                server.peer.headers(stream_id),
                server.peer.data(stream_id, message(b"")),
                server.peer.data(stream_id, end=True),
            )
            server.answer(stream_id)
        assert not server.connection.finished

    def test_a_peer_that_measures_bandwidth_is_none(self) -> None:
        server = _Server()
        for n in range(1500):
            server.receive(server.peer.request(2 * n + 1), server.peer.ping())
            server.answer(2 * n + 1)
        assert not server.connection.finished

    def test_a_header_block_in_too_many_pieces_ends_the_connection(self) -> None:
        server = _Server()
        written = server.receive(server.peer.begun_headers(1, b""), *[server.peer.continuation(1, b"")] * 100)
        assert _goaway(written)[1] != 0
        assert server.connection.finished

    def test_a_header_block_far_beyond_the_limit_ends_the_connection(self) -> None:
        server = _Server()
        fields = [(f"name-{n}", "x" * 1000) for n in range(100)]
        written = server.receive(server.peer.headers(1, fields))
        assert _goaway(written)[1] != 0
        assert server.connection.finished

    def test_what_comes_after_the_end_is_not_looked_at(self) -> None:
        server = _Server()
        for _ in range(4):
            server.receive(server.peer.ping())
        assert server.receive(server.peer.request(1)) == []
        assert server.tickets == []


class TestLateFrames:
    """Section 15: frames on streams that were reset."""

    def _reset(self, server: _Server, stream_id: int) -> None:
        """A stream that this side has reset: it is answered before the client has ended it."""
        server.receive(server.peer.headers(stream_id))
        server.answer(stream_id)

    def test_a_whole_window_in_single_bytes_is_put_up_with_and_not_answered(self) -> None:
        server = _Server(limits=Limits(stream_window=65_535))
        self._reset(server, 1)
        for _ in range(65):
            written = server.receive(server.peer.data(1, b"x") * 1000)
            assert [frame for frame in written if frame.stream_id] == []
        assert not server.connection.finished

    def test_far_more_than_a_window_brings_goaway_and_the_end(self) -> None:
        server = _Server(limits=Limits(stream_window=65_535))
        self._reset(server, 1)
        written: List[Any] = []
        for _ in range(200):
            written += server.receive(server.peer.data(1, bytes(16_384)))
            if server.connection.finished:
                break
        assert _goaway([one for one in written if isinstance(one, frames.GoAwayFrame)])[1:] == (
            11,
            b"too_many_late_frames",
        )

    @pytest.mark.parametrize("name", ["headers", "empty_data", "reset", "window_update"])
    def test_a_flood_of_other_frames_brings_goaway_and_the_end(self, name: str) -> None:
        server = _Server()
        self._reset(server, 1)
        flood = {
            "headers": lambda: server.peer.headers(1, (("a", "1"),), end=True),
            "empty_data": lambda: server.peer.data(1),
            "reset": lambda: server.peer.reset(1),
            "window_update": lambda: server.peer.window_update(1, 1),
        }[name]
        written = server.receive(*(flood() for _ in range(_guards.LATE_FRAMES_PER_RESET + 1001)))
        assert _goaway([one for one in written if isinstance(one, frames.GoAwayFrame)])[1:] == (
            11,
            b"too_many_late_frames",
        )
        assert server.connection.finished

    def test_a_thousand_of_them_after_each_reset_are_put_up_with(self) -> None:
        server = _Server()
        for number in range(10):
            self._reset(server, 2 * number + 1)
            server.receive(server.peer.window_update(2 * number + 1, 1) * 1000)
        assert not server.connection.finished

    def test_data_on_a_stream_that_the_client_itself_has_reset_bring_goaway_and_the_end(self) -> None:
        server = _Server()
        server.receive(server.peer.headers(1), server.peer.reset(1))
        written = server.receive(server.peer.data(1, b"x") * 1001)
        assert _goaway([one for one in written if isinstance(one, frames.GoAwayFrame)])[1] == 11

    @pytest.mark.parametrize("name", ["reset", "window_update"])
    def test_what_may_come_on_a_stream_that_has_ended_is_never_too_much(self, name: str) -> None:
        server = _Server()
        for number in range(5):
            stream_id = 2 * number + 1
            server.receive(server.peer.request(stream_id))
            server.answer(stream_id)
            one = server.peer.reset(stream_id) if name == "reset" else server.peer.window_update(stream_id, 1)
            assert server.receive(one * 1000) == []
        assert not server.connection.finished

    def test_a_server_that_floods_a_call_which_was_given_up_is_left(self) -> None:
        client = _Client()
        client.call(1)
        client.receive(client.peer.headers(1, RESPONSE))
        client.connection.send(links.Ticket(1, 1, termination=_Termination.CANCELLATION))
        client.settle()
        written = client.receive(client.peer.data(1) * (_guards.LATE_FRAMES_PER_RESET + 1001))
        assert _goaway([one for one in written if isinstance(one, frames.GoAwayFrame)])[1] == 11


class TestUnreadOutput:
    """Section 15: a peer that does not read."""

    def test_output_waits_in_order_however_long_the_driver_does_not_take_it(self) -> None:
        server = _Server(_QUIET._replace(enforcement=EnforcementOptions(max_strikes=0)))
        for n in range(200):
            server.connection.receive_data(server.peer.ping(b"%08d" % n))
        pings = [frame.opaque_data for frame in server.settle()]
        assert pings == [b"%08d" % n for n in range(200)]

    def test_more_than_the_limit_brings_goaway_and_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_guards, "MOST_OUTPUT", 10_000)
        server = _Server()
        for n in range(200):
            server.connection.receive_data(server.peer.request(2 * n + 1))
            server.deliver()
            server.connection.send(
                links.Ticket(2 * n + 1, 0, code=5, message="x" * 100, termination=_Termination.COMPLETION)
            )
        assert server.connection.finished
        assert len(server.tickets) < 200
        assert _goaway(server.settle())[1:] == (11, b"unread_output")
        server.wait(_drain.LINGER)
        assert len(server.closed) == 1

    def test_however_large_the_windows_no_more_data_is_made_ready_than_the_driver_takes(self) -> None:
        server = _Server()
        server.receive(server.peer.settings({4: 2**31 - 1}), server.peer.window_update(0, 2**30))
        server.receive(server.peer.request(1))
        payload = bytes(100_000)
        for number in range(100):
            server.connection.send(links.Ticket(1, number, payload=payload))
        output = server.connection.data_to_send()
        assert len(output) < 2 * _guards.MOST_AHEAD + 2 * len(payload)  # ready before, and made ready now
        while server.connection.deliveries:
            server.deliver()
            output += server.connection.data_to_send()
        assert len(b"".join(frame.data for frame in parse(output) if isinstance(frame, frames.DataFrame))) == 10_000_500

    def test_who_waits_for_the_driver_gets_no_leave_to_send_more(self) -> None:
        server = _Server()
        server.receive(server.peer.settings({4: 2**31 - 1}), server.peer.window_update(0, 2**30))
        server.receive(server.peer.request(1))
        for number in range(100):
            server.connection.send(links.Ticket(1, number, payload=bytes(100_000)))
        server.deliver()
        granted = sum(ticket.allowance or 0 for ticket in server.tickets)
        server.wait(0.0)
        assert sum(ticket.allowance or 0 for ticket in server.tickets) == granted
        for _ in range(20):
            server.settle()
        assert sum(ticket.allowance or 0 for ticket in server.tickets) > granted

    def test_streams_that_wait_for_the_driver_take_turns(self) -> None:
        server = _Server()
        server.receive(server.peer.settings({4: 2**31 - 1}), server.peer.window_update(0, 2**30))
        for stream_id in (1, 3):
            server.receive(server.peer.request(stream_id))
        for stream_id in (1, 3):
            server.connection.send(links.Ticket(stream_id, 0, payload=bytes(3_000_000)))
        written = []
        while True:
            output = server.settle()
            written += [frame.stream_id for frame in output if isinstance(frame, frames.DataFrame)]
            if not output:
                break
        assert written.index(3) < len(written) - 1 - written[::-1].index(1)
