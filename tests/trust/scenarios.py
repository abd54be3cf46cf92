"""Connects and disconnects of all kinds, each as a context manager that keeps a server and gives what makes a round."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from typing import Any, AsyncIterator, Awaitable, Callable, Dict

import trustme

import grpc
import grpc.aio
from grpc.beta import implementations
from tests.trust import world

Round = Callable[[], Awaitable[None]]

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)

_AUTHORITY = trustme.CA()


def _server_credentials() -> grpc.ServerCredentials:
    issued = _AUTHORITY.issue_cert("127.0.0.1")
    chain = b"".join(part.bytes() for part in issued.cert_chain_pems)
    return grpc.ssl_server_credentials([(issued.private_key_pem.bytes(), chain)])


def _channel_credentials() -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(_AUTHORITY.cert_pem.bytes())


# ------------------------------------------------------------ servers


@contextlib.contextmanager
def _in_threads(secure: bool = False) -> Any:
    server, port = world.serve(4, credentials=_server_credentials() if secure else None)
    yield server, port
    server.stop(None)


@contextlib.asynccontextmanager
async def _on_loop(secure: bool = False) -> AsyncIterator[int]:
    async def echo(request: bytes, context: Any) -> bytes:
        return request

    async def tick(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield request
        await asyncio.get_running_loop().create_future()

    methods = {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Tick": grpc.unary_stream_rpc_method_handler(tick),
    }
    server = grpc.aio.server(handlers=[grpc.method_handlers_generic_handler("t.T", methods)])
    address = "127.0.0.1:0"
    port = server.add_secure_port(address, _server_credentials()) if secure else server.add_insecure_port(address)
    await server.start()
    yield port
    await server.stop(None)


# ------------------------------------------------------------ rounds


@contextlib.asynccontextmanager
async def channels() -> AsyncIterator[Round]:
    """A channel, a call, the end of the channel."""
    with _in_threads() as (_, port):

        async def go() -> None:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                world.Client(port, channel=channel).echo(b"x", timeout=world.LIMIT)

        yield go


@contextlib.asynccontextmanager
async def dropped_channels() -> AsyncIterator[Round]:
    """A channel, a call, and nobody closes the channel."""
    with _in_threads() as (_, port):

        async def go() -> None:
            world.Client(port).echo(b"x", timeout=world.LIMIT)

        yield go


@contextlib.asynccontextmanager
async def tls_channels() -> AsyncIterator[Round]:
    """The same over TLS, closed."""
    with _in_threads(True) as (_, port):
        credentials = _channel_credentials()

        async def go() -> None:
            with grpc.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
                world.Client(port, channel=channel).echo(b"x", timeout=world.LIMIT)

        yield go


@contextlib.asynccontextmanager
async def streaming_channels() -> AsyncIterator[Round]:
    """A channel that is closed with a stream open, after one of each other call."""
    with _in_threads() as (_, port):

        async def go() -> None:
            client = world.Client(port)
            client.check()
            next(client.tick(b"x", timeout=world.LIMIT))
            client.channel.close()
            while not (world.begun.empty() and world.ended.empty()):
                (world.begun if world.ended.empty() else world.ended).get()

        yield go


@contextlib.asynccontextmanager
async def inprocess_channels() -> AsyncIterator[Round]:
    """A channel in memory."""
    with _in_threads() as (server, port):

        async def go() -> None:
            with grpc.inprocess_channel(server) as channel:
                world.Client(port, channel=channel).echo(b"x", timeout=world.LIMIT)

        yield go


@contextlib.asynccontextmanager
async def beta_channels() -> AsyncIterator[Round]:
    """A channel and a stub of the beta API, both dropped."""
    with _in_threads() as (_, port):

        async def go() -> None:
            stub = implementations.generic_stub(implementations.insecure_channel("127.0.0.1", port))
            stub.blocking_unary_unary("t.T", "Echo", b"x", world.LIMIT)

        yield go


@contextlib.asynccontextmanager
async def dropped_calls() -> AsyncIterator[Round]:
    """Streams and futures that nobody cancels or has any more; a server bears only so many on one connection."""
    with _in_threads() as (_, port):

        async def go() -> None:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                client = world.Client(port, channel=channel)
                next(client.tick(b"x"))
                call = client.hold.future(b"x")
                await asyncio.to_thread(world.begun.get, True, world.LIMIT)
                await asyncio.to_thread(world.begun.get, True, world.LIMIT)
                del call
                await asyncio.to_thread(world.ended.get, True, world.LIMIT)
                await asyncio.to_thread(world.ended.get, True, world.LIMIT)

        yield go


@contextlib.asynccontextmanager
async def failing_channels() -> AsyncIterator[Round]:
    """A channel to where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def go() -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            world.code_of(lambda: world.Client(port, channel=channel).echo(b"x", timeout=world.LIMIT))

    yield go


