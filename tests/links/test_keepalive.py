"""Keepalive as a machine of its own: `wire.md` section 10, client and server."""

from __future__ import annotations

import itertools
from typing import Optional

import pytest

from grpc._links import _keepalive
from grpc._links._keepalive import Effect, Input, Keepalive, State
from grpc._values.connection_options import SERVER_KEEPALIVE, KeepaliveOptions

_CLIENT = KeepaliveOptions(time=10.0, timeout=3.0)
_ALWAYS = _CLIENT._replace(permit_without_calls=True)


def _make(options: KeepaliveOptions = _CLIENT, calls: bool = True) -> Keepalive:
    """A keepalive that began at 0, with a stream open unless it does not want to know."""
    keepalive = Keepalive(options, 0.0)
    if calls and keepalive.wants_calls:
        keepalive.on_calls(True)
    return keepalive


def _pings(keepalive: Keepalive, end: float) -> list[float]:
    """When PINGs go out until the end, each answered at once."""
    sent = []
    while True:
        deadline: Optional[float] = keepalive.deadline
        if deadline is None or deadline > end:
            return sent
        if keepalive.handle_deadline(deadline) is Effect.PING:
            sent.append(deadline)
            keepalive.on_read(deadline)


class TestTime:
    """After the keepalive time without a byte read, a PING goes out."""

    def test_a_ping_goes_out_after_the_time_without_a_byte(self) -> None:
        keepalive = _make()
        assert keepalive.deadline == 10.0
        assert keepalive.handle_deadline(9.9) is Effect.NOTHING
        assert keepalive.handle_deadline(10.0) is Effect.PING

    def test_the_time_is_measured_from_the_last_read(self) -> None:
        keepalive = _make()
        keepalive.on_read(7.0)
        assert keepalive.handle_deadline(10.0) is Effect.NOTHING
        assert keepalive.deadline == 17.0
        assert keepalive.handle_deadline(17.0) is Effect.PING

    def test_the_time_is_measured_from_the_answer_and_not_from_the_ping(self) -> None:
        keepalive = _make()
        keepalive.handle_deadline(10.0)
        keepalive.on_read(12.0)
        assert keepalive.deadline == 22.0

    def test_a_server_asks_every_two_hours_whether_or_not_calls_are_open(self) -> None:
        keepalive = Keepalive(SERVER_KEEPALIVE, 0.0)
        assert not keepalive.wants_calls
        assert keepalive.handle_deadline(7200.0) is Effect.PING
        assert keepalive.deadline == 7220.0


class TestTimeout:
    """No byte within the timeout: the peer is gone."""

    def test_silence_after_the_ping_closes(self) -> None:
        keepalive = _make()
        keepalive.handle_deadline(10.0)
        assert keepalive.deadline == 13.0
        assert keepalive.handle_deadline(12.9) is Effect.NOTHING
        assert keepalive.handle_deadline(13.0) is Effect.CLOSE
        assert (keepalive.state, keepalive.deadline) == (State.DEAD, None)

    def test_any_byte_answers_the_ping(self) -> None:
        keepalive = _make()
        keepalive.handle_deadline(10.0)
        assert keepalive.on_read(12.9)
        assert keepalive.handle_deadline(13.0) is Effect.NOTHING
        assert keepalive.state is State.COUNTING

    def test_an_answer_says_that_the_deadline_may_have_come_nearer(self) -> None:
        keepalive = _make(_CLIENT._replace(time=1.0, timeout=100.0))
        assert not keepalive.on_read(0.5)
        keepalive.handle_deadline(1.5)
        assert keepalive.deadline == 101.5
        assert keepalive.on_read(2.0)
        assert keepalive.deadline == 3.0

    def test_silence_closes_although_the_last_stream_has_ended_meanwhile(self) -> None:
        keepalive = _make()
        keepalive.handle_deadline(10.0)
        keepalive.on_calls(False)
        assert keepalive.handle_deadline(13.0) is Effect.CLOSE


class TestWithoutCalls:
    """No pings while no stream is open, unless that is permitted."""

    def test_nothing_is_asked_while_no_stream_is_open(self) -> None:
        keepalive = _make(calls=False)
        assert (keepalive.state, keepalive.deadline) == (State.RESTING, None)
        assert keepalive.handle_deadline(1000.0) is Effect.NOTHING

    def test_nothing_is_asked_after_the_last_stream_has_ended(self) -> None:
        keepalive = _make()
        keepalive.on_calls(False)
        assert keepalive.deadline is None

    def test_nothing_more_is_asked_after_the_answer_if_the_last_stream_has_ended_meanwhile(self) -> None:
        keepalive = _make()
        keepalive.handle_deadline(10.0)
        keepalive.on_calls(False)
        keepalive.on_read(11.0)
        assert (keepalive.state, keepalive.deadline) == (State.RESTING, None)

    def test_a_new_stream_after_a_long_quiet_time_triggers_a_ping_at_once(self) -> None:
        keepalive = _make(calls=False)
        keepalive.on_calls(True)
        assert keepalive.deadline == 10.0
        assert keepalive.handle_deadline(500.0) is Effect.PING

    def test_a_new_stream_after_a_short_quiet_time_triggers_none(self) -> None:
        keepalive = _make(calls=False)
        keepalive.on_read(495.0)
        keepalive.on_calls(True)
        assert keepalive.handle_deadline(500.0) is Effect.NOTHING
        assert keepalive.deadline == 505.0

    def test_with_permission_pings_go_out_without_calls(self) -> None:
        keepalive = _make(_ALWAYS)
        assert not keepalive.wants_calls
        assert keepalive.handle_deadline(10.0) is Effect.PING


