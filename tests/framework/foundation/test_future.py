"""Tests of grpc.framework.foundation.future."""

from __future__ import annotations

import builtins
import concurrent.futures
from typing import TYPE_CHECKING, Callable

import pytest

from grpc.framework.foundation import future

if TYPE_CHECKING:
    from types import TracebackType


class _Known(future.Future[int]):
    __slots__ = ()

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def running(self) -> bool:
        return False

    def done(self) -> bool:
        return True

    def result(self, timeout: float | None = None) -> int:
        return 1

    def exception(self, timeout: float | None = None) -> BaseException | None:
        return None

    def traceback(self, timeout: float | None = None) -> TracebackType | None:
        return None

    def add_done_callback(self, fn: Callable[[future.Future[int]], object]) -> None:
        fn(self)


_METHODS = ["add_done_callback", "cancel", "cancelled", "done", "exception", "result", "running", "traceback"]


@pytest.mark.parametrize("name", _METHODS)
def test_an_implementation_lacking_a_method_cannot_be_made(name: str) -> None:
    incomplete = type("_Incomplete", (_Known,), {name: getattr(future.Future, name)})
    with pytest.raises(TypeError, match=name):
        incomplete()


def test_the_interface_leaves_slots_to_its_implementations() -> None:
    assert not hasattr(_Known(), "__dict__")


@pytest.mark.parametrize("kind", [future.TimeoutError, future.CancelledError])
def test_the_exceptions_are_the_modules_own(kind: type[Exception]) -> None:
    assert kind.__bases__ == (Exception,)
    assert kind not in (builtins.TimeoutError, concurrent.futures.TimeoutError, concurrent.futures.CancelledError)