@contextlib.asynccontextmanager
async def servers() -> AsyncIterator[Round]:
    """A server, a channel, a call, the end of both."""

    async def go() -> None:
        with _in_threads() as (_, port), grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            world.Client(port, channel=channel).echo(b"x", timeout=world.LIMIT)

    yield go


@contextlib.asynccontextmanager
async def aio_channels() -> AsyncIterator[Round]:
    """A channel of the asynchronous API, a call, the end of the channel."""
    async with _on_loop() as port:

        async def go() -> None:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await channel.unary_unary("/t.T/Echo")(b"x", timeout=world.LIMIT)

        yield go


@contextlib.asynccontextmanager
async def aio_dropped_channels() -> AsyncIterator[Round]:
    """The same, with a stream open and nobody to close the channel."""
    async with _on_loop() as port:

        async def go() -> None:
            channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
            assert await channel.unary_stream("/t.T/Tick")(b"x", timeout=world.LIMIT).read() == b"x"

        yield go


@contextlib.asynccontextmanager
async def aio_tls_channels() -> AsyncIterator[Round]:
    """The same over TLS, closed."""
    async with _on_loop(True) as port:
        credentials = _channel_credentials()

        async def go() -> None:
            async with grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
                await channel.unary_unary("/t.T/Echo")(b"x", timeout=world.LIMIT)

        yield go


def _raw(server: Callable[[bool], Any], what: str) -> Callable[[], Any]:
    @contextlib.asynccontextmanager
    async def raw() -> AsyncIterator[Round]:
        async with contextlib.AsyncExitStack() as stack:
            if server is _on_loop:
                port = await stack.enter_async_context(_on_loop(what == "tls"))
            else:
                port = stack.enter_context(_in_threads(what == "tls"))[1]
            context = ssl.create_default_context(cadata=_AUTHORITY.cert_pem.bytes().decode())
            context.set_alpn_protocols(["h2"])

            async def go() -> None:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, ssl=context if what == "tls" else None
                )
                if what == "preface":
                    writer.write(_PREFACE)
                    await reader.read(9)
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

            yield go

    return raw


SCENARIOS: Dict[str, Callable[[], Any]] = {
    "channels": channels,
    "dropped-channels": dropped_channels,
    "tls-channels": tls_channels,
    "streaming-channels": streaming_channels,
    "inprocess-channels": inprocess_channels,
    "beta-channels": beta_channels,
    "dropped-calls": dropped_calls,
    "failing-channels": failing_channels,
    "servers": servers,
    "aio-channels": aio_channels,
    "aio-dropped-channels": aio_dropped_channels,
    "aio-tls-channels": aio_tls_channels,
    **{f"raw-{what}": _raw(_in_threads, what) for what in ("tcp", "preface", "tls")},
    **{f"aio-raw-{what}": _raw(_on_loop, what) for what in ("tcp", "preface", "tls")},
}
"""By name: what makes a round."""
