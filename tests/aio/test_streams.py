"""Calls with many requests or many responses, in both styles, over every transport."""

from __future__ import annotations

import asyncio
import gc
from typing import Any, AsyncIterator, List

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, Serve, failure_of, path, settled

Context = aio.ServicerContext[Any, Any]


async def count(request: bytes, context: Context) -> AsyncIterator[bytes]:
    for number in range(int(request)):
        yield b"%d" % number


async def join(requests: AsyncIterator[bytes], context: Context) -> bytes:
    return b",".join([request async for request in requests])


async def echo(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


METHODS = {
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Echo": grpc.stream_stream_rpc_method_handler(echo),
}


def numbers(end: int) -> List[bytes]:
    return [b"%d" % number for number in range(end)]


async def each(values: List[bytes]) -> AsyncIterator[bytes]:
    for value in values:
        yield value


class TestResponses:
    @pytest.mark.parametrize("number", [0, 1, 2, 1000])
    def test_all_are_iterated_over_in_order(self, run: Run, serve: Serve, number: int) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.unary_stream(path("Count"))(b"%d" % number)
                assert [response async for response in call] == numbers(number)
                assert await call.code() is grpc.StatusCode.OK

        run(main())

    @pytest.mark.parametrize("number", [0, 1, 300])
    def test_all_are_read_in_order_and_then_the_end(self, run: Run, serve: Serve, number: int) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.unary_stream(path("Count"))(b"%d" % number)
                assert [await call.read() for _ in range(number)] == numbers(number)
                assert await call.read() is aio.EOF
                assert await call.read() is aio.EOF

        run(main())

    def test_the_two_styles_may_not_be_mixed(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.unary_stream(path("Count"))(b"3")
                assert await call.read() == b"0"
                with pytest.raises(aio.UsageError, match="one style"):
                    call.__aiter__()
                assert await call.read() == b"1"
                other = channel.unary_stream(path("Count"))(b"3")
                async for _ in other:
                    with pytest.raises(aio.UsageError, match="one style"):
                        await other.read()

        run(main())

    def test_those_before_a_failure_arrive(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> AsyncIterator[bytes]:
            yield b"one"
            await context.abort(grpc.StatusCode.ABORTED, "no more")

        async def main() -> None:
            async with serve(Some=grpc.unary_stream_rpc_method_handler(behavior)) as channel:
                call = channel.unary_stream(path("Some"))(b"")
                assert await call.read() == b"one"
                for _ in range(2):
                    error = await failure_of(call.read())
                    assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "no more")

        run(main())

    def test_cancelling_the_reading_task_cancels_the_call(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            ended = asyncio.Event()

            async def behavior(request: bytes, context: Context) -> AsyncIterator[bytes]:
                try:
                    yield b"one"
                    await asyncio.Event().wait()
                finally:
                    ended.set()

            async with serve(Hang=grpc.unary_stream_rpc_method_handler(behavior)) as channel:
                call = channel.unary_stream(path("Hang"))(b"")
                assert await call.read() == b"one"
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(call.read(), 0.02)
                assert call.cancelled()
                with pytest.raises(asyncio.CancelledError):
                    await call.read()
                await ended.wait()

        run(main())

    def test_a_call_that_is_dropped_is_cancelled(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            ended = asyncio.Event()

            async def behavior(request: bytes, context: Context) -> AsyncIterator[bytes]:
                try:
                    while True:
                        yield b"more"
                finally:
                    ended.set()

            async with serve(Endless=grpc.unary_stream_rpc_method_handler(behavior)) as channel:
                async for _ in channel.unary_stream(path("Endless"))(b""):
                    break
                gc.collect()
                await ended.wait()

        run(main())

    def test_one_that_cannot_be_deserialized_ends_the_call(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.unary_stream(path("Count"), response_deserializer=lambda data: 1 // int(data))(b"5")
                error = await failure_of(call.read())
                assert error.code() is grpc.StatusCode.INTERNAL
                assert call.done()

        run(main())


class TestRequests:
    @pytest.mark.parametrize("number", [0, 1, 2, 1000])
    @pytest.mark.parametrize("style", ["plain", "asynchronous", "written"])
    def test_all_arrive_in_order(self, run: Run, serve: Serve, number: int, style: str) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                multi_callable = channel.stream_unary(path("Join"))
                if style == "written":
                    call = multi_callable()
                    for request in numbers(number):
                        await call.write(request)
                    await call.done_writing()
                    await call.done_writing()
                else:
                    call = multi_callable(numbers(number) if style == "plain" else each(numbers(number)))
                assert await call == b",".join(numbers(number))

        run(main())

    def test_a_call_with_an_iterator_cannot_be_written_to(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.stream_unary(path("Join"))([b"a"])
                with pytest.raises(aio.UsageError, match="iterator of requests"):
                    await call.write(b"b")
                with pytest.raises(aio.UsageError, match="iterator of requests"):
                    await call.done_writing()
                assert await call == b"a"

        run(main())

    def test_what_is_no_iterator_is_refused(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                with pytest.raises(TypeError, match="takes an iterator"):
                    channel.stream_unary(path("Join"))(5)

        run(main())

    def test_nothing_can_be_written_after_the_end(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.stream_unary(path("Join"))()
                await call.done_writing()
                with pytest.raises(asyncio.InvalidStateError, match="done_writing"):
                    await call.write(b"late")
                await call
                with pytest.raises(asyncio.InvalidStateError, match="has ended"):
                    await call.write(b"later")
                cancelled = channel.stream_unary(path("Join"))()
                cancelled.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await cancelled.write(b"x")

        run(main())

    def test_writing_to_a_call_that_failed_raises_its_error(self, run: Run, serve: Serve) -> None:
        async def behavior(requests: AsyncIterator[bytes], context: Context) -> bytes:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "full")
            return b""

        async def main() -> None:
            async with serve(Fail=grpc.stream_unary_rpc_method_handler(behavior)) as channel:
                call = channel.stream_unary(path("Fail"))()
                await call.code()
                assert (await failure_of(call.write(b"x"))).details() == "full"

        run(main())

    @pytest.mark.parametrize("asynchronous", [True, False])
    def test_an_iterator_that_raises_ends_the_call_with_its_text(
        self, run: Run, serve: Serve, asynchronous: bool
    ) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"a"
            raise KeyError("no more requests")

        def plainly_broken() -> Any:
            yield b"a"
            raise KeyError("no more requests")

        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.stream_unary(path("Join"))(broken() if asynchronous else plainly_broken())
                error = await failure_of(call)
                assert error.code() is grpc.StatusCode.UNKNOWN
                assert error.details() == "Exception iterating requests! 'no more requests'"
                assert isinstance(error.__cause__, KeyError)
                assert not call.cancelled()

        run(main())

    def test_a_request_that_cannot_be_serialized_is_internal(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                error = await failure_of(channel.stream_unary(path("Join"), request_serializer=bytes.fromhex)(["zz"]))
                assert error.code() is grpc.StatusCode.INTERNAL
                error = await failure_of(channel.stream_unary(path("Join"))([1]))
                assert error.code() is grpc.StatusCode.INTERNAL

        run(main())

    def test_an_iterator_ends_with_the_call(self, run: Run, serve: Serve) -> None:
        async def first(requests: AsyncIterator[bytes], context: Context) -> bytes:
            return await requests.__anext__()

        async def main() -> None:
            closed = asyncio.Event()

            async def requests() -> AsyncIterator[bytes]:
                try:
                    yield b"first"
                    await asyncio.Event().wait()
                finally:
                    closed.set()

            async with serve(First=grpc.stream_unary_rpc_method_handler(first)) as channel:
                assert await channel.stream_unary(path("First"))(requests()) == b"first"
                await closed.wait()

        run(main())

    def test_an_iterator_that_is_not_exhausted_cleans_up_in_its_own_task(self, run: Run, serve: Serve) -> None:
        async def deaf(requests: AsyncIterator[bytes], context: Context) -> bytes:
            await asyncio.Event().wait()
            return b""

        async def main() -> None:
            tasks: List[Any] = []
            closed = asyncio.Event()

            async def requests() -> AsyncIterator[bytes]:
                tasks.append(asyncio.current_task())
                try:
                    while True:
                        yield bytes(1 << 16)
                finally:
                    tasks.append(asyncio.current_task())
                    closed.set()

            async with serve(Deaf=grpc.stream_unary_rpc_method_handler(deaf)) as channel:
                call = channel.stream_unary(path("Deaf"))(requests())
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(call, 0.05)
                await closed.wait()
            assert tasks[0] is tasks[1]

        run(main())

    def test_cancelling_a_write_cancels_the_call(self, run: Run, serve: Serve) -> None:
        async def deaf(requests: AsyncIterator[bytes], context: Context) -> bytes:
            await asyncio.Event().wait()
            return b""

        async def main() -> None:
            async with serve(Deaf=grpc.stream_unary_rpc_method_handler(deaf)) as channel:
                call = channel.stream_unary(path("Deaf"))()

                async def write_for_ever() -> None:
                    while True:
                        await call.write(bytes(1 << 16))

                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(write_for_ever(), 0.2)
                assert call.cancelled()

        run(main())


class TestBothWays:
    @pytest.mark.parametrize("number", [0, 1, 1000])
    def test_both_streams_flow(self, run: Run, serve: Serve, number: int) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.stream_stream(path("Echo"))(each(numbers(number)))
                assert [response async for response in call] == numbers(number)

        run(main())

    def test_a_conversation_takes_turns(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.stream_stream(path("Echo"))()
                for number in numbers(5):
                    await call.write(number)
                    assert await call.read() == number
                await call.done_writing()
                assert await call.read() is aio.EOF

        run(main())

    def test_a_handler_may_read_and_write(self, run: Run, serve: Serve) -> None:
        async def behavior(requests: Any, context: Context) -> None:
            while True:
                request = await context.read()
                if request is aio.EOF:
                    break
                await context.write(request + b"!")

        async def main() -> None:
            async with serve(Talk=grpc.stream_stream_rpc_method_handler(behavior)) as channel:
                call = channel.stream_stream(path("Talk"))([b"a", b"b"])
                assert [response async for response in call] == [b"a!", b"b!"]

        run(main())

    def test_large_messages_flow_in_both_directions(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                requests = [bytes([number]) * (3 << 20) for number in range(4)]
                call = channel.stream_stream(path("Echo"))(requests)
                assert [response async for response in call] == requests

        run(main())

    def test_several_tasks_may_write(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(**METHODS) as channel:
                call = channel.stream_stream(path("Echo"))()

                async def write(number: int) -> None:
                    for _ in range(50):
                        await call.write(b"%d" % number + bytes(5000))

                async def write_all() -> None:
                    await asyncio.gather(*map(write, range(4)))
                    await call.done_writing()

                writing = asyncio.ensure_future(write_all())
                heard = [response async for response in call]
                await writing
                assert sorted(response[:1] for response in heard) == sorted([b"0", b"1", b"2", b"3"] * 50)

        run(main())


class TestBackpressure:
    """What is under way is bounded: by windows over HTTP/2, by grants in memory."""

    SIZE = 1 << 16
    MOST = 512  # of them: 32 MiB, far less than what would be sent in the time without a bound

    def test_a_writer_waits_for_a_server_that_does_not_read(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            release = asyncio.Event()

            async def late(requests: AsyncIterator[bytes], context: Context) -> bytes:
                await release.wait()
                return b"%d" % len([0 async for _ in requests])

            async with serve(Late=grpc.stream_unary_rpc_method_handler(late)) as channel:
                call = channel.stream_unary(path("Late"))()
                written = 0

                async def write() -> None:
                    nonlocal written
                    for _ in range(self.MOST):
                        await call.write(bytes(self.SIZE))
                        written += 1
                    await call.done_writing()

                writing = asyncio.ensure_future(write())
                stuck = await settled(lambda: written)
                assert 0 < stuck < self.MOST
                release.set()
                assert await call == b"%d" % self.MOST
                await writing

        run(main())

    def test_an_iterator_of_requests_is_not_drawn_from_ahead(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            release = asyncio.Event()
            drawn = 0

            async def late(requests: AsyncIterator[bytes], context: Context) -> bytes:
                await release.wait()
                return b"%d" % len([0 async for _ in requests])

            async def requests() -> AsyncIterator[bytes]:
                nonlocal drawn
                for _ in range(self.MOST):
                    drawn += 1
                    yield bytes(self.SIZE)

            async with serve(Late=grpc.stream_unary_rpc_method_handler(late)) as channel:
                call = channel.stream_unary(path("Late"))(requests())
                assert 0 < await settled(lambda: drawn) < self.MOST
                release.set()
                assert await call == b"%d" % self.MOST

        run(main())

    @pytest.mark.parametrize("style", ["yields", "writes"])
    def test_a_handler_waits_for_a_client_that_does_not_read(self, run: Run, serve: Serve, style: str) -> None:
        async def main() -> None:
            sent = 0

            async def yields(request: bytes, context: Context) -> AsyncIterator[bytes]:
                nonlocal sent
                for _ in range(self.MOST):
                    sent += 1
                    yield bytes(self.SIZE)

            async def writes(request: bytes, context: Context) -> None:
                nonlocal sent
                for _ in range(self.MOST):
                    sent += 1
                    await context.write(bytes(self.SIZE))

            behavior: Any = yields if style == "yields" else writes
            async with serve(Flood=grpc.unary_stream_rpc_method_handler(behavior)) as channel:
                call = channel.unary_stream(path("Flood"))(b"")
                await call.read()
                assert 1 < await settled(lambda: sent) < self.MOST
                for _ in range(self.MOST - 1):
                    await call.read()
                assert await call.read() is aio.EOF

        run(main())
