"""What a server puts up with in PINGs: `wire.md` section 10, server enforcement."""

from __future__ import annotations

import pytest

from grpc._links._pings import PingEnforcement, complains_of_pings
from grpc._values.connection_options import EnforcementOptions


def _judge(enforcement: PingEnforcement, times: list[float], calls_open: bool = True) -> list[bool]:
    return [enforcement.on_ping(now, calls_open) for now in times]


def test_a_ping_every_five_minutes_is_permitted_while_calls_are_open() -> None:
    assert not any(_judge(PingEnforcement(EnforcementOptions()), [300.0 * number for number in range(20)]))


def test_more_than_two_early_pings_are_too_many() -> None:
    assert _judge(PingEnforcement(EnforcementOptions()), [0.0, 1.0, 2.0, 3.0]) == [False, False, False, True]


def test_the_interval_is_measured_between_one_ping_and_the_next() -> None:
    assert _judge(PingEnforcement(EnforcementOptions()), [0.0, 299.0, 598.0, 897.0]) == [False, False, False, True]


def test_a_ping_in_time_is_no_strike_and_wipes_none_away() -> None:
    assert _judge(PingEnforcement(EnforcementOptions()), [0.0, 1.0, 2.0, 302.0, 303.0])[-2:] == [False, True]


def test_without_calls_the_interval_is_two_hours() -> None:
    enforcement = PingEnforcement(EnforcementOptions())
    assert not any(_judge(enforcement, [7200.0 * number for number in range(5)], calls_open=False))
    assert _judge(enforcement, [28801.0, 36000.0, 43199.0], calls_open=False) == [False, False, True]


def test_without_calls_the_usual_interval_holds_if_that_is_permitted() -> None:
    options = EnforcementOptions(permit_without_calls=True)
    assert not any(_judge(PingEnforcement(options), [300.0 * number for number in range(20)], calls_open=False))


def test_sending_headers_or_data_clears_strikes_and_the_interval() -> None:
    enforcement = PingEnforcement(EnforcementOptions())
    for start in range(10):
        assert not any(_judge(enforcement, [start, start + 0.1, start + 0.2]))
        enforcement.on_sent()


def test_a_strike_limit_of_zero_never_enforces() -> None:
    assert not any(_judge(PingEnforcement(EnforcementOptions(max_strikes=0)), [0.001 * number for number in range(99)]))


def test_interval_and_strike_limit_are_as_configured() -> None:
    enforcement = PingEnforcement(EnforcementOptions(min_interval=1.0, max_strikes=1))
    assert _judge(enforcement, [0.0, 1.0, 1.5, 1.9]) == [False, False, False, True]


@pytest.mark.parametrize(
    ("code", "data", "complains"),
    [(11, b"too_many_pings", True), (0, b"too_many_pings", False), (11, b"other", False), (11, None, False)],
)
def test_a_client_knows_the_goaway_for_too_many_pings(code: int, data: bytes, complains: bool) -> None:
    assert complains_of_pings(code, data) is complains
