"""Credentials: TLS both ways, and plugins that are asked on the loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any, AsyncIterator

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, failure_of, handlers, path, unary
from tests.modern.conftest import authority, channel_credentials, identity, server_credentials

Context = aio.ServicerContext[Any, Any]


async def show(request: bytes, context: Context) -> bytes:
    metadata = context.invocation_metadata()
    assert metadata is not None
    return repr(metadata.get_all("authorization")).encode()


async def who(request: bytes, context: Context) -> bytes:
    return repr((context.peer_identity_key(), list(context.peer_identities() or ()))).encode()


@contextlib.asynccontextmanager
async def secured(credentials: Any, server: Any = None, **options: Any) -> AsyncIterator[aio.Channel]:
    served = aio.server(handlers=handlers(Show=unary(show), Who=unary(who)))
    port = served.add_secure_port("127.0.0.1:0", server or server_credentials())
    await served.start()
    try:
        async with aio.secure_channel(f"127.0.0.1:{port}", credentials, **options) as channel:
            yield channel
    finally:
        await served.stop(None)


def plugin(*metadata: Any, error: Any = None, later: bool = False) -> grpc.CallCredentials:
    """Credentials whose plugin answers so: at once, or later from a thread of its own."""

    class Plugin(grpc.AuthMetadataPlugin):
        def __call__(self, context: Any, callback: Any) -> None:
            assert context.service_url.endswith("/tests.Service")
            assert context.method_name == "Show"
            if later:
                threading.Timer(0.01, callback, (metadata, error)).start()
            else:
                callback(metadata, error)
                callback((), ValueError("only the first answer counts"))

    return grpc.metadata_call_credentials(Plugin())


@pytest.mark.parametrize("later", [False, True])
def test_the_metadata_of_a_calls_credentials_is_sent(run: Run, later: bool) -> None:
    async def main() -> None:
        async with secured(channel_credentials()) as channel:
            credentials = plugin(("authorization", "secret"), later=later)
            assert await channel.unary_unary(path("Show"))(b"", credentials=credentials) == b"['secret']"
            assert await channel.unary_unary(path("Show"))(b"") == b"[]"

    run(main())


def test_credentials_of_the_channel_and_of_the_call_add_up(run: Run) -> None:
    async def main() -> None:
        composite = grpc.composite_channel_credentials(
            channel_credentials(), grpc.access_token_call_credentials("channel")
        )
        async with secured(composite) as channel:
            credentials = plugin(("authorization", "call"))
            call = channel.unary_unary(path("Show"))(b"", credentials=credentials)
            assert await call == b"['Bearer channel', 'call']"

    run(main())


def test_a_plugin_that_fails_fails_the_call(run: Run) -> None:
    async def main() -> None:
        async with secured(channel_credentials()) as channel:
            show_call = channel.unary_unary(path("Show"))
            error = await failure_of(show_call(b"", credentials=plugin(error=ValueError("no token"))))
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert "no token" in str(error.details())
            error = await failure_of(show_call(b"", credentials=plugin(("Upper", "x"))))
            assert error.code() is grpc.StatusCode.UNAVAILABLE

    run(main())


def test_a_plugin_that_is_late_exceeds_the_deadline(run: Run) -> None:
    class Silent(grpc.AuthMetadataPlugin):
        def __call__(self, context: Any, callback: Any) -> None:
            pass

    async def main() -> None:
        async with secured(channel_credentials()) as channel:
            call = channel.unary_unary(path("Show"))(
                b"", timeout=0.02, credentials=grpc.metadata_call_credentials(Silent())
            )
            assert (await failure_of(call)).code() is grpc.StatusCode.DEADLINE_EXCEEDED

    run(main())


def test_credentials_work_with_every_shape_and_interceptors(run: Run) -> None:
    class Passing(aio.UnaryUnaryClientInterceptor):
        async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
            return await continuation(client_call_details._replace(credentials=plugin(("authorization", "x"))), request)

    async def main() -> None:
        async with secured(channel_credentials(), interceptors=[Passing()]) as channel:
            assert await channel.unary_unary(path("Show"))(b"") == b"['x']"
            streamed = channel.unary_stream(path("Show"))(b"", credentials=plugin(("authorization", "y")))
            assert await streamed.read() == b"['y']"
            written = channel.stream_unary(path("Show"))(credentials=plugin(("authorization", "z")))
            await written.write(b"")
            await written.done_writing()
            assert await written == b"['z']"

    run(main())


def test_credentials_are_not_sent_in_the_clear(run: Run) -> None:
    async def main() -> None:
        async with aio.insecure_channel("127.0.0.1:1") as channel:
            with pytest.raises(ValueError, match="secure channels only"):
                channel.unary_unary(path("Show"))(b"", credentials=plugin())
            with pytest.raises(TypeError, match="CallCredentials"):
                channel.unary_unary(path("Show"))(b"", credentials=object())  # type: ignore[arg-type]

    run(main())


def test_a_client_that_shows_a_certificate_is_identified(run: Run) -> None:
    async def main() -> None:
        key, chain = identity("client.example")
        root = authority().cert_pem.bytes()
        mutual = grpc.ssl_server_credentials([identity("127.0.0.1")], root, require_client_auth=True)
        async with secured(grpc.ssl_channel_credentials(root, key, chain), mutual) as channel:
            answer = await channel.unary_unary(path("Who"))(b"")
            assert eval(answer) == ("x509_subject_alternative_name", [b"client.example"])

    run(main())


def test_a_server_that_cannot_be_believed_is_unavailable(run: Run) -> None:
    async def main() -> None:
        async with secured(grpc.ssl_channel_credentials()) as channel:
            error = await failure_of(channel.unary_unary(path("Show"))(b"", timeout=10))
            assert error.code() is grpc.StatusCode.UNAVAILABLE
            assert error.__cause__ is not None
        await asyncio.sleep(0)

    run(main())


def test_local_credentials_are_for_this_machine(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="local credentials"):
            aio.secure_channel("example.com:1", grpc.local_channel_credentials())
        server = aio.server(handlers=handlers(Show=unary(show)))
        port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
        await server.start()
        async with aio.secure_channel(f"127.0.0.1:{port}", grpc.local_channel_credentials()) as channel:
            call = channel.unary_unary(path("Show"))(b"", credentials=plugin(("authorization", "x")))
            assert await call == b"['x']"
        await server.stop(None)

    run(main())
