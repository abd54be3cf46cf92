"""Which calls announce that their thread is going to wait, so that nobody else need look for the answer."""

from __future__ import annotations

import _thread
from typing import Any, Callable, List

import pytest

import grpc
from grpc.framework.foundation.environment import GOING_TO_WAIT
from tests.modern.conftest import path, serving, unary


class _Noting:
    """Face's multi-callable, which notes whether the thread that begins a call is going to wait."""

    def __init__(self, face_callable: Any) -> None:
        self._face = face_callable
        self.noted: List[bool] = []

    def future(self, *arguments: Any, **named: Any) -> Any:
        self.noted.append(_thread.get_ident() in GOING_TO_WAIT)
        return self._face.future(*arguments, **named)


@pytest.mark.parametrize(
    ("invoke", "announced"),
    [
        (lambda call: call(b"x"), True),
        (lambda call: call.with_call(b"x"), True),
        (lambda call: call.future(b"x").result(), False),
    ],
    ids=["blocking", "with_call", "future"],
)
def test_blocking_calls_announce_it_and_futures_do_not(invoke: Callable[[Any], Any], announced: bool) -> None:
    with serving("inprocess", {"Echo": unary(lambda request, _: request)}) as (_, channel):
        call: Any = channel.unary_unary(path("Echo"))
        call._face = noting = _Noting(call._face)
        invoke(call)
    assert noting.noted == [announced]


def test_a_plugin_of_a_blocking_call_may_wait_for_something_else() -> None:
    noted: List[bool] = []

    class Plugin(grpc.AuthMetadataPlugin):
        def __call__(self, context: Any, callback: Any) -> None:
            noted.append(_thread.get_ident() in GOING_TO_WAIT)
            callback((), None)

    with serving("tls", {"Echo": unary(lambda request, _: request)}) as (_, channel):
        channel.unary_unary(path("Echo"))(b"x", credentials=grpc.metadata_call_credentials(Plugin()), timeout=10)
    assert noted == [False]