class TestPingsWithoutData:
    """After max_pings_without_data PINGs without HEADERS or DATA sent, they go out once a minute (L116)."""

    def test_beyond_that_many_pings_go_out_once_a_minute(self) -> None:
        assert _pings(_make(), 210.0) == [10.0, 20.0, 80.0, 140.0, 200.0]

    def test_the_minute_is_kept_whatever_the_time_divides_it_into(self) -> None:
        assert _pings(_make(_CLIENT._replace(time=25.0)), 250.0) == [25.0, 50.0, 110.0, 170.0, 230.0]

    def test_a_time_of_more_than_a_minute_is_not_changed(self) -> None:
        assert _pings(_make(_CLIENT._replace(time=70.0)), 300.0) == [70.0, 140.0, 210.0, 280.0]

    def test_what_is_read_puts_off_a_throttled_ping_too(self) -> None:
        keepalive = _make()
        assert _pings(keepalive, 79.0) == [10.0, 20.0]
        keepalive.on_read(79.0)
        assert _pings(keepalive, 100.0) == [89.0]

    def test_pings_go_on_as_before_when_headers_or_data_were_sent(self) -> None:
        keepalive = _make()
        assert _pings(keepalive, 35.0) == [10.0, 20.0]
        keepalive.on_sent()
        assert _pings(keepalive, 150.0) == [40.0, 50.0, 110.0]

    def test_silence_after_a_throttled_ping_closes(self) -> None:
        keepalive = _make()
        assert _pings(keepalive, 79.0) == [10.0, 20.0]
        assert keepalive.handle_deadline(80.0) is Effect.PING
        assert keepalive.deadline == 83.0
        assert keepalive.handle_deadline(82.9) is Effect.NOTHING
        assert keepalive.handle_deadline(83.0) is Effect.CLOSE
        assert keepalive.state is State.DEAD

    def test_the_minute_is_kept_over_a_time_without_streams(self) -> None:
        keepalive = _make()
        assert _pings(keepalive, 25.0) == [10.0, 20.0]
        keepalive.on_calls(False)
        keepalive.on_calls(True)
        assert _pings(keepalive, 150.0) == [80.0, 140.0]

    def test_zero_is_no_limit(self) -> None:
        assert len(_pings(_make(_CLIENT._replace(max_pings_without_data=0)), 1000.0)) == 100

    def test_a_withheld_ping_is_not_waited_for(self) -> None:
        keepalive = _make(_CLIENT._replace(max_pings_without_data=1))
        assert _pings(keepalive, 10.0) == [10.0]
        assert keepalive.handle_deadline(20.0) is Effect.NOTHING
        assert keepalive.state is State.COUNTING
        assert keepalive.deadline == 30.0


class TestTable:
    """The machine as a whole."""

    @pytest.mark.parametrize("state", list(State))
    def test_a_deadline_belongs_to_the_states_that_wait(self, state: State) -> None:
        waiting = {then for (then, each) in _keepalive._TRANSITIONS if each in (Input.QUIET, Input.SILENCE)}
        assert (state in waiting) == (state in (State.COUNTING, State.ASKED, State.ASKED_LAST, State.DEAD))

    def test_whatever_happens_in_any_order_has_a_row(self) -> None:
        happenings = {
            "begin": lambda keepalive, now: keepalive.on_calls(True),
            "end": lambda keepalive, now: keepalive.on_calls(False),
            "read": lambda keepalive, now: keepalive.on_read(now),
            "sent": lambda keepalive, now: keepalive.on_sent(),
            "time": lambda keepalive, now: keepalive.handle_deadline(now),
        }
        for names in itertools.product(happenings, repeat=6):
            keepalive = _make(calls=False)
            open_ = False
            for step, name in enumerate(names):
                if name in ("begin", "end"):
                    if open_ == (name == "begin"):
                        continue  # a stream does not begin or end twice
                    open_ = not open_
                happenings[name](keepalive, 11.0 * step)
            assert repr(keepalive).startswith("<Keepalive: ")
