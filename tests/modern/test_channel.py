"""Channels: where they lead, and how they end."""

from __future__ import annotations

import socket
import threading
from typing import Iterator

import pytest

import grpc
from tests.modern.conftest import failure_of, path, serving, unary


@pytest.fixture
def refusing_port() -> Iterator[int]:
    """A port on which nothing listens, and nothing else can while the test runs."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


class TestUnreachable:
    def test_a_target_that_refuses_is_unavailable_with_the_address_in_the_details(self, refusing_port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{refusing_port}") as channel:
            error = failure_of(lambda: channel.unary_unary("/a/b")(b"", timeout=20))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert f"127.0.0.1:{refusing_port}" in error.details()
        assert "refused" in error.details()

    def test_a_host_that_does_not_exist_is_unavailable_with_its_name_in_the_details(self) -> None:
        with grpc.insecure_channel("no-such-host.invalid:50051") as channel:
            error = failure_of(lambda: channel.unary_unary("/a/b")(b"", timeout=50))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert "no-such-host.invalid:50051" in error.details()


class TestClose:
    @pytest.mark.parametrize("transport", ["inprocess", "tcp"])
    def test_closing_cancels_running_calls(self, transport: str) -> None:
        began = threading.Event()
        ended = threading.Event()

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.add_callback(ended.set)
            began.set()
            assert ended.wait(10)
            return b""

        with serving(transport, {"Wait": unary(behavior)}) as (_, channel):
            future = channel.unary_unary(path("Wait")).future(b"", timeout=20)
            assert began.wait(10)
            channel.close()
            assert future.code() is grpc.StatusCode.CANCELLED
            assert ended.wait(10)
            # Nobody has cancelled the future: who waits for it catches an RpcError, as for all else that may happen.
            assert not future.cancelled()
            with pytest.raises(grpc.RpcError, match="Channel closed"):
                future.result()

    @pytest.mark.parametrize("transport", ["inprocess", "tcp"])
    def test_a_closed_channel_refuses_calls(self, transport: str) -> None:
        with serving(transport, {"Echo": unary(lambda request, context: request)}) as (_, channel):
            call = channel.unary_unary(path("Echo"))
            channel.close()
            channel.close()
            with pytest.raises(ValueError, match="closed channel"):
                call(b"")

    def test_no_thread_is_left_after_server_and_channel_have_ended(self) -> None:
        before = set(threading.enumerate())
        with serving("tcp", {"Echo": unary(lambda request, context: request)}) as (server, channel):
            assert channel.unary_unary(path("Echo"))(b"x", timeout=10) == b"x"
            channel.close()
            server.stop(None)
            ours = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("grpc-")]
            assert ours == []


class TestNames:
    @pytest.mark.parametrize("method", ["NoSlash", "/OneSlash", "", 7, None])
    def test_a_method_that_is_not_named_as_methods_are_is_refused(self, method: object) -> None:
        with (
            grpc.insecure_channel("127.0.0.1:1") as channel,
            pytest.raises(ValueError, match=r"/package\.Service/Method"),
        ):
            channel.unary_unary(method)  # type: ignore[arg-type]

    def test_a_target_that_is_no_string_is_refused(self) -> None:
        with pytest.raises(TypeError, match="localhost:50051"):
            grpc.insecure_channel(50051)  # type: ignore[arg-type]
