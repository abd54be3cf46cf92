"""The table between outcomes, kinds of abortion and errors is complete, both ways."""

from __future__ import annotations

import pytest

from grpc.framework.crust import _abortion
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.face import face

Kind = base.Outcome.Kind


def test_every_outcome_but_completion_reads_as_an_abortion() -> None:
    assert set(_abortion.READINGS) == set(Kind) - {Kind.COMPLETED}


def test_every_kind_of_abortion_is_some_outcome() -> None:
    assert {reading.kind for reading in _abortion.READINGS.values()} == set(face.Abortion.Kind)


def test_every_error_is_some_outcome() -> None:
    assert {reading.error for reading in _abortion.READINGS.values()} == set(face.AbortionError.__subclasses__())


def test_the_error_of_an_outcome_says_the_kind_of_its_abortion() -> None:
    assert [reading.error.kind for reading in _abortion.READINGS.values()] == [
        reading.kind for reading in _abortion.READINGS.values()
    ]


def test_only_the_two_failures_of_the_network_read_the_same() -> None:
    by_kind = {kind: [o for o, r in _abortion.READINGS.items() if r.kind is kind] for kind in face.Abortion.Kind}
    assert {kind.name: [outcome.name for outcome in outcomes] for kind, outcomes in by_kind.items()} == {
        "CANCELLED": ["CANCELLED"],
        "EXPIRED": ["EXPIRED"],
        "LOCAL_SHUTDOWN": ["LOCAL_SHUTDOWN"],
        "REMOTE_SHUTDOWN": ["REMOTE_SHUTDOWN"],
        "NETWORK_FAILURE": ["RECEPTION_FAILURE", "TRANSMISSION_FAILURE"],
        "LOCAL_FAILURE": ["LOCAL_FAILURE"],
        "REMOTE_FAILURE": ["REMOTE_FAILURE"],
    }


@pytest.mark.parametrize(
    ("kind", "code", "kept"),
    [
        (Kind.CANCELLED, None, False),
        (Kind.EXPIRED, None, False),
        (Kind.LOCAL_SHUTDOWN, None, False),
        (Kind.LOCAL_FAILURE, None, False),
        (Kind.REMOTE_SHUTDOWN, None, True),
        (Kind.REMOTE_FAILURE, None, True),
        (Kind.RECEPTION_FAILURE, None, True),
        (Kind.TRANSMISSION_FAILURE, None, True),
        (Kind.CANCELLED, 1, True),
        (Kind.EXPIRED, 4, True),
    ],
)
def test_responses_are_kept_when_the_other_side_ended_the_rpc(kind: Kind, code: object, kept: bool) -> None:
    assert _abortion.keeps_responses(_abortion.READINGS[kind], utilities.outcome(kind, code)) is kept
