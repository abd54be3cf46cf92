"""Unary calls over the asyncio driver, without a public API: what the layers below it leave an API to spend.

Run as `python benchmarks/micro/aio_unary.py [seconds]`. Client and server are processes of their own, each with a loop;
the server makes a task of every call, the client awaits an asyncio future for it, as an API would have to.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Set

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from grpc._assembly import aio
from grpc.framework.interfaces.face import face, utilities

PAYLOAD = bytes(100)


class _Service(face.MultiMethodImplementation):
    """Echoes, in a task for each call."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks: Set[asyncio.Task[None]] = set()
        self._method = utilities.unary_unary_event(self._echo)

    def service(self, group: str, method: str, response_consumer: Any, context: Any) -> face.MethodImplementation:
        return self._method

    def _echo(self, request: bytes, answer: Callable[[bytes], None], context: Any) -> None:
        task = self._loop.create_task(self._answer(request, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: bytes, answer: Callable[[bytes], None]) -> None:
        answer(request)


async def serve() -> None:
    """Serve until stdin closes."""
    side = aio.ServerSide(None, _Service(), (), None, None)
    print(side.add_insecure_port("127.0.0.1:0"), flush=True)
    side.start()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    side.stop(None)
    await side.wait_stopped()


async def measure(port: int, in_flight: int, seconds: float) -> str:
    """Make calls for so many seconds; the figures in words."""
    loop = asyncio.get_running_loop()
    side = aio.over_http2(None, f"127.0.0.1:{port}", "micro", (), None, None)
    begin = side.stub.unary_unary("bench.Bench", "Echo").future
    count = 0

    async def call() -> bytes:
        done = loop.create_future()
        rpc = begin(PAYLOAD, None)
        rpc.add_done_callback(done.set_result)
        await done
        answer: bytes = rpc.result()
        return answer

    async def caller(end: float) -> None:
        nonlocal count
        while time.perf_counter() < end:
            assert await call() == PAYLOAD
            count += 1

    for length in (0.3, seconds):  # the first one to warm up
        count, started, cpu = 0, time.perf_counter(), time.process_time()
        await asyncio.gather(*(caller(started + length) for _ in range(in_flight)))
    elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu
    side.close()
    await side.wait_closed()
    return f"{in_flight} in flight: {count / elapsed:,.0f} calls/s, client CPU {cpu / count * 1e6:.0f} us per call"


def main(seconds: float) -> None:
    """Start a server, measure, print."""
    with subprocess.Popen(
        [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        for in_flight in (1, 100):
            print(asyncio.run(measure(port, in_flight, seconds)))
        assert server.stdin is not None
        server.stdin.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        main(float(sys.argv[1]) if sys.argv[1:] else 2.0)
