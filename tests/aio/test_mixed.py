"""Synchronous clients with asynchronous servers and the other way round, over TCP, TLS and in process."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent import futures
from typing import Any, AsyncIterator, Iterator, List

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, failure_of, handlers, path, serving, unary
from tests.modern.conftest import channel_credentials, server_credentials
from tests.modern.conftest import serving as serving_synchronously


async def shout(request: bytes, context: Any) -> bytes:
    if request == b"fail":
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not that")
    return request.upper()


async def count(request: bytes, context: Any) -> AsyncIterator[bytes]:
    for number in range(int(request)):
        yield b"%d" % number


async def join(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return b",".join([request async for request in requests])


async def echo(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


async def hang(request: bytes, context: Any) -> bytes:
    await asyncio.Event().wait()
    return b""


ASYNCHRONOUS = {
    "Shout": unary(shout),
    "Hang": unary(hang),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Echo": grpc.stream_stream_rpc_method_handler(echo),
}


def sync_shout(request: bytes, context: grpc.ServicerContext) -> bytes:
    if request == b"fail":
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not that")
    return request.upper()


def sync_count(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    for number in range(int(request)):
        yield b"%d" % number


def sync_join(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
    return b",".join(requests)


def sync_echo(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    yield from requests


def sync_hang(request: bytes, context: grpc.ServicerContext) -> bytes:
    ended = threading.Event()
    context.add_callback(ended.set)
    assert ended.wait(20)
    return b""


SYNCHRONOUS = {
    "Shout": unary(sync_shout),
    "Hang": unary(sync_hang),
    "Count": grpc.unary_stream_rpc_method_handler(sync_count),
    "Join": grpc.stream_unary_rpc_method_handler(sync_join),
    "Echo": grpc.stream_stream_rpc_method_handler(sync_echo),
}

NUMBERS = [b"%d" % number for number in range(300)]


@contextlib.contextmanager
def served_on_a_loop(transport: str) -> Iterator[grpc.Channel]:
    """A synchronous channel to an asynchronous server on a loop in another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def on_loop(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(20)

    async def start() -> Any:
        server = aio.server(handlers=handlers(**ASYNCHRONOUS))
        secure = transport == "tls"
        port = server.add_secure_port("127.0.0.1:0", server_credentials()) if secure else 0
        port = port or server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    server, port = on_loop(start())
    try:
        if transport == "tls":
            channel = grpc.secure_channel(f"127.0.0.1:{port}", channel_credentials())
        elif transport == "tcp":
            channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        else:
            channel = grpc.inprocess_channel(server)
        with channel:
            yield channel
    finally:
        on_loop(server.stop(None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class TestSynchronousClient:
    def test_every_shape(self, transport: str) -> None:
        with served_on_a_loop(transport) as channel:
            assert channel.unary_unary(path("Shout"))(b"a", timeout=20) == b"A"
            assert list(channel.unary_stream(path("Count"))(b"300", timeout=20)) == NUMBERS
            assert channel.stream_unary(path("Join"))(iter(NUMBERS), timeout=20) == b",".join(NUMBERS)
            assert list(channel.stream_stream(path("Echo"))(iter(NUMBERS), timeout=20)) == NUMBERS

    def test_failures_deadlines_and_cancelling(self, transport: str) -> None:
        with served_on_a_loop(transport) as channel:
            with pytest.raises(grpc.RpcError) as raised:
                channel.unary_unary(path("Shout"))(b"fail", timeout=20)
            assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]
            with pytest.raises(grpc.RpcError) as raised:
                channel.unary_unary(path("Hang"))(b"", timeout=0.05)
            assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED  # type: ignore[attr-defined]
            call = channel.unary_unary(path("Hang")).future(b"")
            call.cancel()
            assert call.code() is grpc.StatusCode.CANCELLED

    def test_many_threads_at_once(self, transport: str) -> None:
        with served_on_a_loop(transport) as channel, futures.ThreadPoolExecutor(8) as pool:
            call = channel.unary_unary(path("Shout"))
            answers: List[bytes] = list(pool.map(lambda number: call(b"a%d" % number, timeout=20), range(100)))
            assert answers == [b"A%d" % number for number in range(100)]


@contextlib.contextmanager
def served_by_threads(transport: str) -> Iterator[Any]:
    """Makes an asynchronous channel to a synchronous server; to be called on a loop."""
    with futures.ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, handlers=handlers(**SYNCHRONOUS))
        if transport == "tls":
            port = server.add_secure_port("127.0.0.1:0", server_credentials())
        else:
            port = server.add_insecure_port("127.0.0.1:0")
        server.start()

        def connect() -> aio.Channel:
            if transport == "tls":
                return aio.secure_channel(f"127.0.0.1:{port}", channel_credentials())
            if transport == "tcp":
                return aio.insecure_channel(f"127.0.0.1:{port}")
            return aio.inprocess_channel(server)

        try:
            yield connect
        finally:
            server.stop(None)


class TestAsynchronousClient:
    def test_every_shape(self, run: Run, transport: str) -> None:
        async def main() -> None:
            async with connect() as channel:
                assert await channel.unary_unary(path("Shout"))(b"a") == b"A"
                call = channel.unary_stream(path("Count"))(b"300")
                assert [response async for response in call] == NUMBERS
                assert await channel.stream_unary(path("Join"))(NUMBERS) == b",".join(NUMBERS)
                talk = channel.stream_stream(path("Echo"))(NUMBERS)
                assert [response async for response in talk] == NUMBERS
                turns = channel.stream_stream(path("Echo"))()
                for number in NUMBERS[:5]:
                    await turns.write(number)
                    assert await turns.read() == number
                await turns.done_writing()
                assert await turns.read() is aio.EOF

        with served_by_threads(transport) as connect:
            run(main())

    def test_failures_deadlines_and_cancelling(self, run: Run, transport: str) -> None:
        async def main() -> None:
            async with connect() as channel:
                error = await failure_of(channel.unary_unary(path("Shout"))(b"fail"))
                assert (error.code(), error.details()) == (grpc.StatusCode.INVALID_ARGUMENT, "not that")
                error = await failure_of(channel.unary_unary(path("Hang"))(b"", timeout=0.05))
                assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(channel.unary_unary(path("Hang"))(b""), 0.05)

        with served_by_threads(transport) as connect:
            run(main())

    def test_many_calls_at_once(self, run: Run, transport: str) -> None:
        async def main() -> None:
            async with connect() as channel:
                call = channel.unary_unary(path("Shout"))
                answers = await asyncio.gather(*(call(b"a%d" % number) for number in range(100)))
                assert answers == [b"A%d" % number for number in range(100)]

        with served_by_threads(transport) as connect:
            run(main())


def test_loops_in_two_threads_may_be_joined_in_process(run: Run) -> None:
    """A channel on this loop, and a server on another one."""

    async def main() -> None:
        async with aio.inprocess_channel(server) as channel:
            assert await channel.unary_unary(path("Shout"))(b"a") == b"A"
            call = channel.stream_stream(path("Echo"))(NUMBERS)
            assert [response async for response in call] == NUMBERS

    started, ended = threading.Event(), threading.Event()
    server: Any = None

    async def serve() -> None:
        nonlocal server
        async with serving("inprocess", ASYNCHRONOUS) as (server, _):
            started.set()
            await asyncio.get_running_loop().run_in_executor(None, ended.wait, 20)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(20)
    run(main())
    ended.set()
    thread.join()


def test_the_synchronous_suite_serves_the_same_names() -> None:
    with serving_synchronously("inprocess", SYNCHRONOUS) as (_, channel):
        assert channel.unary_unary(path("Shout"))(b"a") == b"A"
