"""The goodbye in two steps: `wire.md` section 9, graceful close by a server."""

from __future__ import annotations

import pytest

from grpc._links._drain import ANSWER_TIMEOUT, LINGER, PING_DATA, Drain, Effect, State


def _announced() -> Drain:
    drain = Drain()
    assert drain.begin(100.0) is Effect.ANNOUNCE
    return drain


def _leaving() -> Drain:
    drain = _announced()
    assert drain.on_ping_ack(PING_DATA) is Effect.NAME_LAST
    return drain


def test_it_begins_with_a_goaway_without_last_stream_and_a_ping() -> None:
    drain = Drain()
    assert (drain.state, drain.deadline) == (State.SERVING, None)
    assert drain.begin(100.0) is Effect.ANNOUNCE
    assert drain.state is State.ANNOUNCED


def test_it_begins_once() -> None:
    assert _announced().begin(101.0) is Effect.NOTHING
    assert _leaving().begin(101.0) is Effect.NOTHING


def test_on_the_answer_the_last_stream_is_named() -> None:
    drain = _leaving()
    assert (drain.state, drain.deadline) == (State.LEAVING, None)


def test_the_answer_to_another_ping_is_none() -> None:
    drain = _announced()
    assert drain.on_ping_ack(b"\0" * 8) is Effect.NOTHING
    assert drain.state is State.ANNOUNCED


def test_without_an_answer_the_last_stream_is_named_after_20_seconds() -> None:
    drain = _announced()
    assert drain.deadline == 100.0 + ANSWER_TIMEOUT == 120.0
    assert drain.handle_deadline(119.9) is Effect.NOTHING
    assert drain.handle_deadline(120.0) is Effect.NAME_LAST


def test_a_second_answer_changes_nothing() -> None:
    assert _leaving().on_ping_ack(PING_DATA) is Effect.NOTHING


def test_an_answer_before_the_goodbye_changes_nothing() -> None:
    drain = Drain()
    assert drain.on_ping_ack(PING_DATA) is Effect.NOTHING
    assert drain.state is State.SERVING


@pytest.mark.parametrize("make", [Drain, _announced])
def test_in_a_hurry_the_last_stream_is_named_at_once(make: type[Drain]) -> None:
    drain = make()
    assert drain.hurry(110.0) is Effect.NAME_LAST
    assert drain.on_ping_ack(PING_DATA) is Effect.NOTHING


def test_in_a_hurry_the_last_stream_is_not_named_again() -> None:
    drain = _leaving()
    assert drain.hurry(110.0) is Effect.NOTHING
    assert drain.state is State.HURRYING


@pytest.mark.parametrize("make", [Drain, _announced, _leaving])
def test_in_a_hurry_a_peer_that_takes_nothing_is_waited_for_briefly(make: type[Drain]) -> None:
    drain = make()
    drain.hurry(110.0)
    drain.hurry(112.0)  # does not prolong it
    assert drain.deadline == 110.0 + LINGER
    assert drain.handle_deadline(110.0 + LINGER) is Effect.ABORT
    assert (drain.state, drain.deadline) == (State.OVER, None)
    assert drain.hurry(200.0) is Effect.NOTHING
