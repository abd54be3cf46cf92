"""A server that ends well on SIGTERM: new RPCs are refused, running ones finish, those that take too long are ended."""

from __future__ import annotations

import asyncio
import os
import signal

import grpc
from grpc import aio

GRACE = 0.5  # seconds; an orchestrator that sends SIGTERM waits longer than this before it sends SIGKILL

Context = aio.ServicerContext[bytes, bytes]


async def work(request: bytes, context: Context) -> bytes:
    """Take as many seconds as the request says; clean up if there are not so many."""
    try:
        await asyncio.sleep(float(request))
    except asyncio.CancelledError:
        print("work of", request.decode(), "seconds is given up")
        raise
    return b"done"


async def report(name: str, call: aio.UnaryUnaryCall[bytes, bytes]) -> None:
    """Print what becomes of a call."""
    try:
        print(name, "gets", await call)
    except aio.AioRpcError as error:
        print(name, "gets", error.code().name)


async def main() -> None:
    """Serve until SIGTERM, which this program sends to itself while two calls run."""
    handler = grpc.unary_unary_rpc_method_handler(work)
    server = aio.server(handlers=[grpc.method_handlers_generic_handler("examples.Shutdown", {"Work": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    loop = asyncio.get_running_loop()
    stop_asked_for = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop_asked_for.set)

    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/examples.Shutdown/Work")
        await call(b"0")
        clients = [
            asyncio.ensure_future(report("a quick client", call(b"0.1"))),
            asyncio.ensure_future(report("a slow client", call(b"60"))),
        ]
        loop.call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)

        await stop_asked_for.wait()
        print("stopping")
        stopping = asyncio.ensure_future(server.stop(GRACE))
        await asyncio.sleep(0)
        await report("a late client", call(b"0"))
        await stopping
        await asyncio.gather(*clients)
    print("stopped")


if __name__ == "__main__":
    asyncio.run(main())
