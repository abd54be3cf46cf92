"""Structured ends: whatever ends a program or a part of it, nothing is left over and nothing is complained of."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import pathlib
import subprocess
import sys
from typing import Any, AsyncIterator, Dict

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, Serve, path, serving, unary

Context = aio.ServicerContext[Any, Any]


class Scene:
    """A server's methods, and a client that waits in every way there is.

    Attributes:
      under_way: Set once all of it has begun.
    """

    _PARTS = 9

    def __init__(self, clients: int = 1) -> None:
        """Expect so many clients to do everything."""
        self.under_way = asyncio.Event()
        self._missing = self._PARTS * clients

    def _begun(self) -> None:
        self._missing -= 1
        if not self._missing:
            self.under_way.set()

    # ------------------------------------------------------------ the server

    @property
    def methods(self) -> Dict[str, grpc.RpcMethodHandler]:
        return {
            "Hang": unary(self._hang),
            "Deaf": grpc.stream_unary_rpc_method_handler(self._deaf),
            "Endless": grpc.unary_stream_rpc_method_handler(self._endless),
            "Echo": grpc.stream_stream_rpc_method_handler(self._echo),
        }

    async def _hang(self, request: bytes, context: Context) -> bytes:
        self._begun()
        await asyncio.Event().wait()
        return b""

    async def _deaf(self, requests: AsyncIterator[bytes], context: Context) -> bytes:
        return await self._hang(b"", context)

    async def _endless(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        while True:
            yield bytes(1000)

    async def _echo(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        async for request in requests:
            yield request

    # ------------------------------------------------------------ the client

    async def _requests_for_ever(self) -> AsyncIterator[bytes]:
        yield b"x"
        self._begun()
        while True:
            await asyncio.sleep(0)
            yield b"x"

    async def _read(self, call: Any) -> None:
        responses = call.__aiter__()
        await responses.__anext__()
        self._begun()
        async for _ in responses:
            pass

    async def _converse(self, call: Any) -> None:
        await call.write(b"x")
        await call.read()
        self._begun()
        while True:
            await call.write(b"x")
            await call.read()

    async def everything(self, channel: aio.Channel) -> None:
        """Every kind of waiting at once; it ends by being cancelled only."""

        async def wait(call: Any) -> None:
            await call

        await asyncio.gather(
            wait(channel.unary_unary(path("Hang"))(b"")),
            wait(channel.stream_unary(path("Deaf"))(self._requests_for_ever())),
            self._read(channel.unary_stream(path("Endless"))(b"")),
            self._read(channel.stream_stream(path("Echo"))(self._requests_for_ever())),
            self._converse(channel.stream_stream(path("Echo"))()),
            channel.unary_unary(path("Hang"))(b"").code(),
            channel.unary_unary(path("Hang"))(b"").initial_metadata(),
            channel.wait_for_state_change(channel.get_state()),
        )


def test_a_time_limit_around_everything_leaves_nothing(run: Run, serve: Serve) -> None:
    async def main() -> None:
        scene = Scene()
        async with serve(**scene.methods) as channel:
            await channel.channel_ready()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(scene.everything(channel), 0.05)

    run(main())


def test_a_group_of_tasks_of_which_one_fails_leaves_nothing(run: Run, serve: Serve) -> None:
    async def main() -> None:
        scene = Scene(clients=2)
        async with serve(**scene.methods) as channel:
            await channel.channel_ready()
            tasks = [asyncio.ensure_future(scene.everything(channel)) for _ in range(2)]

            async def fail() -> None:
                await scene.under_way.wait()
                raise ValueError("the first to fail")

            with pytest.raises(ValueError, match="the first"):
                await asyncio.gather(fail(), *tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    run(main())


def test_closing_channel_and_server_amid_everything_leaves_nothing(run: Run, serve: Serve) -> None:
    async def main() -> None:
        scene = Scene()
        async with serve(**scene.methods) as channel:
            await channel.channel_ready()
            task = asyncio.ensure_future(scene.everything(channel))
            await scene.under_way.wait()
        with pytest.raises((asyncio.CancelledError, aio.AioRpcError)):
            await task

    run(main())


if sys.version_info >= (3, 11):

    def test_task_groups_and_timeouts_leave_nothing(run: Run, serve: Serve) -> None:
        async def main() -> None:
            scene = Scene(clients=2)
            async with serve(**scene.methods) as channel:
                await channel.channel_ready()

                async def limited() -> None:
                    async with asyncio.timeout(0.05), asyncio.TaskGroup() as group:
                        group.create_task(scene.everything(channel))
                        group.create_task(scene.everything(channel))

                with pytest.raises(TimeoutError):
                    await limited()

        run(main())


PROGRAM = """
import asyncio, logging, os, signal, sys
sys.path.insert(0, {root!r})
import grpc
from grpc import aio
from tests.aio.conftest import handlers, path
from tests.aio.test_structure import Scene

logging.basicConfig(level=logging.WARNING)

async def interrupt(scene):
    await scene.under_way.wait()
    # Between two steps of tasks, where it comes when all of them wait.
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)

async def main():
    scene = Scene()
    server = aio.server(handlers=handlers(**scene.methods))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{{port}}") as channel:
        await channel.channel_ready()
        try:
            await asyncio.gather(scene.everything(channel), interrupt(scene), server.wait_for_termination())
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
                scene = Scene()
                async with serving(transport, scene.methods) as (_, channel):
                    call = channel.stream_stream(path("Echo"))([b"a", b"b"])
                    assert [response async for response in call] == [b"a", b"b"]
                    with pytest.raises(asyncio.TimeoutError):
                        await asyncio.wait_for(scene.everything(channel), 0.05)

        loop: Any = importlib.import_module("uvloop").new_event_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 60.0
        try:
            loop.run_until_complete(main())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()
