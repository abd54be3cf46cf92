"""Calls of the beta API that nobody refers to any more."""

from __future__ import annotations

import queue
import threading
from typing import Any, Callable, Iterator

import pytest

from grpc.beta import implementations
from grpc.framework.interfaces.face import utilities
from tests.beta.conftest import SERVICE, TIMEOUT

Serve = Callable[..., implementations.Channel]


@pytest.mark.parametrize("style", ["future", "inline"])
def test_a_call_that_is_dropped_is_cancelled(serve: Serve, style: str) -> None:
    begun: queue.SimpleQueue[None] = queue.SimpleQueue()
    ended = threading.Event()

    def hold(context: Any) -> None:
        over = threading.Event()
        context.add_abortion_callback(lambda _: over.set())
        begun.put(None)
        if over.wait(TIMEOUT):
            ended.set()

    def one(request: bytes, context: Any) -> bytes:
        hold(context)
        return b""

    def many(request: bytes, context: Any) -> Iterator[bytes]:
        hold(context)
        yield b""

    channel = serve(One=utilities.unary_unary_inline(one), Many=utilities.unary_stream_inline(many))
    stub = implementations.generic_stub(channel)
    if style == "future":
        call = stub.future_unary_unary(SERVICE, "One", b"", TIMEOUT)
    else:
        call = stub.inline_unary_stream(SERVICE, "Many", b"", TIMEOUT)
    begun.get(timeout=TIMEOUT)
    assert call.is_active()
    del call
    assert ended.wait(TIMEOUT)
