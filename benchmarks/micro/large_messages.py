"""Large messages: echoes of N bytes over loopback, MiB/s both ways together and the CPU of either side per MiB.

Run as `python benchmarks/micro/large_messages.py [--mib N] [--seconds S] [--in-flight N] [--tls FOLDER] [sync] [aio]`.
Client and server are processes of their own and speak through the public API, bytes in and bytes out. Run by the
interpreter of an environment in `.peers/`, it measures the `grpc` that is installed there. For TLS there has to be a
folder with keys and certificates; `python -m trustme -d FOLDER` makes what is needed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import threading
import time
from concurrent import futures
from pathlib import Path
from typing import Any, Awaitable, Callable, List, Optional

# In the environment of a peer `grpc` is the one that is installed there.
sys.path.insert(
    0, sys.path[0] if Path(sys.prefix).parent.name == ".peers" else str(Path(__file__).resolve().parents[2])
)

import grpc
import grpc.aio

_MIB = 2**20
_OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
_METHOD = "/bench.Bench/Echo"

Folder = Optional[Path]

# ---------------------------------------------------------------- the server


def _prepare(server: Any, echo: Callable[..., Any], tls: Folder) -> int:
    """Give a server its method and its port."""
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Bench", handlers),))
    if tls is not None:
        pair = ((tls / "server.key").read_bytes(), (tls / "server.pem").read_bytes())
        return int(server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials((pair,))))
    return int(server.add_insecure_port("127.0.0.1:0"))


def _tell_cpu() -> None:
    """Answer each line of stdin with the CPU seconds that this process has used."""
    for _ in sys.stdin:
        print(time.process_time(), flush=True)


def serve_sync(tls: Folder) -> None:
    """Serve from threads until stdin closes."""
    server = grpc.server(futures.ThreadPoolExecutor(4), options=_OPTIONS)
    print(_prepare(server, lambda request, context: request, tls), flush=True)
    server.start()
    _tell_cpu()
    server.stop(None).wait()


async def serve_aio(tls: Folder) -> None:
    """Serve from a loop until stdin closes."""

    async def echo(request: bytes, context: Any) -> bytes:
        return request

    server = grpc.aio.server(options=_OPTIONS)
    print(_prepare(server, echo, tls), flush=True)
    await server.start()
    await asyncio.get_running_loop().run_in_executor(None, _tell_cpu)
    await server.stop(None)


# ---------------------------------------------------------------- the client


class _Run:
    """One measurement: calls until the time is up, and what they cost."""

    def __init__(self, server: subprocess.Popen[str], payload: bytes, arguments: argparse.Namespace) -> None:
        self._server = server
        self.payload = payload
        self.in_flight: int = arguments.in_flight
        self.seconds: float = arguments.seconds
        self.end = 0.0
        self._times: List[float] = []

    def server_cpu(self) -> float:
        """How much CPU the server has used."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print("cpu", file=self._server.stdin, flush=True)
        return float(self._server.stdout.readline())

    def begin(self) -> None:
        """The calls begin, those to warm up being over."""
        self._server_cpu, self._cpu = self.server_cpu(), time.process_time()
        self._started = time.perf_counter()
        self.end = self._started + self.seconds

    def done(self, started: float, answer: bytes) -> float:
        """Count a call; gives the present time."""
        assert len(answer) == len(self.payload)
        now = time.perf_counter()
        self._times.append(now - started)
        return now

    def figures(self) -> str:
        """The result in words."""
        elapsed, cpu = time.perf_counter() - self._started, time.process_time() - self._cpu
        server_cpu = self.server_cpu() - self._server_cpu
        amount = 2 * len(self._times) * len(self.payload) / _MIB
        return (
            f"{amount / elapsed:7,.0f} MiB/s both ways, median {statistics.median(self._times) * 1000:.2f} ms a call, "
            f"CPU per MiB: client {cpu / amount * 1e6:,.0f} us, server {server_cpu / amount * 1e6:,.0f} us"
        )


def call_sync(port: int, run: _Run, tls: Folder) -> str:
    """Call from threads."""
    with _channel(grpc, port, tls) as channel:
        call: Callable[[bytes], bytes] = channel.unary_unary(_METHOD)
        for _ in range(3):
            assert call(run.payload) == run.payload
        run.begin()

        def caller() -> None:
            now = time.perf_counter()
            while now < run.end:
                now = run.done(now, call(run.payload))

        threads = [threading.Thread(target=caller) for _ in range(run.in_flight)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return run.figures()


async def call_aio(port: int, run: _Run, tls: Folder) -> str:
    """Call from tasks."""
    async with _channel(grpc.aio, port, tls) as channel:
        call: Callable[[bytes], Awaitable[bytes]] = channel.unary_unary(_METHOD)
        for _ in range(3):
            assert await call(run.payload) == run.payload
        run.begin()

        async def caller() -> None:
            now = time.perf_counter()
            while now < run.end:
                now = run.done(now, await call(run.payload))

        await asyncio.gather(*(caller() for _ in range(run.in_flight)))
        return run.figures()


def _channel(api: Any, port: int, tls: Folder) -> Any:
    if tls is not None:
        credentials = grpc.ssl_channel_credentials((tls / "client.pem").read_bytes())
        return api.secure_channel(f"localhost:{port}", credentials, options=_OPTIONS)
    return api.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS)


def main(arguments: argparse.Namespace) -> None:
    """Start a server for each API, measure, print."""
    for kind in arguments.kinds or ("sync", "aio"):
        order = [sys.executable, __file__, "--serve", kind, *(["--tls", str(arguments.tls)] if arguments.tls else [])]
        with subprocess.Popen(order, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdin is not None
            port = int(server.stdout.readline())
            run = _Run(server, bytes(range(256)) * int(arguments.mib * _MIB / 256), arguments)
            if kind == "sync":
                figures = call_sync(port, run, arguments.tls)
            else:
                figures = asyncio.run(call_aio(port, run, arguments.tls))
            print(f"{kind:4}: {figures}", flush=True)
            server.stdin.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", choices=("sync", "aio", []), help="which API (both)")
    parser.add_argument("--mib", type=float, default=1.0, help="the size of a message")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--in-flight", type=int, default=1, help="how many calls at once")
    parser.add_argument("--tls", type=Path, metavar="FOLDER")
    parser.add_argument("--serve", choices=("sync", "aio"), help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.serve == "sync":
        serve_sync(parsed.tls)
    elif parsed.serve == "aio":
        asyncio.run(serve_aio(parsed.tls))
    else:
        main(parsed)
