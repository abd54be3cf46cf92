"""The tables: which inputs are legal when, and how the two sides of an end mirror each other."""

from __future__ import annotations

from typing import FrozenSet, Tuple

import pytest

from grpc.framework.core import _states
from grpc.framework.core._states import Input, State
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links

Kind = base.Outcome.Kind
Termination = links.Ticket.Termination

TABLES = [_states.INVOCATION, _states.INVOCATION_UNSUBSCRIBED, _states.SERVICE]


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_legal_after_the_end(table: _states.Transitions) -> None:
    assert [row for row in table if row[0] is State.ENDED] == []


@pytest.mark.parametrize("table", TABLES)
def test_neither_side_completes_twice(table: _states.Transitions) -> None:
    assert (State.LOCAL_COMPLETE, Input.LOCAL_COMPLETION) not in table
    assert (State.REMOTE_COMPLETE, Input.REMOTE_COMPLETION) not in table


@pytest.mark.parametrize("table", TABLES)
def test_every_state_that_can_be_reached_can_be_left(table: _states.Transitions) -> None:
    reached = {State.OPEN, *table.values()} - {State.ENDED}
    assert reached == {state for state, _ in table}


def _ends(table: _states.Transitions, happening: Input) -> FrozenSet[Tuple[State, State]]:
    return frozenset((before, after) for (before, what), after in table.items() if what is happening)


def test_the_services_completion_ends_the_operation_on_both_sides() -> None:
    assert {after for _, after in _ends(_states.SERVICE, Input.LOCAL_COMPLETION)} == {State.ENDED}
    assert {after for _, after in _ends(_states.INVOCATION, Input.REMOTE_COMPLETION)} == {State.ENDED}


def test_the_invocations_completion_ends_its_own_direction_alone() -> None:
    assert _states.INVOCATION[State.OPEN, Input.LOCAL_COMPLETION] is State.LOCAL_COMPLETE
    assert _states.SERVICE[State.OPEN, Input.REMOTE_COMPLETION] is State.REMOTE_COMPLETE


def test_whoever_wants_to_hear_nothing_ends_with_its_own_completion() -> None:
    assert _states.INVOCATION_UNSUBSCRIBED[State.OPEN, Input.LOCAL_COMPLETION] is State.ENDED


def test_every_kind_but_completed_is_told_to_the_peer_unless_only_a_peer_brings_it_about() -> None:
    assert set(_states.TERMINATION_OF_LOCAL_ABORTION) == set(Kind) - {Kind.COMPLETED, Kind.REMOTE_SHUTDOWN}


def test_every_termination_has_a_meaning_here() -> None:
    assert set(_states.OUTCOME_OF_REMOTE_TERMINATION) == set(Termination)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (Kind.CANCELLED, Kind.CANCELLED),
        (Kind.EXPIRED, Kind.EXPIRED),
        (Kind.LOCAL_SHUTDOWN, Kind.REMOTE_SHUTDOWN),
        (Kind.RECEPTION_FAILURE, Kind.TRANSMISSION_FAILURE),
        (Kind.TRANSMISSION_FAILURE, Kind.RECEPTION_FAILURE),
        (Kind.LOCAL_FAILURE, Kind.REMOTE_FAILURE),
        (Kind.REMOTE_FAILURE, Kind.LOCAL_FAILURE),
    ],
)
def test_the_peer_sees_the_mirror_image(here: base.Outcome.Kind, there: base.Outcome.Kind) -> None:
    assert _states.OUTCOME_OF_REMOTE_TERMINATION[_states.TERMINATION_OF_LOCAL_ABORTION[here]] is there


@pytest.mark.parametrize("enumeration", [State, Input, Kind, base.Subscription.Kind])
def test_keys_of_tables_are_hashed_without_running_python_code(enumeration: type) -> None:
    assert vars(enumeration)["__hash__"] is object.__hash__
