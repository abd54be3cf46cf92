"""Tests of grpc.framework.foundation.stream."""

from __future__ import annotations

import pytest

from grpc.framework.foundation import stream


class _Sink(stream.Consumer[int]):
    __slots__ = ()

    def consume(self, value: int) -> None:
        """Ignores the value."""

    def terminate(self) -> None:
        """Ignores the termination."""

    def consume_and_terminate(self, value: int) -> None:
        """Ignores both."""


@pytest.mark.parametrize("name", ["consume", "terminate", "consume_and_terminate"])
def test_an_implementation_lacking_a_method_cannot_be_made(name: str) -> None:
    incomplete = type("_Incomplete", (_Sink,), {name: getattr(stream.Consumer, name)})
    with pytest.raises(TypeError, match=name):
        incomplete()


def test_the_interface_leaves_slots_to_its_implementations() -> None:
    assert not hasattr(_Sink(), "__dict__")
