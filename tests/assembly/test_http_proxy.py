"""Channels that go through an HTTP proxy, of both APIs, down to the sockets."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent import futures
from typing import Any, Callable, Iterator, List, Tuple

import pytest

import grpc
from grpc import aio
from tests.io.loopback_proxy import LoopbackProxy
from tests.modern.conftest import authority, failure_of, identity

# A name that no name service knows: only the proxy may be asked for it.
NAME = "service.invalid"
TARGET = f"{NAME}:8443"

Options = List[Tuple[str, Any]]
Answer = Callable[[str, bool, Options], Tuple[bytes, str]]


@pytest.fixture
def ports() -> Iterator[Tuple[int, int]]:
    """A server that echoes, on a plaintext port and on one that shows a certificate for `NAME`."""
    echo = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("tests.Service", {"Echo": echo})])
        plain = server.add_insecure_port("127.0.0.1:0")
        secure = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([identity(NAME)]))
        server.start()
        yield plain, secure
        server.stop(None).wait()


def _credentials() -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(authority().cert_pem.bytes())


def _with_threads(target: str, secure: bool, options: Options) -> bytes:
    with (
        grpc.secure_channel(target, _credentials(), options) if secure else grpc.insecure_channel(target, options)
    ) as channel:
        answer: bytes = channel.unary_unary("/tests.Service/Echo")(b"x", timeout=20)
        return answer


def _on_a_loop(target: str, secure: bool, options: Options) -> bytes:
    async def call() -> bytes:
        channel = aio.secure_channel(target, _credentials(), options) if secure else aio.insecure_channel(
            target, options
        )
        async with channel:
            answer: bytes = await channel.unary_unary("/tests.Service/Echo")(b"x", timeout=20)
            return answer

    return asyncio.run(call())


@pytest.fixture(params=[_with_threads, _on_a_loop], ids=["threads", "asyncio"])
def call(request: pytest.FixtureRequest) -> Any:
    """Makes a channel, one call on it, and gives its answer."""
    return request.param


@pytest.mark.parametrize("secure", [False, True], ids=["plaintext", "tls"])
@pytest.mark.parametrize("named_by", ["argument", "grpc_proxy", "https_proxy", "http_proxy"])
def test_a_call_goes_through_the_proxy_that_is_named(
    call: Any, ports: Tuple[int, int], secure: bool, named_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LoopbackProxy({TARGET: ports[secure]}) as proxy:
        uri = f"http://user:pass@127.0.0.1:{proxy.port}"
        options = []
        if named_by == "argument":
            options.append(("grpc.http_proxy", uri))
        else:
            monkeypatch.setenv(named_by, uri)
        assert call(TARGET, secure, options) == b"x"
    assert proxy.asked_for == [TARGET]
    assert b"\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n" in proxy.heads[0]


def test_a_proxy_of_the_environment_can_be_switched_off(
    call: Any, ports: Tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with LoopbackProxy() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert call(f"127.0.0.1:{ports[0]}", False, [("grpc.enable_http_proxy", 0)]) == b"x"
    assert proxy.heads == []


@pytest.mark.parametrize("variable", ["no_grpc_proxy", "no_proxy"])
def test_an_exception_is_connected_to_directly(
    call: Any, ports: Tuple[int, int], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LoopbackProxy() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv(variable, "example.com,127.0.0.1")
        assert call(f"127.0.0.1:{ports[0]}", False, []) == b"x"
    assert proxy.heads == []


def test_a_refusal_is_unavailable_with_the_proxys_status_line(call: Any) -> None:
    with LoopbackProxy(answer=b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as proxy:
        error = failure_of(lambda: call(TARGET, False, [("grpc.http_proxy", f"http://127.0.0.1:{proxy.port}")]))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert error.details() == (
        f"failed to connect to '{TARGET}': ipv4:127.0.0.1:{proxy.port}: the proxy does not connect to {TARGET}: "
        "HTTP/1.1 407 Proxy Authentication Required"
    )


def test_an_argument_that_names_no_proxy_is_refused_when_the_channel_is_made() -> None:
    with pytest.raises(ValueError, match=r"'grpc\.http_proxy' names no proxy"):
        grpc.insecure_channel(TARGET, [("grpc.http_proxy", "ftp://127.0.0.1:1")])


def test_what_an_http1_server_answers_through_a_proxy_is_recognised(call: Any) -> None:
    with contextlib.ExitStack() as stack:
        web = stack.enter_context(LoopbackProxy(answer=b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        proxy = stack.enter_context(LoopbackProxy({TARGET: web.port}))
        error = failure_of(lambda: call(TARGET, False, [("grpc.http_proxy", f"http://127.0.0.1:{proxy.port}")]))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert error.details().endswith("does not speak HTTP/2: the first that it said is b'HTTP/1.1 400 Bad Request'")
