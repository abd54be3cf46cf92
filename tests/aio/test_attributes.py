"""What wrapping libraries do to our objects: they note things on them, and keep weak references to them."""

from __future__ import annotations

import weakref
from typing import Any

import pytest

from grpc import aio
from tests.aio.conftest import Run, path, serving, unary


class _Passing(aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await continuation(client_call_details, request)


def _take_notes(thing: Any) -> None:
    thing.noted = "by a library"
    assert thing.noted == "by a library"
    assert weakref.ref(thing)() is thing


async def _echo(request: bytes, context: Any) -> bytes:
    return request


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream", "stream_unary", "stream_stream"])
def test_a_multi_callable_takes_any_attribute(run: Run, kind: str) -> None:
    async def main() -> None:
        async with aio.insecure_channel("127.0.0.1:1") as channel:
            multi_callable = getattr(channel, kind)("/a.B/C")
            multi_callable.__name__ = "C"  # as functools.wraps and its like want it
            assert multi_callable.__name__ == "C"
            _take_notes(multi_callable)

    run(main())


@pytest.mark.parametrize("interceptors", [[], [_Passing()]], ids=["plain", "intercepted"])
def test_channels_servers_and_calls_take_any_attribute(run: Run, interceptors: Any) -> None:
    async def main() -> None:
        async with serving("inprocess", {"Echo": unary(_echo)}, interceptors) as (server, channel):
            _take_notes(server)
            _take_notes(channel)
            call = channel.unary_unary(path("Echo"))(b"x")
            _take_notes(call)
            assert await call == b"x"

    run(main())
