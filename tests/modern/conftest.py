"""The same suite over every transport: a server and a channel to it, in process, over TCP or over TLS."""

from __future__ import annotations

import contextlib
import functools
from concurrent import futures
from typing import Any, Callable, Dict, Iterator, Tuple

import pytest
import trustme

import grpc

SERVICE = "tests.Service"

Handlers = Dict[str, grpc.RpcMethodHandler]


@functools.cache
def authority() -> trustme.CA:
    """Who vouches for everybody in the suite."""
    return trustme.CA()


@functools.cache
def identity(name: str) -> Tuple[bytes, bytes]:
    """A key and its chain for somebody, both in PEM."""
    issued = authority().issue_cert(name)
    return issued.private_key_pem.bytes(), b"".join(part.bytes() for part in issued.cert_chain_pems)


def server_credentials() -> grpc.ServerCredentials:
    """Those of the suite's server."""
    return grpc.ssl_server_credentials([identity("127.0.0.1")])


def channel_credentials() -> grpc.ChannelCredentials:
    """Those of a client that believes the suite's authority."""
    return grpc.ssl_channel_credentials(authority().cert_pem.bytes())


@contextlib.contextmanager
def serving(transport: str, handlers: Handlers) -> Iterator[Tuple[grpc.Server, grpc.Channel]]:
    """A running server with these methods, and a channel to it; both are stopped at the end."""
    with futures.ThreadPoolExecutor(max_workers=8) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
        if transport == "tls":
            port = server.add_secure_port("127.0.0.1:0", server_credentials())
        else:
            port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        if transport == "inprocess":
            channel = grpc.inprocess_channel(server)
        elif transport == "tls":
            channel = grpc.secure_channel(f"127.0.0.1:{port}", channel_credentials())
        else:
            channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        try:
            with channel:
                yield server, channel
        finally:
            server.stop(None).wait()


@pytest.fixture(params=["inprocess", "tcp", "tls"])
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
