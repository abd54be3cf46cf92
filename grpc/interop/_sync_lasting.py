"""The cases of many calls, on the blocking API: soaks, calls at once, calls far apart."""

from __future__ import annotations

import contextlib
import time
from typing import Callable, ContextManager, Dict, Iterator

import grpc
from grpc.interop import _connecting, _flags, _rules, _soak
from grpc.interop._rules import TIMEOUT
from grpc.interop.protos import test_pb2_grpc


def _large_unary(channel: grpc.Channel) -> None:
    response = test_pb2_grpc.TestServiceStub(channel).UnaryCall(_rules.large_request(), timeout=TIMEOUT)
    _rules.check_body(response, _rules.LARGE_RESPONSE)


def _soaked(lasting: _flags.Lasting, connected: Callable[[], ContextManager[grpc.Channel]]) -> None:
    account = _soak.Account(lasting)
    for wait in account.turns():
        time.sleep(wait)
        failure = None
        begin = time.monotonic()
        with connected() as channel:
            try:
                _large_unary(channel)
            except grpc.RpcError as error:
                failure = _soak.ended_with(error)
        account.note(begin, failure)
    account.settle()


def _rpc_soak(channel: grpc.Channel, client: _flags.Client) -> None:
    @contextlib.contextmanager
    def same() -> Iterator[grpc.Channel]:
        yield channel

    _soaked(client.lasting, same)


def _channel_soak(channel: grpc.Channel, client: _flags.Client) -> None:
    _soaked(client.lasting, lambda: _connecting.channel(client))


def _concurrent_large_unary(channel: grpc.Channel, client: _flags.Client) -> None:
    stub = test_pb2_grpc.TestServiceStub(channel)
    calls = [stub.UnaryCall.future(_rules.large_request(), timeout=TIMEOUT) for _ in range(client.lasting.concurrency)]
    for call in calls:
        _rules.check_body(call.result(), _rules.LARGE_RESPONSE)


def _long_lived_channel(channel: grpc.Channel, client: _flags.Client) -> None:
    for turn in range(client.lasting.spaced_calls):
        if turn:
            time.sleep(client.lasting.idle)
        _large_unary(channel)


CASES: Dict[str, Callable[[grpc.Channel, _flags.Client], None]] = {
    "rpc_soak": _rpc_soak,
    "channel_soak": _channel_soak,
    "concurrent_large_unary": _concurrent_large_unary,
    "long_lived_channel": _long_lived_channel,
}
