"""Which styles of invocation announce that their thread is going to wait."""

from __future__ import annotations

import _thread
from typing import Any, List

from grpc.framework.foundation.environment import GOING_TO_WAIT
from grpc.framework.interfaces.face.invoking import _callables, _generic


class _Noting:
    """An invoker, and the call that it begins; notes whether the thread that begins it is going to wait."""

    def __init__(self) -> None:
        self.noted: List[bool] = []

    def unary_unary(self, *_: Any) -> _Noting:
        self.noted.append(_thread.get_ident() in GOING_TO_WAIT)
        return self

    def response(self) -> str:
        self.noted.append(_thread.get_ident() in GOING_TO_WAIT)
        return "response"


def _noted(invoke: Any) -> List[bool]:
    invoker: Any = _Noting()
    invoke(invoker)
    return list(invoker.noted)


def test_a_blocking_unary_call_announces_it_while_it_begins() -> None:
    def blocking(invoker: Any) -> None:
        assert _generic.GenericStub(invoker).blocking_unary_unary("group", "method", b"x", None) == "response"

    def called(invoker: Any) -> None:
        assert _callables.UnaryUnaryMultiCallable(invoker, "group", "method")(b"x", None) == "response"

    assert _noted(blocking) == _noted(called) == [True, False]


def test_a_future_does_not() -> None:
    def generic(invoker: Any) -> None:
        _generic.GenericStub(invoker).future_unary_unary("group", "method", b"x", None)

    def multi_callable(invoker: Any) -> None:
        _callables.UnaryUnaryMultiCallable(invoker, "group", "method").future(b"x", None)

    assert _noted(generic) == _noted(multi_callable) == [False]
