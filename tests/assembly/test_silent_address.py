"""A target with an address that takes connections and never says a word, down to the sockets (gRFC A61).

An attempt is given 20 seconds. These calls are given less, so they end well only if the second address has its turn
while the first one still has its own.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent import futures
from typing import Callable, Iterator

import pytest

import grpc
from grpc import aio

_LIMIT = 15.0  # seconds; only failing tests take them

Call = Callable[[str], bytes]


@pytest.fixture
def target() -> Iterator[str]:
    """A silent address, and after it a server that echoes."""
    echo = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
    with socket.create_server(("127.0.0.1", 0)) as silent, futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("tests.Service", {"Echo": echo})])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"ipv4:127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{port}"
        server.stop(None).wait()


def _with_threads(target: str) -> bytes:
    with grpc.insecure_channel(target) as channel:
        answer: bytes = channel.unary_unary("/tests.Service/Echo")(b"x", timeout=_LIMIT)
        return answer


def _on_a_loop(target: str) -> bytes:
    async def call() -> bytes:
        async with aio.insecure_channel(target) as channel:
            answer: bytes = await channel.unary_unary("/tests.Service/Echo")(b"x", timeout=_LIMIT)
            return answer

    return asyncio.run(call())


@pytest.mark.slow
@pytest.mark.parametrize("call", [_with_threads, _on_a_loop])
def test_a_call_does_not_wait_for_it(target: str, call: Call) -> None:
    assert call(target) == b"x"
