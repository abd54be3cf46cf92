"""The connection-level rules put together, against a host that writes down what is done: `wire.md` 9, 10 and 15."""

from __future__ import annotations

import math
from typing import Any, Tuple, Type

import h2.events
import pytest

from grpc._links import _drain, _guards, _upkeep
from grpc._values.connection_options import AgeOptions, EnforcementOptions, KeepaliveOptions, ServerOptions

_DEFAULTS = ServerOptions()


class _Host(_upkeep.Host):
    """Writes down what it is asked to do."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.streams = 0
        self.highest = 0
        self.clock_reads = 0
        self.done: list[Tuple[Any, ...]] = []

    def clock(self) -> float:
        self.clock_reads += 1
        return self.now

    @property
    def open_streams(self) -> int:
        return self.streams

    @property
    def highest_stream_id(self) -> int:
        return self.highest

    def send_ping(self, data: bytes) -> None:
        self.done.append(("ping", data))

    def announce_end(self, debug_data: bytes) -> None:
        self.done.append(("announce", debug_data))

    def name_last_stream(self, debug_data: bytes) -> None:
        self.done.append(("name last", debug_data))

    def abort(self, reason: str) -> None:
        self.done.append(("abort", reason))


@pytest.fixture
def host() -> _Host:
    return _Host()


def _client(host: _Host, **options: Any) -> _upkeep.Upkeep:
    upkeep = _upkeep.ClientLife(host.clock, keepalive=KeepaliveOptions(**options)).upkeep(host)
    upkeep.on_settings()
    return upkeep


def _server(host: _Host, options: ServerOptions = _DEFAULTS) -> _upkeep.Upkeep:
    upkeep = _upkeep.ServerLife(host.clock, options=options).upkeep(host)
    upkeep.on_settings()
    return upkeep


def _take(upkeep: _upkeep.Upkeep, event: h2.events.Event) -> None:
    upkeep.handlers[type(event)](event)


def _event(kind: Type[h2.events.Event], **fields: Any) -> h2.events.Event:
    """An event of h2; what its own initialiser takes differs between versions."""
    event = kind.__new__(kind)
    vars(event).update(fields)
    return event


def _ping() -> h2.events.Event:
    return _event(h2.events.PingReceived, ping_data=b"12345678")


def _answer(data: bytes) -> h2.events.Event:
    return _event(h2.events.PingAckReceived, ping_data=data)


def _wait(host: _Host, upkeep: _upkeep.Upkeep, seconds: float) -> None:
    """Let time pass as a driver does: it calls when something is due."""
    end = host.now + seconds
    for _ in range(1000):
        if upkeep.deadline is None or upkeep.deadline > end:
            host.now = end
            return
        host.now = max(host.now, upkeep.deadline)
        upkeep.handle_deadline(host.now)
    raise AssertionError("a deadline that does not go away")


class TestKeepalive:
    """Both sides, section 10."""

    def test_by_default_a_client_has_nothing_to_do_by_the_clock(self, host: _Host) -> None:
        upkeep = _client(host)
        assert (upkeep.deadline, upkeep.watches_reads, upkeep.watches_calls) == (None, False, False)

    def test_a_client_pings_while_a_stream_is_open_and_gives_up_with_a_sentence(self, host: _Host) -> None:
        upkeep = _client(host, time=10.0, timeout=2.0)
        upkeep.on_calls(True)
        _wait(host, upkeep, 11.0)
        assert host.done == [("ping", _upkeep.KEEPALIVE_DATA)]
        _wait(host, upkeep, 2.0)
        assert host.done[1:] == [("abort", "keepalive watchdog timeout")]
        assert upkeep.deadline is None

    def test_reads_put_the_ping_off(self, host: _Host) -> None:
        upkeep = _client(host, time=10.0)
        upkeep.on_calls(True)
        for _ in range(20):
            _wait(host, upkeep, 9.0)
            upkeep.on_read()
        assert host.done == []

    def test_a_stream_after_a_long_quiet_time_is_due_at_once(self, host: _Host) -> None:
        upkeep = _client(host, time=10.0)
        _wait(host, upkeep, 500.0)
        assert upkeep.deadline is None
        upkeep.on_calls(True)
        assert upkeep.deadline is not None
        assert upkeep.deadline <= host.now
        _wait(host, upkeep, 0.0)
        assert host.done == [("ping", _upkeep.KEEPALIVE_DATA)]

    def test_pings_without_data_are_limited_and_what_is_sent_lifts_the_limit(self, host: _Host) -> None:
        upkeep = _client(host, time=10.0, permit_without_calls=True, max_pings_without_data=1)
        for sent, pings in ((False, 1), (False, 1), (True, 2), (False, 2)):
            upkeep.sent = sent
            _wait(host, upkeep, 10.0)
            upkeep.on_read()
            assert len(host.done) == pings

    def test_by_default_a_server_pings_after_two_hours_and_waits_for_20_seconds(self, host: _Host) -> None:
        upkeep = _server(host)
        _wait(host, upkeep, 7200.0)
        assert host.done == [("ping", _upkeep.KEEPALIVE_DATA)]
        _wait(host, upkeep, 20.0)
        assert host.done[1:] == [("abort", "keepalive watchdog timeout")]


class TestEnforcement:
    """A server's clients and their PINGs, section 10."""

    def test_too_many_pings_are_an_excess_with_the_agreed_debug_data(self, host: _Host) -> None:
        upkeep = _server(host)
        for _ in range(3):
            _take(upkeep, _ping())
        with pytest.raises(_upkeep.ExcessError, match="more pings than are permitted") as caught:
            _take(upkeep, _ping())
        assert caught.value.debug_data == b"too_many_pings"

    def test_what_was_sent_clears_the_strikes(self, host: _Host) -> None:
        upkeep = _server(host)
        for _ in range(100):
            upkeep.sent = True
            _take(upkeep, _ping())

    def test_what_was_sent_once_clears_the_strikes_once(self, host: _Host) -> None:
        upkeep = _server(host)
        upkeep.sent = True
        for _ in range(3):
            _take(upkeep, _ping())
        with pytest.raises(_upkeep.ExcessError):
            _take(upkeep, _ping())

    def test_the_interval_depends_on_open_streams(self, host: _Host) -> None:
        upkeep = _server(host, ServerOptions(enforcement=EnforcementOptions(max_strikes=1)))
        host.streams = 1
        for _ in range(5):
            host.now += 300.0
            _take(upkeep, _ping())
        host.streams = 0
        host.now += 300.0
        _take(upkeep, _ping())
        host.now += 300.0
        with pytest.raises(_upkeep.ExcessError):
            _take(upkeep, _ping())

    def test_a_client_enforces_nothing(self, host: _Host) -> None:
        upkeep = _client(host)
        for _ in range(100):
            _take(upkeep, _ping())


