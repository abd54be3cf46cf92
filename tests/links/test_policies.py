"""Which policy a channel has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from grpc._links import _policies
from grpc._links._pick_first import PickFirst
from grpc._links._round_robin import RoundRobin
from grpc._links._section import Section
from grpc._links._service_config import PolicyConfig
from tests.support.environment import FakeEnvironment

if TYPE_CHECKING:
    from typing import Optional

    from grpc._links._policy import Policy


def _make(config: Optional[PolicyConfig], default: str) -> Policy:
    return _policies.make_policy(Section(), FakeEnvironment(), config, default)


@pytest.mark.parametrize(("name", "kind"), [("pick_first", PickFirst), ("round_robin", RoundRobin)])
def test_it_is_the_default_where_the_service_config_names_none(name: str, kind: type) -> None:
    assert type(_make(None, name)) is kind


@pytest.mark.parametrize(
    ("name", "default", "kind"), [("pick_first", "round_robin", PickFirst), ("round_robin", "pick_first", RoundRobin)]
)
def test_what_the_service_config_names_comes_before_the_default(name: str, default: str, kind: type) -> None:
    assert type(_make(PolicyConfig(name), default)) is kind


def test_pick_first_takes_the_place_of_a_default_that_nobody_knows(caplog: pytest.LogCaptureFixture) -> None:
    assert type(_make(None, "grpclb")) is PickFirst
    assert caplog.messages == ["There is no load balancing policy 'grpclb'; pick_first takes its place"]


def test_a_default_that_is_not_needed_is_not_complained_of(caplog: pytest.LogCaptureFixture) -> None:
    _make(PolicyConfig("round_robin"), "grpclb")
    assert caplog.messages == []
