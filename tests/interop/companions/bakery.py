"""A service with a method of each shape, blocking and asyncio, and a client that calls them all.

The packages under test stand between: what comes back must be what comes back without them.
"""

from __future__ import annotations

from typing import Any, AsyncIterator, Dict, Iterable, Iterator, List

import pytest
from google.protobuf.wrappers_pb2 import StringValue

import grpc

SERVICE = "bakery.Bakery"
SHAPES = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


class Blocking:
    """Handlers for a blocking server."""

    def unary_unary(self, request: StringValue, context: grpc.ServicerContext) -> StringValue:
        if request.value == "burnt":
            context.abort(grpc.StatusCode.NOT_FOUND, "burnt")
        return request

    def unary_stream(self, request: StringValue, context: grpc.ServicerContext) -> Iterator[StringValue]:
        yield request
        yield request
        if request.value == "burnt":
            context.abort(grpc.StatusCode.NOT_FOUND, "burnt")

    def stream_unary(self, requests: Iterable[StringValue], context: grpc.ServicerContext) -> StringValue:
        return StringValue(value="".join(request.value for request in requests))

    def stream_stream(
        self, requests: Iterable[StringValue], context: grpc.ServicerContext
    ) -> Iterator[StringValue]:
        yield from requests


class Asyncio:
    """Handlers for an asyncio server."""

    async def unary_unary(self, request: StringValue, context: Any) -> StringValue:
        if request.value == "burnt":
            await context.abort(grpc.StatusCode.NOT_FOUND, "burnt")
        return request

    async def unary_stream(self, request: StringValue, context: Any) -> AsyncIterator[StringValue]:
        yield request
        yield request
        if request.value == "burnt":
            await context.abort(grpc.StatusCode.NOT_FOUND, "burnt")

    async def stream_unary(self, requests: AsyncIterator[StringValue], context: Any) -> StringValue:
        return StringValue(value="".join([request.value async for request in requests]))

    async def stream_stream(
        self, requests: AsyncIterator[StringValue], context: Any
    ) -> AsyncIterator[StringValue]:
        async for request in requests:
            yield request


def add(handlers: Any, server: Any) -> None:
    """Serve `Blocking` or `Asyncio`, or something like them; each method is called as its shape is."""
    methods: Dict[str, grpc.RpcMethodHandler] = {
        shape: getattr(grpc, f"{shape}_rpc_method_handler")(
            getattr(handlers, shape), StringValue.FromString, StringValue.SerializeToString
        )
        for shape in SHAPES
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, methods)])


def method(channel: Any, shape: str) -> Any:
    """The multi-callable for the method of that shape."""
    return getattr(channel, shape)(f"/{SERVICE}/{shape}", StringValue.SerializeToString, StringValue.FromString)


def _values(messages: Iterable[StringValue]) -> List[str]:
    return [message.value for message in messages]


_LOAF = StringValue(value="loaf")
_BURNT = StringValue(value="burnt")
# How many calls each of the two below makes.
CALLS = 6


def call_all(channel: grpc.Channel) -> None:
    """Call every method, and two of them so that they refuse."""
    assert method(channel, "unary_unary")(_LOAF, timeout=20) == _LOAF
    assert list(method(channel, "unary_stream")(_LOAF, timeout=20)) == [_LOAF, _LOAF]
    assert method(channel, "stream_unary")(iter([_LOAF, _LOAF]), timeout=20).value == "loafloaf"
    assert list(method(channel, "stream_stream")(iter([_LOAF, _BURNT]), timeout=20)) == [_LOAF, _BURNT]
    for refused in (
        lambda: method(channel, "unary_unary")(_BURNT, timeout=20),
        lambda: list(method(channel, "unary_stream")(_BURNT, timeout=20)),
    ):
        with pytest.raises(grpc.RpcError) as refusal:
            refused()
        assert (refusal.value.code(), refusal.value.details()) == (grpc.StatusCode.NOT_FOUND, "burnt")


async def call_all_aio(channel: grpc.aio.Channel) -> None:
    """Call every method, and two of them so that they refuse."""
    assert await method(channel, "unary_unary")(_LOAF, timeout=20) == _LOAF
    assert [loaf async for loaf in method(channel, "unary_stream")(_LOAF, timeout=20)] == [_LOAF, _LOAF]
    assert (await method(channel, "stream_unary")(iter([_LOAF, _LOAF]), timeout=20)).value == "loafloaf"
    assert [loaf async for loaf in method(channel, "stream_stream")(iter([_LOAF, _BURNT]), timeout=20)] == [
        _LOAF, _BURNT,
    ]  # fmt: skip
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await method(channel, "unary_unary")(_BURNT, timeout=20)
    assert (refusal.value.code(), refusal.value.details()) == (grpc.StatusCode.NOT_FOUND, "burnt")
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        [loaf async for loaf in method(channel, "unary_stream")(_BURNT, timeout=20)]
    assert (refusal.value.code(), refusal.value.details()) == (grpc.StatusCode.NOT_FOUND, "burnt")
