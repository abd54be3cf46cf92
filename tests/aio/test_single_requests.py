"""Methods that take one request, called by clients that send none, or two."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, AsyncIterator, Callable, Dict, List, Tuple

import hpack
import pytest
from hyperframe import frame as frames

import grpc
from grpc import aio
from tests.aio.conftest import Run, Serve, failure_of, handlers, path, unary
from tests.links import raw_peer

Context = aio.ServicerContext[Any, Any]

TWO = "the method takes exactly one request, and another one was sent"
NONE = "the method takes exactly one request, and none was sent"

SHAPES = ["unary_unary", "unary_stream"]


def make_handler(shape: str, behavior: Any) -> grpc.RpcMethodHandler:
    make: Callable[..., grpc.RpcMethodHandler] = getattr(grpc, f"{shape}_rpc_method_handler")
    return make(behavior)


async def failure_of_a_stream_to(channel: aio.Channel, shape: str, requests: List[bytes]) -> Tuple[Any, Any]:
    """Code and details of the end of a call that takes the method for one of many requests."""
    call = getattr(channel, shape.replace("unary", "stream", 1))(path("Method"))(requests)
    error = await failure_of(call if shape == "unary_unary" else call.read())
    return error.code(), error.details()


class TestTwo:
    @pytest.mark.parametrize("shape", SHAPES)
    def test_before_the_answer_are_unimplemented(self, run: Run, serve: Serve, shape: str) -> None:
        async def patient(request: bytes, context: Context) -> bytes:
            await asyncio.Event().wait()
            return request

        async def patient_stream(request: bytes, context: Context) -> AsyncIterator[bytes]:
            await asyncio.Event().wait()
            yield request

        async def main() -> None:
            behavior: Any = patient if shape == "unary_unary" else patient_stream
            async with serve(Method=make_handler(shape, behavior)) as channel:
                ended = await failure_of_a_stream_to(channel, shape, [b"1", b"2"])
                assert ended == (grpc.StatusCode.UNIMPLEMENTED, TWO)

        run(main())

    @pytest.mark.parametrize("shape", SHAPES)
    def test_before_a_plain_functions_answer_are_unimplemented(self, run: Run, serve: Serve, shape: str) -> None:
        over = threading.Event()

        def patient(request: bytes, context: grpc.ServicerContext) -> Any:
            if context.add_callback(over.set):
                over.wait(10)
            return request if shape == "unary_unary" else iter([request])

        async def main() -> None:
            async with serve(Method=make_handler(shape, patient)) as channel:
                ended = await failure_of_a_stream_to(channel, shape, [b"1", b"2"])
                assert ended == (grpc.StatusCode.UNIMPLEMENTED, TWO)

        run(main())

    def test_the_second_cancels_the_handler_that_runs(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            begun, cancelled = asyncio.Event(), asyncio.Event()

            async def patient(request: bytes, context: Context) -> bytes:
                begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    assert context.done()
                    cancelled.set()
                    raise
                return request

            async with serve(Method=unary(patient)) as channel:
                call = channel.stream_unary(path("Method"))()
                await call.write(b"1")
                await begun.wait()
                await call.write(b"2")
                error = await failure_of(call)
                assert (error.code(), error.details()) == (grpc.StatusCode.UNIMPLEMENTED, TWO)
                await cancelled.wait()

        run(main())


class TestNone:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("plain", [False, True])
    def test_is_unimplemented_and_nothing_is_called(self, run: Run, serve: Serve, shape: str, plain: bool) -> None:
        called: List[Any] = []

        async def never(request: bytes, context: Context) -> None:
            called.append(request)

        async def main() -> None:
            behavior: Any = (lambda request, context: called.append(request)) if plain else never
            async with serve(Method=make_handler(shape, behavior)) as channel:
                ended = await failure_of_a_stream_to(channel, shape, [])
                assert ended == (grpc.StatusCode.UNIMPLEMENTED, NONE)
            assert called == []

        run(main())


FIRST, SECOND = raw_peer.message(b"1"), raw_peer.message(b"2")


class _RawClient:
    """A connection on which a client says just what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._decoder = hpack.Decoder()
        self.peer = raw_peer.RawPeer()
        self.send(raw_peer.PREFACE, self.peer.settings())

    def send(self, *parts: bytes) -> None:
        """Send this in one piece, small as it is."""
        self._writer.write(b"".join(parts))

    def request(self) -> bytes:
        """A request's headers."""
        return self.peer.headers(1, [(name, path("Method") if name == ":path" else x) for name, x in raw_peer.REQUEST])

    async def ending(self) -> Tuple[List[bytes], Dict[str, str]]:
        """The messages of the answer, as they are framed, and its trailers."""
        data: List[bytes] = []
        while True:
            head = await self._reader.readexactly(9)
            frame, length = frames.Frame.parse_frame_header(memoryview(head))
            frame.parse_body(memoryview(await self._reader.readexactly(length)))
            if isinstance(frame, frames.DataFrame):
                data.append(frame.data)
            elif isinstance(frame, frames.HeadersFrame):
                fields = dict(self._decoder.decode(frame.data))
                if "END_STREAM" in frame.flags:
                    return data, fields

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def answer_to_a_raw_client(behavior: Any, talk: Callable[[_RawClient], Any]) -> Tuple[List[bytes], str, str]:
    """Messages, status and its text that a client is answered."""
    server = aio.server(handlers=handlers(Method=unary(behavior)))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    client = _RawClient(*await asyncio.open_connection("127.0.0.1", port))
    try:
        await talk(client)
        data, fields = await client.ending()
    finally:
        await client.close()
        await server.stop(None)
    return data, fields["grpc-status"], fields.get("grpc-message", "")


