"""A loop for each test, and the same suite over every transport: in process, over TCP or over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from typing import Any, AsyncIterator, Awaitable, Callable, Coroutine, Dict, Iterator, List, Tuple

import pytest

import grpc
from grpc import aio
from tests.modern.conftest import SERVICE, channel_credentials, path, server_credentials

__all__ = [
    "Run", "Serve", "failure_of", "handlers", "many_turns", "path", "run", "serve", "serving", "settled", "unary",
]  # fmt: skip

Handlers = Dict[str, grpc.RpcMethodHandler]
Run = Callable[[Coroutine[Any, Any, Any]], Any]
Serve = Callable[..., Any]

_LIMIT = 30.0  # seconds for one test, so that a test that hangs says where

# Turns of the loop. What goes on takes a step in far fewer: every turn takes what has arrived on any socket.
_TURNS = 300


async def _main(main: Coroutine[Any, Any, Any], complaints: List[Any]) -> Any:
    loop = asyncio.get_running_loop()
    loop.slow_callback_duration = 60.0  # debug mode is for what it finds wrong, not for slow machines
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    result = await asyncio.wait_for(main, _LIMIT)
    for _ in range(20):
        if asyncio.all_tasks() == {asyncio.current_task()}:
            break
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "tasks are left"
    gc.collect()
    return result


@pytest.fixture
def run(caplog: pytest.LogCaptureFixture) -> Iterator[Run]:
    """Runs a coroutine on a loop in debug mode; nothing may be left, complained of, or logged by asyncio."""
    complaints: List[Any] = []
    with caplog.at_level(logging.WARNING):
        yield lambda main: asyncio.run(_main(main, complaints), debug=True)
    gc.collect()
    assert complaints == []
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@pytest.fixture(params=["inprocess", "tcp", "tls"])
def transport(request: pytest.FixtureRequest) -> str:
    """Which way the calls go."""
    name: str = request.param
    return name


@contextlib.asynccontextmanager
async def serving(
    transport: str, methods: Handlers, client_interceptors: Any = None, **options: Any
) -> AsyncIterator[Tuple[aio.Server, aio.Channel]]:
    """A running server with these methods, and a channel to it; both are ended at the end.

    Args:
      transport: `inprocess`, `tcp` or `tls`.
      methods: By name.
      client_interceptors: Those of the channel.
      options: For the server.
    """
    server = aio.server(**options)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, methods)])
    if transport == "tls":
        port = server.add_secure_port("127.0.0.1:0", server_credentials())
        channel = aio.secure_channel(f"127.0.0.1:{port}", channel_credentials(), interceptors=client_interceptors)
    elif transport == "tcp":
        port = server.add_insecure_port("127.0.0.1:0")
        channel = aio.insecure_channel(f"127.0.0.1:{port}", interceptors=client_interceptors)
    else:
        channel = aio.inprocess_channel(server, client_interceptors)
    await server.start()
    try:
        async with channel:
            yield server, channel
    finally:
        await server.stop(None)


@pytest.fixture
def serve(transport: str) -> Serve:
    """Serves methods given as name=handler, for as long as the `async with` lasts, which gives a channel."""

    @contextlib.asynccontextmanager
    async def start(interceptors: Any = None, **methods: Any) -> AsyncIterator[aio.Channel]:
        options = methods.pop("options", {})
        async with serving(transport, methods, interceptors, **options) as (_, channel):
            yield channel

    return start


def handlers(**methods: grpc.RpcMethodHandler) -> List[grpc.GenericRpcHandler]:
    """Generic handlers of the suite's service."""
    return [grpc.method_handlers_generic_handler(SERVICE, methods)]


def unary(behavior: Any, **coders: Any) -> grpc.RpcMethodHandler:
    """A unary-unary handler; its messages are bytes unless coders say otherwise."""
    return grpc.unary_unary_rpc_method_handler(behavior, **coders)


async def failure_of(awaitable: Awaitable[Any]) -> aio.AioRpcError:
    """The error that something awaited raises."""
    with pytest.raises(aio.AioRpcError) as raised:
        await awaitable
    return raised.value


async def many_turns() -> None:
    """Let everything go on that does not wait for who calls this."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def settled(value: Callable[[], int]) -> int:
    """What a number comes to that grows from 0 and then stands still for many turns of the loop."""
    last = still = 0
    while still < _TURNS:
        await asyncio.sleep(0)
        now = value()
        still = still + 1 if now == last != 0 else 0
        last = now
    return last
