"""The manners of serving, whose values other programs may have stored."""

from __future__ import annotations

from grpc.framework.common.style import Service


def test_values_are_those_that_were_published() -> None:
    assert {member.name: member.value for member in Service} == {"INLINE": "inline", "EVENT": "event"}