class TestOverTheWire:
    @pytest.mark.parametrize("frames_of_data", [(FIRST, SECOND), (FIRST + SECOND,)])
    def test_two_that_come_in_one_read_are_refused_before_anything_is_called(
        self, run: Run, frames_of_data: Tuple[bytes, ...]
    ) -> None:
        called: List[Any] = []

        async def at_once(request: bytes, context: Context) -> bytes:
            called.append(request)
            return request

        async def talk(client: _RawClient) -> None:
            client.send(client.request(), *(client.peer.data(1, data) for data in frames_of_data))

        assert run(answer_to_a_raw_client(at_once, talk)) == ([], "12", TWO)
        assert called == []

    def test_a_second_that_comes_while_the_handler_runs_is_refused(self, run: Run) -> None:
        async def main() -> Any:
            begun = asyncio.Event()

            async def patient(request: bytes, context: Context) -> bytes:
                begun.set()
                await asyncio.Event().wait()
                return request

            async def talk(client: _RawClient) -> None:
                client.send(client.request(), client.peer.data(1, FIRST))
                await begun.wait()
                client.send(client.peer.data(1, SECOND))

            return await answer_to_a_raw_client(patient, talk)

        assert run(main()) == ([], "12", TWO)

    def test_a_second_that_comes_after_the_answer_changes_nothing(self, run: Run) -> None:
        async def main() -> Any:
            answered = asyncio.Event()

            async def at_once(request: bytes, context: Context) -> bytes:
                context.add_done_callback(lambda _: answered.set())
                return request

            async def talk(client: _RawClient) -> None:
                client.send(client.request(), client.peer.data(1, FIRST))
                await answered.wait()
                client.send(client.peer.data(1, SECOND))

            return await answer_to_a_raw_client(at_once, talk)

        assert run(main()) == ([FIRST], "0", "")

    def test_one_that_is_not_said_to_be_the_last_is_answered(self, run: Run) -> None:
        async def at_once(request: bytes, context: Context) -> bytes:
            return request

        async def talk(client: _RawClient) -> None:
            client.send(client.request(), client.peer.data(1, FIRST))

        assert run(answer_to_a_raw_client(at_once, talk)) == ([FIRST], "0", "")