class TestAge:
    """Idle time and age of a server's connections, section 10."""

    def test_an_idle_connection_is_told_max_idle(self, host: _Host) -> None:
        upkeep = _server(host, ServerOptions(age=AgeOptions(max_idle=60.0)))
        assert upkeep.watches_calls
        _wait(host, upkeep, 60.0)
        assert host.done == [("announce", b"max_idle"), ("ping", _drain.PING_DATA)]
        _take(upkeep, _answer(_drain.PING_DATA))
        assert host.done[2:] == [("name last", b"max_idle")]

    def test_an_old_connection_is_told_max_age(self, host: _Host) -> None:
        upkeep = _server(host, ServerOptions(age=AgeOptions(max_age=60.0)))
        assert not upkeep.watches_calls
        host.streams = 1
        _wait(host, upkeep, 60.0)
        _take(upkeep, _answer(_drain.PING_DATA))
        assert host.done == [("announce", b"max_age"), ("ping", _drain.PING_DATA), ("name last", b"max_age")]

    def test_after_the_grace_it_is_cut_off(self, host: _Host) -> None:
        upkeep = _server(host, ServerOptions(age=AgeOptions(max_age=60.0, grace=5.0)))
        host.streams = 1
        _wait(host, upkeep, 65.0)
        assert host.done[2:] == [("abort", "the connection has reached its age, and its grace is over")]

    @pytest.mark.parametrize(("number", "when"), [(0.0, 54.0), (1.0, 66.0)])
    def test_the_jitter_is_a_tenth_either_way(self, host: _Host, number: float, when: float) -> None:
        options = ServerOptions(KeepaliveOptions(), age=AgeOptions(max_age=60.0), handshake_timeout=math.inf)
        upkeep = _upkeep.ServerLife(host.clock, options=options, random=lambda: number).upkeep(host)
        assert upkeep.deadline == pytest.approx(1000.0 + when)


