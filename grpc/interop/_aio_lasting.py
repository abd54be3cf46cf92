"""The cases of many calls, on the asynchronous API: soaks, calls at once, calls far apart."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import AsyncContextManager, AsyncIterator, Awaitable, Callable, Dict

import grpc
import grpc.aio
from grpc.interop import _connecting, _flags, _rules, _soak
from grpc.interop._rules import TIMEOUT
from grpc.interop.protos import test_pb2_grpc


async def _large_unary(channel: grpc.aio.Channel) -> None:
    response = await test_pb2_grpc.TestServiceStub(channel).UnaryCall(_rules.large_request(), timeout=TIMEOUT)
    _rules.check_body(response, _rules.LARGE_RESPONSE)


async def _soaked(lasting: _flags.Lasting, connected: Callable[[], AsyncContextManager[grpc.aio.Channel]]) -> None:
    account = _soak.Account(lasting)
    for wait in account.turns():
        await asyncio.sleep(wait)
        failure = None
        begin = time.monotonic()
        async with connected() as channel:
            try:
                await _large_unary(channel)
            except grpc.RpcError as error:
                failure = _soak.ended_with(error)
        account.note(begin, failure)
    account.settle()


async def _rpc_soak(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    @contextlib.asynccontextmanager
    async def same() -> AsyncIterator[grpc.aio.Channel]:
        yield channel

    await _soaked(client.lasting, same)


async def _channel_soak(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    await _soaked(client.lasting, lambda: _connecting.aio_channel(client))


async def _concurrent_large_unary(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    await asyncio.gather(*(_large_unary(channel) for _ in range(client.lasting.concurrency)))


async def _long_lived_channel(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    for turn in range(client.lasting.spaced_calls):
        if turn:
            await asyncio.sleep(client.lasting.idle)
        await _large_unary(channel)


CASES: Dict[str, Callable[[grpc.aio.Channel, _flags.Client], Awaitable[None]]] = {
    "rpc_soak": _rpc_soak,
    "channel_soak": _channel_soak,
    "concurrent_large_unary": _concurrent_large_unary,
    "long_lived_channel": _long_lived_channel,
}
