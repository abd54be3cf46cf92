"""The same suite over every transport: a server and a channel to it, in process or over TCP."""

from __future__ import annotations

import contextlib
from concurrent import futures
from typing import Any, Callable, Dict, Iterator, Tuple

import pytest

import grpc

SERVICE = "tests.Service"

Handlers = Dict[str, grpc.RpcMethodHandler]


@contextlib.contextmanager
def serving(transport: str, handlers: Handlers) -> Iterator[Tuple[grpc.Server, grpc.Channel]]:
    """A running server with these methods, and a channel to it; both are stopped at the end."""
    with futures.ThreadPoolExecutor(max_workers=8) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        if transport == "inprocess":
            channel = grpc.inprocess_channel(server)
        else:
            channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        try:
            with channel:
                yield server, channel
        finally:
            server.stop(None).wait()


@pytest.fixture(params=["inprocess", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    """Which way the calls go."""
    name: str = request.param
    return name


@pytest.fixture
def serve(transport: str) -> Iterator[Callable[..., grpc.Channel]]:
    """Serves methods given as name=handler, and gives a channel to them."""
    with contextlib.ExitStack() as stack:

        def start(**handlers: grpc.RpcMethodHandler) -> grpc.Channel:
            return stack.enter_context(serving(transport, handlers))[1]

        yield start


def unary(behavior: Callable[[Any, grpc.ServicerContext], Any], **coders: Any) -> grpc.RpcMethodHandler:
    """A unary-unary handler; its messages are bytes unless coders say otherwise."""
    return grpc.unary_unary_rpc_method_handler(behavior, **coders)


def path(method: str) -> str:
    """The full name of a method of the suite's service."""
    return f"/{SERVICE}/{method}"


def failure_of(call: Callable[[], Any]) -> Any:
    """The RpcError that a call raises."""
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value
