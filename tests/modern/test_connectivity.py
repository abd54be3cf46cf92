"""What a channel tells of its connection."""

from __future__ import annotations

import queue
import threading
from typing import Any, List

import pytest

import grpc
from tests.modern.conftest import path, serving, unary

_State = grpc.ChannelConnectivity


def test_states_are_told_in_order_from_idle_to_shutdown() -> None:
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with serving("tcp", {"Echo": unary(lambda request, context: request)}) as (_, channel):
        channel.subscribe(told.put)
        assert told.get(timeout=10) is _State.IDLE
        assert channel.unary_unary(path("Echo"))(b"x", timeout=10) == b"x"
        assert [told.get(timeout=10) for _ in range(2)] == [_State.CONNECTING, _State.READY]
        channel.close()
        assert told.get(timeout=10) is _State.SHUTDOWN


def test_a_subscriber_may_have_the_channel_connect() -> None:
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    with serving("tcp", {}) as (_, channel):
        channel.subscribe(told.put, try_to_connect=True)
        states = []
        while not states or states[-1] is not _State.READY:
            states.append(told.get(timeout=10))


def test_who_has_unsubscribed_is_told_no_more() -> None:
    told: List[Any] = []
    first = threading.Event()

    def note(state: Any) -> None:
        told.append(state)
        first.set()

    with serving("tcp", {}) as (_, channel):
        channel.subscribe(note)
        assert first.wait(10)
        channel.unsubscribe(note)
        channel.unsubscribe(note)
        grpc.channel_ready_future(channel).result(timeout=10)
    assert told == [_State.IDLE]


class TestReadyFuture:
    def test_it_is_over_when_the_channel_is_ready(self, transport: str) -> None:
        done = threading.Event()
        with serving(transport, {}) as (_, channel):
            future = grpc.channel_ready_future(channel)
            future.add_done_callback(lambda _: done.set())
            assert future.result(timeout=10) is None
            assert done.wait(10)
            assert future.done()
            assert not future.cancelled()

    def test_it_waits_no_longer_than_it_is_told_to(self) -> None:
        with grpc.insecure_channel("127.0.0.1:1") as channel:
            future = grpc.channel_ready_future(channel)
            with pytest.raises(grpc.FutureTimeoutError):
                future.result(timeout=0.05)
            assert future.running()
            assert future.cancel()
            assert future.cancelled()
            with pytest.raises(grpc.FutureCancelledError):
                future.result()