class TestGoodbye:
    """Graceful close by a server, section 9."""

    def test_two_goaways_around_a_ping(self, host: _Host) -> None:
        upkeep = _server(host)
        host.streams = 1
        upkeep.leave()
        assert host.done == [("announce", b""), ("ping", _drain.PING_DATA)]
        _take(upkeep, _answer(_upkeep.KEEPALIVE_DATA))
        assert len(host.done) == 2
        _take(upkeep, _answer(_drain.PING_DATA))
        assert host.done[2:] == [("name last", b"")]

    def test_without_an_answer_the_second_goaway_goes_out_after_20_seconds(self, host: _Host) -> None:
        upkeep = _server(host)
        upkeep.leave()
        _wait(host, upkeep, 19.9)
        assert len(host.done) == 2
        _wait(host, upkeep, 0.2)
        assert host.done[2:] == [("name last", b"")]

    def test_in_a_hurry_one_goaway_is_enough_and_a_dead_peer_is_cut_off(self, host: _Host) -> None:
        upkeep = _server(host)
        host.streams = 1
        upkeep.hurry()
        assert host.done == [("name last", b"")]
        _wait(host, upkeep, _drain.LINGER)
        assert host.done[1:] == [("abort", "the connection was closed by this side")]

    def test_a_closed_connection_does_not_wait_for_ever_to_write_its_last_bytes(self, host: _Host) -> None:
        upkeep = _server(host)
        upkeep.expire()
        assert host.done == []
        _wait(host, upkeep, _drain.LINGER)
        assert [name for name, *_ in host.done] == ["abort"]


class TestHandshake:
    """A client that connects and says nothing."""

    def test_without_settings_the_connection_is_cut_off(self, host: _Host) -> None:
        upkeep = _upkeep.ServerLife(host.clock, options=ServerOptions(handshake_timeout=3.0)).upkeep(host)
        assert upkeep.deadline == 1003.0
        _wait(host, upkeep, 3.0)
        assert host.done == [("abort", "the HTTP/2 handshake took too long")]

    def test_with_them_it_is_not(self, host: _Host) -> None:
        upkeep = _server(host, ServerOptions(handshake_timeout=3.0))
        _wait(host, upkeep, 3.0)
        assert host.done == []


class TestFloods:
    """What carries nothing, section 15."""

    @pytest.mark.parametrize(
        "kind",
        [
            h2.events.PriorityUpdated,
            h2.events.UnknownFrameReceived,
            h2.events.SettingsAcknowledged,
            h2.events.PingReceived,
        ],
    )
    def test_a_flood_of_useless_frames_is_an_excess(self, host: _Host, kind: Type[h2.events.Event]) -> None:
        upkeep = _client(host)
        for _ in range(1000):
            _take(upkeep, _event(kind))
        with pytest.raises(_upkeep.ExcessError, match="frames that carry nothing"):
            _take(upkeep, _event(kind))

    def test_a_flood_of_settings_is_an_excess(self, host: _Host) -> None:
        upkeep = _client(host)
        for _ in range(100):
            upkeep.on_settings()
        with pytest.raises(_upkeep.ExcessError):
            upkeep.on_settings()

    def test_what_comes_for_calls_pays_for_useless_frames(self, host: _Host) -> None:
        upkeep = _client(host)
        for _ in range(5000):
            _take(upkeep, _ping())
            upkeep.useful = True

    def test_rapid_resets_are_an_excess(self, host: _Host) -> None:
        upkeep = _server(host)
        for number in range(1000):
            host.highest = 2 * number + 1
            upkeep.on_reset(host.highest)
        with pytest.raises(_upkeep.ExcessError, match="reset too many streams") as caught:
            upkeep.on_reset(2001)
        assert caught.value.debug_data == b"too_many_resets"

    def test_output_for_a_peer_that_does_not_read_is_an_excess(self, host: _Host) -> None:
        upkeep = _server(host)
        assert upkeep.with_held_output(b"x") == b"x"
        upkeep.hold_output(b"abc")
        assert upkeep.with_held_output(b"x") == b"abcx"
        with pytest.raises(_upkeep.ExcessError, match="does not read"):
            upkeep.hold_output(bytes(_guards.MOST_OUTPUT + 1))


class TestCost:
    """The clock is read only where a rule needs it."""

    def test_no_clock_is_read_while_frames_simply_come(self, host: _Host) -> None:
        upkeep = _client(host)
        before = host.clock_reads
        upkeep.sent = upkeep.useful = True
        _take(upkeep, _answer(b"12345678"))
        assert host.clock_reads == before

    def test_a_read_costs_one(self, host: _Host) -> None:
        upkeep = _server(host)
        before = host.clock_reads
        upkeep.on_read()
        assert host.clock_reads == before + 1


def test_a_repr_tells_the_state_of_each_rule(host: _Host) -> None:
    text = repr(_server(host, ServerOptions(age=AgeOptions(max_age=60.0))))
    assert text == (
        "<Upkeep: <Keepalive: quiet time is being counted>, <PingEnforcement: 0 of 2 strikes>, "
        "<Age: no stream is open>, <Drain: not begun>>"
    )
