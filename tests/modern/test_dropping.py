"""Calls, channels and servers that nobody refers to any more."""

from __future__ import annotations

import gc
import queue
import threading
from concurrent import futures
from typing import Any, Callable, Iterator

import pytest

import grpc
from tests.modern.conftest import SERVICE, path, unary

TIMEOUT = 10.0

Serve = Callable[..., grpc.Channel]


class _Held:
    """A unary and a streaming method that wait for the end of their calls."""

    def __init__(self) -> None:
        self.begun: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.ended: queue.SimpleQueue[str] = queue.SimpleQueue()

    def _hold(self, context: grpc.ServicerContext) -> None:
        over = threading.Event()
        context.add_callback(over.set)
        self.begun.put("begun")
        over.wait(TIMEOUT)
        self.ended.put("ended")

    def unary(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Wait."""
        self._hold(context)
        return b""

    def stream(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Wait before the first response."""
        self._hold(context)
        yield b""


@pytest.mark.parametrize("make", ["future", "stream"])
def test_a_call_that_is_dropped_is_cancelled(serve: Serve, make: str) -> None:
    held = _Held()
    channel = serve(Unary=unary(held.unary), Stream=grpc.unary_stream_rpc_method_handler(held.stream))
    call: Any
    if make == "future":
        call = channel.unary_unary(path("Unary")).future(b"")
    else:
        call = channel.unary_stream(path("Stream"))(b"")
    held.begun.get(timeout=TIMEOUT)
    assert call.is_active()
    del call
    held.ended.get(timeout=TIMEOUT)


def test_a_call_with_a_done_callback_goes_on(serve: Serve) -> None:
    go_on = threading.Event()

    def wait(request: bytes, context: grpc.ServicerContext) -> bytes:
        go_on.wait(TIMEOUT)
        return request

    said: queue.SimpleQueue[Any] = queue.SimpleQueue()
    serve(Wait=unary(wait)).unary_unary(path("Wait")).future(b"x").add_done_callback(
        lambda call: said.put(call.result())
    )
    gc.collect()
    go_on.set()
    assert said.get(timeout=TIMEOUT) == b"x"


def test_a_dropped_channel_closes_once_its_last_call_has_ended() -> None:
    go_on = threading.Event()

    def wait(request: bytes, context: grpc.ServicerContext) -> bytes:
        go_on.wait(TIMEOUT)
        return request

    handlers = grpc.method_handlers_generic_handler(SERVICE, {"Wait": unary(wait)})
    with futures.ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool, [handlers])
        server.start()
        states: queue.SimpleQueue[grpc.ChannelConnectivity] = queue.SimpleQueue()
        channel = grpc.inprocess_channel(server)
        channel.subscribe(states.put)
        call = channel.unary_unary(path("Wait")).future(b"x")
        del channel
        assert states.get(timeout=TIMEOUT) is grpc.ChannelConnectivity.READY
        go_on.set()
        assert call.result(TIMEOUT) == b"x"
        assert states.get(timeout=TIMEOUT) is grpc.ChannelConnectivity.SHUTDOWN
        server.stop(None)


def test_a_server_forgets_the_channels_in_memory_that_were_closed() -> None:
    with futures.ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        server.start()
        before = len(server.side._ends)
        for _ in range(3):
            grpc.inprocess_channel(server).close()
        assert len(server.side._ends) == before
        server.stop(None)


def test_a_dropped_server_finishes_its_calls_and_refuses_others() -> None:
    go_on, reached = threading.Event(), threading.Event()

    def wait(request: bytes, context: grpc.ServicerContext) -> bytes:
        reached.set()
        go_on.wait(TIMEOUT)
        return request

    handlers = grpc.method_handlers_generic_handler(SERVICE, {"Wait": unary(wait)})
    with futures.ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool, [handlers])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        stopped = server.side.stopped
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary(path("Wait")).future(b"x")
            assert reached.wait(TIMEOUT)
            del server
            gc.collect()
            go_on.set()
            assert call.result(TIMEOUT) == b"x"
            assert stopped.wait(TIMEOUT)


def test_a_server_that_could_not_be_made_has_nothing_to_stop() -> None:
    with futures.ThreadPoolExecutor(1) as pool, pytest.raises(TypeError, match="max_receive_message_length"):
        grpc.server(pool, options=[("grpc.max_receive_message_length", "many")])
    gc.collect()
