"""The future of a channel's readiness, and what a channel tells of its connection."""

from __future__ import annotations

import threading
from typing import Any, Callable

import pytest

from grpc.beta import implementations, interfaces, utilities
from grpc.framework.foundation import future
from tests.beta.conftest import TIMEOUT

State = interfaces.ChannelConnectivity
Serve = Callable[..., implementations.Channel]


def test_it_is_over_when_the_channel_is_ready(serve: Serve) -> None:
    ready = utilities.channel_ready_future(serve())
    assert ready.result(TIMEOUT) is None
    assert (ready.done(), ready.running(), ready.cancelled(), ready.cancel()) == (True, False, False, False)
    assert (ready.exception(TIMEOUT), ready.traceback(TIMEOUT)) == (None, None)


def test_callbacks_are_called_once_before_and_after(serve: Serve) -> None:
    called = threading.Event()
    ready = utilities.channel_ready_future(serve())
    ready.add_done_callback(lambda _: called.set())
    assert called.wait(TIMEOUT)
    later: list[Any] = []
    ready.result(TIMEOUT)
    ready.add_done_callback(later.append)
    assert later == [ready]


@pytest.mark.parametrize(
    "end", [lambda channel, ready: channel.subscriber(State.READY), lambda _, ready: ready.cancel()]
)
def test_it_listens_to_the_channel_until_it_is_over(end: Any) -> None:
    class Channel:
        subscriber: Any = None

        def subscribe(self, callback: Any, try_to_connect: bool) -> None:
            assert try_to_connect
            self.subscriber = callback

        def unsubscribe(self, callback: Any) -> None:
            assert callback == self.subscriber
            self.subscriber = None

    channel: Any = Channel()
    ready = utilities.channel_ready_future(channel)
    channel.subscriber(State.CONNECTING)
    assert not ready.done()
    end(channel, ready)
    assert ready.done()
    assert channel.subscriber is None


def test_it_can_be_cancelled() -> None:
    with implementations.insecure_channel("127.0.0.1", 1) as channel:
        ready = utilities.channel_ready_future(channel)
        with pytest.raises(future.TimeoutError):
            ready.result(0)
        done: list[Any] = []
        ready.add_done_callback(done.append)
        assert ready.cancel()
        assert done == [ready]
        assert (ready.done(), ready.cancelled(), ready.cancel()) == (True, True, True)
        with pytest.raises(future.CancelledError):
            ready.result(TIMEOUT)


def test_a_callback_that_raises_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Any) -> None:
        raise KeyError("lost")

    ready = utilities.channel_ready_future(serve())
    ready.result(TIMEOUT)
    ready.add_done_callback(fail)
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_subscriber_is_told_of_the_connection(serve: Serve, transport: str) -> None:
    states: list[Any] = []
    ready = threading.Event()

    def note(state: Any) -> None:
        states.append(state)
        if state is State.READY:
            ready.set()

    channel = serve()
    channel.subscribe(note, try_to_connect=True)
    assert ready.wait(TIMEOUT)
    assert states[0] is (State.READY if transport == "inprocess" else State.IDLE)
    channel.unsubscribe(note)
    channel.unsubscribe(note)


def test_a_subscriber_can_be_called(serve: Serve) -> None:
    with pytest.raises(TypeError, match="callable"):
        serve().subscribe(None)  # type: ignore[arg-type]


def test_a_closed_channel_has_no_subscribers(serve: Serve) -> None:
    channel = serve()
    channel.close()
    with pytest.raises(ValueError, match="closed"):
        channel.subscribe(print)
    assert repr(channel).endswith(", closed>")
