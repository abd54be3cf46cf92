"""Structured ends: whatever ends a program or a part of it, nothing is left over and nothing is complained of."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import pathlib
import subprocess
import sys
from typing import Any, AsyncIterator

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, Serve, path, serving, unary

Context = aio.ServicerContext[Any, Any]


async def hang(request: bytes, context: Context) -> bytes:
    await asyncio.Event().wait()
    return b""


async def endless(request: bytes, context: Context) -> AsyncIterator[bytes]:
    while True:
        yield bytes(1000)


async def echo(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


METHODS = {
    "Hang": unary(hang),
    "Endless": grpc.unary_stream_rpc_method_handler(endless),
    "Echo": grpc.stream_stream_rpc_method_handler(echo),
}


async def requests_for_ever() -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(0.001)
        yield b"x"


async def everything(channel: aio.Channel) -> None:
    """Every kind of waiting at once; it ends by being cancelled only."""

    async def read(call: Any) -> None:
        async for _ in call:
            pass

    async def wait(call: Any) -> None:
        await call

    async def converse() -> None:
        call = channel.stream_stream(path("Echo"))()
        while True:
            await call.write(b"x")
            await call.read()

    await asyncio.gather(
        wait(channel.unary_unary(path("Hang"))(b"")),
        wait(channel.stream_unary(path("Hang"))(requests_for_ever())),
        read(channel.unary_stream(path("Endless"))(b"")),
        read(channel.stream_stream(path("Echo"))(requests_for_ever())),
        converse(),
        channel.unary_unary(path("Hang"))(b"").code(),
        channel.unary_unary(path("Hang"))(b"").initial_metadata(),
        channel.wait_for_state_change(channel.get_state()),
    )


def test_a_time_limit_around_everything_leaves_nothing(run: Run, serve: Serve) -> None:
    async def main() -> None:
        async with serve(**METHODS) as channel:
            await channel.channel_ready()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(everything(channel), 0.05)

    run(main())


def test_a_group_of_tasks_of_which_one_fails_leaves_nothing(run: Run, serve: Serve) -> None:
    async def main() -> None:
        async with serve(**METHODS) as channel:
            await channel.channel_ready()
            tasks = [asyncio.ensure_future(everything(channel)) for _ in range(2)]

            async def fail() -> None:
                await asyncio.sleep(0.02)
                raise ValueError("the first to fail")

            with pytest.raises(ValueError, match="the first"):
                await asyncio.gather(fail(), *tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    run(main())


def test_closing_channel_and_server_amid_everything_leaves_nothing(run: Run, serve: Serve) -> None:
    async def main() -> None:
        async with serve(**METHODS) as channel:
            await channel.channel_ready()
            task = asyncio.ensure_future(everything(channel))
            await asyncio.sleep(0.02)
        with pytest.raises((asyncio.CancelledError, aio.AioRpcError)):
            await task

    run(main())


if sys.version_info >= (3, 11):

    def test_task_groups_and_timeouts_leave_nothing(run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                await channel.channel_ready()

                async def limited() -> None:
                    async with asyncio.timeout(0.05), asyncio.TaskGroup() as group:
                        group.create_task(everything(channel))
                        group.create_task(everything(channel))

                with pytest.raises(TimeoutError):
                    await limited()

        run(main())


PROGRAM = """
import asyncio, logging, os, signal, sys
sys.path.insert(0, {root!r})
import grpc
from grpc import aio
from tests.aio.conftest import handlers, path
from tests.aio.test_structure import METHODS, everything

logging.basicConfig(level=logging.WARNING)

async def main():
    server = aio.server(handlers=handlers(**METHODS))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{{port}}") as channel:
        await channel.channel_ready()
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGINT)
        try:
            await asyncio.gather(everything(channel), server.wait_for_termination())
        finally:
            {end}

try:
    {run}(main())
except KeyboardInterrupt:
    print("interrupted")
"""

UVLOOP = importlib.util.find_spec("uvloop") is not None
RUNS = {"asyncio": "asyncio.run", **({"uvloop": "__import__('uvloop').run"} if UVLOOP else {})}


def interrupted(run: str, end: str, *options: str) -> subprocess.CompletedProcess[str]:
    root = str(pathlib.Path(__file__).parents[2])
    program = PROGRAM.format(root=root, run=run, end=end)
    return subprocess.run(
        [sys.executable, *options, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("loop", RUNS)
def test_ctrl_c_ends_a_program_quietly(loop: str) -> None:
    done = interrupted(RUNS[loop], "await server.stop(None)", "-X", "dev", "-W", "error")
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


def test_ctrl_c_is_quiet_even_where_the_server_is_not_stopped() -> None:
    done = interrupted(RUNS["asyncio"], "pass")
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


if UVLOOP:

    def test_it_works_on_uvloop() -> None:
        async def main() -> None:
            for transport in ("inprocess", "tcp", "tls"):
                async with serving(transport, METHODS) as (_, channel):
                    call = channel.stream_stream(path("Echo"))([b"a", b"b"])
                    assert [response async for response in call] == [b"a", b"b"]
                    with pytest.raises(asyncio.TimeoutError):
                        await asyncio.wait_for(everything(channel), 0.05)

        loop: Any = importlib.import_module("uvloop").new_event_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 60.0
        try:
            loop.run_until_complete(main())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
