"""Calls that the service config has tried again, over real sockets: one success for the caller, several attempts for
the server, and none while the channel is throttled."""

from __future__ import annotations

import contextlib
import json
import logging
from concurrent import futures
from typing import Any, Callable, Iterator, List, Optional, Tuple

import pytest

import grpc
from tests.modern.conftest import SERVICE, failure_of, path, unary

_RETRY = {
    "name": [{"service": SERVICE}],
    "retryPolicy": {
        "maxAttempts": 3,
        "initialBackoff": "0.001s",
        "maxBackoff": "0.002s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    },
}


class _Unreliable:
    """A handler that fails as often as it is told, and then answers."""

    def __init__(self, failures: int) -> None:
        self._failures = failures
        # What each attempt said of those before it.
        self.attempts: List[Optional[str]] = []

    def __call__(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        metadata: Any = dict(context.invocation_metadata())
        self.attempts.append(metadata.get("grpc-previous-rpc-attempts"))
        if len(self.attempts) <= self._failures:
            context.abort(grpc.StatusCode.UNAVAILABLE, f"failure {len(self.attempts)}")
        return b"answer to " + request


_Connect = Callable[..., grpc.Channel]


@pytest.fixture
def connect() -> Iterator[_Connect]:
    """Serves a handler as `Do`, and gives a channel to it that has a service config."""
    with contextlib.ExitStack() as stack:

        def start(handler: Any, **config: Any) -> grpc.Channel:
            server = grpc.server(stack.enter_context(futures.ThreadPoolExecutor(max_workers=2)))
            server.add_generic_rpc_handlers(
                [grpc.method_handlers_generic_handler(SERVICE, {"Do": unary(handler), "Stream": _streaming(handler)})]
            )
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            stack.callback(lambda: server.stop(None).wait())
            options: Tuple[Tuple[str, Any], ...] = (("grpc.service_config", json.dumps(config)),)
            channel: grpc.Channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
            stack.enter_context(channel)
            return channel

        yield start


def _streaming(handler: Any) -> grpc.RpcMethodHandler:
    return grpc.stream_unary_rpc_method_handler(lambda requests, context: handler(b" ".join(requests), context))


@pytest.fixture(autouse=True)
def _no_log_of_aborts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "grpc")


def test_the_caller_sees_one_success_and_the_server_three_attempts(connect: _Connect) -> None:
    handler = _Unreliable(2)
    channel = connect(handler, methodConfig=[_RETRY])
    response, call = channel.unary_unary(path("Do")).with_call(b"you", timeout=10)
    assert (response, call.code()) == (b"answer to you", grpc.StatusCode.OK)
    assert handler.attempts == [None, "1", "2"]


def test_the_requests_of_an_iterator_are_said_again(connect: _Connect) -> None:
    handler = _Unreliable(2)
    channel = connect(handler, methodConfig=[_RETRY])
    assert channel.stream_unary(path("Stream"))(iter([b"a", b"b", b"c"]), timeout=10) == b"answer to a b c"
    assert handler.attempts == [None, "1", "2"]


def test_the_caller_sees_the_failure_of_the_last_attempt(connect: _Connect) -> None:
    handler = _Unreliable(3)
    channel = connect(handler, methodConfig=[_RETRY])
    error = failure_of(lambda: channel.unary_unary(path("Do"))(b"you", timeout=10))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAVAILABLE, "failure 3")


def test_a_throttled_channel_makes_one_attempt(connect: _Connect) -> None:
    handler = _Unreliable(2)
    channel = connect(handler, methodConfig=[_RETRY], retryThrottling={"maxTokens": 2, "tokenRatio": 0.1})
    error = failure_of(lambda: channel.unary_unary(path("Do"))(b"you", timeout=10))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNAVAILABLE, "failure 1")
    assert handler.attempts == [None]
