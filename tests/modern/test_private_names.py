"""The private names of grpcio that other people's packages reach for: what they catch, and what they are."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any, Callable, Iterator, List

import pytest

import grpc
from grpc import _channel, _interceptor
from tests.modern.conftest import failure_of, path, unary

Serve = Callable[..., grpc.Channel]


def _refuse(request: bytes, context: grpc.ServicerContext) -> bytes:
    context.abort(grpc.StatusCode.ABORTED, "no")
    return b""


def _break_off(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    yield b"one"
    context.abort(grpc.StatusCode.ABORTED, "no more")


class TestWhatIsCaught:
    def test_a_blocking_call_raises_an_inactive_error_and_no_rendezvous(self, serve: Serve) -> None:
        error = failure_of(lambda: serve(Refuse=unary(_refuse)).unary_unary(path("Refuse"))(b"", timeout=10))
        assert isinstance(error, _channel._InactiveRpcError)
        assert not isinstance(error, _channel._Rendezvous)

    def test_a_stream_that_breaks_off_raises_a_rendezvous(self, serve: Serve) -> None:
        stream = serve(Count=grpc.unary_stream_rpc_method_handler(_break_off)).unary_stream(path("Count"))
        error = failure_of(lambda: list(stream(b"", timeout=10)))
        assert isinstance(error, _channel._MultiThreadedRendezvous)
        assert isinstance(error, _channel._Rendezvous)
        assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "no more")

    def test_a_response_that_cannot_be_read_is_a_rendezvous(self, serve: Serve) -> None:
        stream = serve(Count=grpc.unary_stream_rpc_method_handler(_break_off)).unary_stream(
            path("Count"), response_deserializer=int
        )
        error = failure_of(lambda: list(stream(b"", timeout=10)))
        assert isinstance(error, _channel._Rendezvous)
        assert error.code() is grpc.StatusCode.INTERNAL

    def test_a_future_raises_a_rendezvous_and_is_one(self, serve: Serve) -> None:
        call = serve(Refuse=unary(_refuse)).unary_unary(path("Refuse")).future(b"", timeout=10)
        assert isinstance(call, _channel._MultiThreadedRendezvous)
        assert isinstance(failure_of(call.result), _channel._MultiThreadedRendezvous)

    def test_a_stream_is_a_rendezvous(self, serve: Serve) -> None:
        channel = serve(Count=grpc.unary_stream_rpc_method_handler(_break_off))
        call = channel.unary_stream(path("Count"))(b"", timeout=10)
        assert isinstance(call, _channel._MultiThreadedRendezvous)
        assert next(call) == b"one"
        call.cancel()


class TestTheStateOfAContext:
    def test_it_tells_what_the_handler_has_said(self, serve: Serve) -> None:
        seen: List[Any] = []

        def refuse(request: bytes, context: Any) -> bytes:
            seen.append(context._state)
            context.set_trailing_metadata((("why", "because"),))
            try:
                context.abort(grpc.StatusCode.ABORTED, "no")
            finally:
                seen.append(context._state)
            return b""

        failure_of(lambda: serve(Refuse=unary(refuse)).unary_unary(path("Refuse"))(b"", timeout=10))
        before, after = seen
        assert (before.client, before.code, before.details, before.aborted) == ("open", None, None, False)
        assert (after.client, after.code, after.details, after.aborted) == (
            "open", grpc.StatusCode.ABORTED, "no", True,
        )  # fmt: skip
        assert tuple(after.trailing_metadata) == (("why", "because"),)

    def test_it_tells_that_the_client_has_cancelled(self, serve: Serve) -> None:
        begun, over = threading.Event(), threading.Event()
        seen: List[str] = []

        def wait(request: bytes, context: Any) -> bytes:
            ended = threading.Event()
            context.add_callback(ended.set)
            begun.set()
            ended.wait(10)
            seen.append(context._state.client)
            over.set()
            return b""

        call = serve(Wait=unary(wait)).unary_unary(path("Wait")).future(b"", timeout=10)
        assert begun.wait(10)
        call.cancel()
        assert over.wait(10)
        assert seen == ["cancelled"]


class TestInterceptors:
    def test_details_are_made_of_the_six_fields(self, serve: Serve) -> None:
        class Tagging(grpc.UnaryUnaryClientInterceptor):
            def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                details = _interceptor._ClientCallDetails(
                    method=client_call_details.method,
                    timeout=client_call_details.timeout,
                    metadata=[("tag", "more")],
                    credentials=client_call_details.credentials,
                    wait_for_ready=client_call_details.wait_for_ready,
                    compression=client_call_details.compression,
                )
                assert isinstance(details, type(client_call_details))
                outcome = continuation(details, request)
                assert isinstance(outcome, _interceptor._UnaryOutcome)
                return outcome

        def tags(request: bytes, context: grpc.ServicerContext) -> bytes:
            return dict(context.invocation_metadata())["tag"].encode()

        channel = grpc.intercept_channel(serve(Tags=unary(tags)), Tagging())
        assert channel.unary_unary(path("Tags"))(b"", timeout=10) == b"more"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["grpc._channel._Rendezvous", "grpc._channel._InactiveRpcError", "grpc._interceptor._ClientCallDetails"],
)
def test_the_names_are_there_once_grpc_is_imported(name: str) -> None:
    subprocess.run([sys.executable, "-c", f"import grpc; {name}"], check=True)
