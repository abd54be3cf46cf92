"""Tests of grpc.framework.foundation.activated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from grpc.framework.foundation import activated

if TYPE_CHECKING:
    from types import TracebackType


class _Lamp(activated.Activated):
    __slots__ = ("on",)

    def __init__(self) -> None:
        self.on = False

    def __enter__(self) -> _Lamp:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> _Lamp:
        self.on = True
        return self

    def stop(self) -> None:
        self.on = False


def test_an_implementation_works_in_a_with_statement() -> None:
    with _Lamp() as lamp:
        assert lamp.on
    assert not lamp.on


@pytest.mark.parametrize("name", ["__enter__", "__exit__", "start", "stop"])
def test_an_implementation_lacking_a_method_cannot_be_made(name: str) -> None:
    incomplete = type("_Incomplete", (_Lamp,), {name: getattr(activated.Activated, name)})
    with pytest.raises(TypeError, match=name):
        incomplete()


def test_the_interface_leaves_slots_to_its_implementations() -> None:
    assert not hasattr(_Lamp(), "__dict__")
