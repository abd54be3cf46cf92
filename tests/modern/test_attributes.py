"""What wrapping libraries do to our objects: they note things on them, and keep weak references to them."""

from __future__ import annotations

import weakref
from concurrent import futures
from typing import Any, List

import pytest

import grpc
from tests.modern.conftest import path, serving

_KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


class _Passing(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    def _pass(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(details, request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _pass


def _take_notes(thing: Any) -> None:
    thing.noted = "by a library"
    assert thing.noted == "by a library"
    assert weakref.ref(thing)() is thing


@pytest.mark.parametrize("kind", _KINDS)
def test_a_multi_callable_takes_any_attribute(kind: str) -> None:
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        multi_callable = getattr(channel, kind)("/a.B/C")
        multi_callable.__name__ = "C"  # as functools.wraps and its like want it
        assert multi_callable.__name__ == "C"
        _take_notes(multi_callable)


@pytest.mark.parametrize("kind", _KINDS)
def test_an_intercepted_multi_callable_takes_any_attribute(kind: str) -> None:
    with grpc.intercept_channel(grpc.insecure_channel("127.0.0.1:1"), _Passing()) as channel:
        _take_notes(getattr(channel, kind)("/a.B/C"))


def test_a_channel_takes_any_attribute() -> None:
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        _take_notes(channel)
        _take_notes(grpc.intercept_channel(channel, _Passing()))


def test_a_server_takes_any_attribute() -> None:
    with futures.ThreadPoolExecutor(max_workers=1) as pool:
        server = grpc.server(pool)
        _take_notes(server)
        server.stop(None).wait()


def test_a_servicer_context_takes_any_attribute() -> None:
    noted: List[str] = []

    def behavior(request: bytes, context: Any) -> bytes:
        _take_notes(context)
        noted.append(context.noted)
        return request

    handler = grpc.unary_unary_rpc_method_handler(behavior)
    with serving("inprocess", {"Echo": handler}) as (_, channel):
        assert channel.unary_unary(path("Echo"))(b"x") == b"x"
    assert noted == ["by a library"]
