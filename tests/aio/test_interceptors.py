"""Interceptors of clients and servers."""

from __future__ import annotations

import asyncio
import gc
from typing import Any, AsyncIterator, List

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, Serve, failure_of, path, unary

Context = aio.ServicerContext[Any, Any]


async def echo(request: bytes, context: Context) -> bytes:
    metadata = context.invocation_metadata()
    assert metadata is not None
    return request + b"".join(str(value).encode() for value in metadata.get_all("tag"))


async def count(request: bytes, context: Context) -> AsyncIterator[bytes]:
    for number in range(int(request)):
        yield b"%d" % number


async def join(requests: AsyncIterator[bytes], context: Context) -> bytes:
    return b",".join([request async for request in requests])


async def talk(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


async def hang(request: bytes, context: Context) -> bytes:
    await asyncio.Event().wait()
    return b""


METHODS = {
    "Echo": unary(echo),
    "Hang": unary(hang),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Talk": grpc.stream_stream_rpc_method_handler(talk),
}


class Tagging(aio.UnaryUnaryClientInterceptor):
    """Adds metadata, and notes when it runs."""

    def __init__(self, name: str, notes: List[str]) -> None:
        self._name = name
        self._notes = notes

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        self._notes.append(f"{self._name} before")
        metadata = aio.Metadata(*(client_call_details.metadata or ()))
        metadata.add("tag", self._name)
        call = await continuation(client_call_details._replace(metadata=metadata), request)
        self._notes.append(f"{self._name} after")
        return call


class Everything(
    aio.UnaryUnaryClientInterceptor,
    aio.UnaryStreamClientInterceptor,
    aio.StreamUnaryClientInterceptor,
    aio.StreamStreamClientInterceptor,
):
    """Lets everything pass, by way of a coroutine."""

    async def _pass(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        await asyncio.sleep(0)
        return await continuation(client_call_details, request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _pass


class TestChain:
    def test_interceptors_run_in_order_and_change_what_is_sent(self, run: Run, serve: Serve) -> None:
        notes: List[str] = []

        async def main() -> None:
            async with serve([Tagging("a", notes), Tagging("b", notes)], **METHODS) as channel:
                call = channel.unary_unary(path("Echo"))(b"x")
                assert isinstance(call, aio.InterceptedUnaryUnaryCall)
                assert await call == b"xab"
                assert await call == b"xab"
                assert call.done()

        run(main())
        assert notes == ["a before", "b before", "b after", "a after"]

    def test_the_details_are_those_of_the_call(self, run: Run, serve: Serve) -> None:
        seen: List[aio.ClientCallDetails] = []

        class Seeing(aio.UnaryUnaryClientInterceptor):
            async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                seen.append(client_call_details)
                return await continuation(client_call_details._replace(method=path("Echo")), request)

        async def main() -> None:
            async with serve([Seeing()], **METHODS) as channel:
                call = channel.unary_unary(path("Other"))(b"x", timeout=9, metadata=(("k", "v"),), wait_for_ready=True)
                assert await call == b"x"

        run(main())
        assert seen == [aio.ClientCallDetails(path("Other"), 9, (("k", "v"),), None, True)]
        assert isinstance(seen[0], grpc.ClientCallDetails)

    def test_the_metadata_of_the_details_can_be_added_to(self, run: Run, serve: Serve) -> None:
        class Adding(aio.UnaryUnaryClientInterceptor):
            async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                client_call_details.metadata.add("tag", "more")
                return await continuation(client_call_details, request)

        async def main() -> None:
            own = aio.Metadata(("tag", "own"))
            async with serve([Adding()], **METHODS) as channel:
                echo = channel.unary_unary(path("Echo"))
                assert await echo(b"x") == b"xmore"
                assert await echo(b"x", metadata=(("tag", "own"),)) == b"xownmore"
                assert await echo(b"x", metadata=own) == b"xownmore"
            assert own == aio.Metadata(("tag", "own"))

        run(main())

    def test_metadata_that_is_none_is_refused_before_interceptors_run(self, run: Run, serve: Serve) -> None:
        notes: List[str] = []

        async def main() -> None:
            async with serve([Tagging("a", notes)], **METHODS) as channel:
                with pytest.raises(TypeError, match=r"metadata is a sequence of \(key, value\) pairs, not 'word'"):
                    channel.unary_unary(path("Echo"))(b"x", metadata="word")

        run(main())
        assert notes == []

    def test_the_method_is_text_that_can_be_decoded_like_bytes(self, run: Run, serve: Serve) -> None:
        class Decoding(aio.UnaryUnaryClientInterceptor):
            async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                assert client_call_details.method == path("Echo")
                decoded = client_call_details.method.decode()
                assert (type(decoded), decoded) == (str, path("Echo"))
                assert client_call_details.method.decode("utf-8") == decoded
                return await continuation(client_call_details._replace(method=decoded.encode()), request)

        async def main() -> None:
            async with serve([Decoding()], **METHODS) as channel:
                assert await channel.unary_unary(path("Echo"))(b"x") == b"x"

        run(main())

    def test_one_may_answer_itself(self, run: Run, serve: Serve) -> None:
        class Answering(aio.UnaryUnaryClientInterceptor):
            async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                return b"of my own"

        async def main() -> None:
            async with serve([Answering()], **METHODS) as channel:
                call = channel.unary_unary(path("Echo"))(b"x")
                assert await call == b"of my own"
                assert await call.code() is grpc.StatusCode.OK
                assert list(await call.initial_metadata()) == []
                assert not call.cancel()

        run(main())

    @pytest.mark.parametrize("kind", ["unary_unary", "stream_unary"])
    def test_whoever_is_further_out_gets_a_call_for_a_response(self, run: Run, serve: Serve, kind: str) -> None:
        notes: List[Any] = []

        class Awaiting(aio.UnaryUnaryClientInterceptor, aio.StreamUnaryClientInterceptor):
            async def _await(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = await continuation(client_call_details, request)
                done = asyncio.Event()
                call.add_done_callback(lambda ended: ended is call and done.set())
                await done.wait()
                await call.wait_for_connection()
                notes.append((await call.code(), await call.details(), call.done(), call.cancel(), call.cancelled()))
                notes.append([tuple(pair) for pair in await call.trailing_metadata()])
                assert list(await call.initial_metadata()) == []
                assert await call.debug_error_string() == "OK: "
                assert not call.time_remaining()
                return await call

            intercept_unary_unary = intercept_stream_unary = _await

        async def behavior(request: Any, context: Context) -> bytes:
            context.set_trailing_metadata((("said", "last"),))
            return b"response"

        async def main() -> None:
            method = getattr(grpc, f"{kind}_rpc_method_handler")(behavior)
            async with serve([Awaiting(), Awaiting(), Awaiting()], Answer=method) as channel:
                request = b"" if kind == "unary_unary" else [b""]
                call = getattr(channel, kind)(path("Answer"))(request, timeout=10)
                assert await call == b"response"
                assert list(await call.trailing_metadata()) == [("said", "last")]

        run(main())
        assert notes[2:] == [(grpc.StatusCode.OK, "", True, False, False), [("said", "last")]] * 2

    def test_a_response_in_the_place_of_a_failure_is_a_success(self, run: Run, serve: Serve) -> None:
        class Fallback(aio.UnaryUnaryClientInterceptor):
            async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = await continuation(client_call_details, request)
                try:
                    return await call
                except aio.AioRpcError:
                    return b"instead"

        async def behavior(request: bytes, context: Context) -> bytes:
            context.set_trailing_metadata((("why", "because"),))
            await context.abort(grpc.StatusCode.NOT_FOUND, "gone")
            return b""

        async def main() -> None:
            async with serve([Fallback()], Fail=unary(behavior)) as channel:
                call = channel.unary_unary(path("Fail"))(b"", timeout=10)
                assert await call == b"instead"
                assert await call.code() is grpc.StatusCode.OK
                assert await call.details() == ""
                assert list(await call.trailing_metadata()) == []

        run(main())

    @pytest.mark.parametrize("kind", ["unary_stream", "stream_stream"])
    def test_whoever_is_further_out_gets_a_call_for_a_generator(self, run: Run, serve: Serve, kind: str) -> None:
        notes: List[Any] = []

        class Outer(aio.UnaryStreamClientInterceptor, aio.StreamStreamClientInterceptor):
            async def _look(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = await continuation(client_call_details, request)
                call.add_done_callback(lambda ended: notes.append(ended is call))

                async def responses() -> AsyncIterator[bytes]:
                    async for response in call:
                        yield response + b"!"
                    notes.append((await call.code(), await call.details(), call.cancelled()))
                    notes.append([tuple(pair) for pair in await call.trailing_metadata()])

                assert list(await call.initial_metadata()) == []
                assert call.time_remaining() > 0
                return responses()

            intercept_unary_stream = intercept_stream_stream = _look

        class Inner(aio.UnaryStreamClientInterceptor, aio.StreamStreamClientInterceptor):
            async def _pass(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = await continuation(client_call_details, request)
                return (response async for response in call)

            intercept_unary_stream = intercept_stream_stream = _pass

        async def behavior(request: Any, context: Context) -> AsyncIterator[bytes]:
            await context.send_initial_metadata(())
            context.set_trailing_metadata((("said", "last"),))
            yield b"1"
            yield b"2"

        async def main() -> None:
            method = getattr(grpc, f"{kind}_rpc_method_handler")(behavior)
            async with serve([Outer(), Inner()], Some=method) as channel:
                request = b"" if kind == "unary_stream" else [b""]
                call = getattr(channel, kind)(path("Some"))(request, timeout=10)
                assert [await call.read() for _ in range(3)] == [b"1!", b"2!", aio.EOF]
                assert await call.code() is grpc.StatusCode.OK
                await asyncio.sleep(0)

        run(main())
        assert sorted(notes, key=repr) == [(grpc.StatusCode.OK, "", False), True, [("said", "last")]]

    def test_responses_may_come_without_any_call(self, run: Run, serve: Serve) -> None:
        class Outer(aio.UnaryStreamClientInterceptor):
            async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = await continuation(client_call_details, request)
                await call.wait_for_connection()
                assert (await call.code(), await call.details()) == (grpc.StatusCode.OK, "")
                assert (call.done(), call.cancel(), call.cancelled(), call.time_remaining()) == (
                    True, False, False, None,
                )  # fmt: skip
                return call

        class Own(aio.UnaryStreamClientInterceptor):
            async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                async def own() -> AsyncIterator[bytes]:
                    yield b"of my own"

                return own()

        async def main() -> None:
            async with serve([Outer(), Own()], **METHODS) as channel:
                call = channel.unary_stream(path("Count"))(b"2")
                assert [response async for response in call] == [b"of my own"]
                assert await call.code() is grpc.StatusCode.OK
                assert list(await call.initial_metadata()) == list(await call.trailing_metadata()) == []

        run(main())

    def test_one_may_try_again(self, run: Run, serve: Serve) -> None:
        class Retrying(aio.UnaryUnaryClientInterceptor):
            async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = await continuation(client_call_details, request)
                while await call.code() is not grpc.StatusCode.OK:
                    call = await continuation(client_call_details, request)
                return call

        async def main() -> None:
            failures = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED]

            async def behavior(request: bytes, context: Context) -> bytes:
                if failures:
                    await context.abort(failures.pop(), "not yet")
                return b"at last"

            async with serve([Retrying()], Try=unary(behavior)) as channel:
                assert await channel.unary_unary(path("Try"))(b"") == b"at last"

        run(main())

    @pytest.mark.parametrize("number", [0, 3, 200])
    def test_all_shapes_pass(self, run: Run, serve: Serve, number: int) -> None:
        requests = [b"%d" % each for each in range(number)]

        async def main() -> None:
            async with serve([Everything()], **METHODS) as channel:
                assert await channel.unary_unary(path("Echo"))(b"x") == b"x"
                counting = channel.unary_stream(path("Count"))
                assert [response async for response in counting(b"%d" % number)] == requests
                assert await channel.stream_unary(path("Join"))(requests) == b",".join(requests)
                talking = channel.stream_stream(path("Talk"))
                assert [response async for response in talking(requests)] == requests

        run(main())


class TestStreams:
    def test_reading_and_writing_pass(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve([Everything()], **METHODS) as channel:
                call = channel.stream_stream(path("Talk"))()
                for number in (b"1", b"2", b"3"):
                    await call.write(number)
                    assert await call.read() == number
                await call.done_writing()
                await call.done_writing()
                assert await call.read() is aio.EOF
                with pytest.raises(asyncio.InvalidStateError):
                    await call.write(b"late")
                with pytest.raises(aio.UsageError, match="one style"):
                    call.__aiter__()
                other = channel.stream_unary(path("Join"))()
                await other.write(b"a")
                await other.write(b"b")
                await other.done_writing()
                assert await other == b"a,b"

        run(main())

    def test_a_call_with_an_iterator_cannot_be_written_to(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve([Everything()], **METHODS) as channel:
                call = channel.stream_unary(path("Join"))([b"a"])
                with pytest.raises(aio.UsageError, match="iterator of requests"):
                    await call.write(b"b")
                with pytest.raises(aio.UsageError, match="iterator of requests"):
                    await call.done_writing()
                assert await call == b"a"

        run(main())

    def test_a_writer_learns_that_the_call_has_failed(self, run: Run, serve: Serve) -> None:
        async def behavior(requests: Any, context: Context) -> None:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "full")

        async def main() -> None:
            async with serve([Everything()], Fail=grpc.stream_unary_rpc_method_handler(behavior)) as channel:
                call = channel.stream_unary(path("Fail"))()

                async def write_for_ever() -> None:
                    while True:
                        await call.write(b"x")

                assert (await failure_of(write_for_ever())).details() == "full"
                assert (await failure_of(call)).details() == "full"

        run(main())

    def test_a_call_that_is_dropped_is_cancelled(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            ended = asyncio.Event()

            async def behavior(requests: Any, context: Context) -> None:
                try:
                    await context.write(b"one")
                    await asyncio.Event().wait()
                finally:
                    ended.set()

            async with serve([Everything()], Talk=grpc.stream_stream_rpc_method_handler(behavior)) as channel:
                call = channel.stream_stream(path("Talk"))()
                await call.read()
                del call
                gc.collect()
                await ended.wait()

        run(main())

    def test_responses_may_pass_through_a_generator(self, run: Run, serve: Serve) -> None:
        class Doubling(aio.UnaryStreamClientInterceptor):
            async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = await continuation(client_call_details, request)

                async def doubled() -> AsyncIterator[bytes]:
                    async for response in call:
                        yield response
                        yield response

                return doubled()

        async def main() -> None:
            async with serve([Doubling()], **METHODS) as channel:
                call = channel.unary_stream(path("Count"))(b"2")
                assert [response async for response in call] == [b"0", b"0", b"1", b"1"]
                assert await call.code() is grpc.StatusCode.OK
                other = channel.unary_stream(path("Count"))(b"1")
                assert [await other.read(), await other.read(), await other.read()] == [b"0", b"0", aio.EOF]

        run(main())

    def test_requests_may_pass_through_a_generator(self, run: Run, serve: Serve) -> None:
        class Shouting(aio.StreamUnaryClientInterceptor):
            async def intercept_stream_unary(
                self, continuation: Any, client_call_details: Any, request_iterator: Any
            ) -> Any:
                async def shouted() -> AsyncIterator[bytes]:
                    async for request in request_iterator:
                        yield request.upper()

                return await continuation(client_call_details, shouted())

        async def main() -> None:
            async with serve([Shouting()], **METHODS) as channel:
                call = channel.stream_unary(path("Join"))()
                await call.write(b"a")
                await call.write(b"b")
                await call.done_writing()
                assert await call == b"A,B"

        run(main())


class TestEnds:
    def test_a_failure_passes(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve([Everything()], **METHODS) as channel:
                call = channel.unary_unary(path("Nothing"))(b"")
                assert (await failure_of(call)).code() is grpc.StatusCode.UNIMPLEMENTED
                assert await call.code() is grpc.StatusCode.UNIMPLEMENTED
                assert "UNIMPLEMENTED" in await call.debug_error_string()

        run(main())

    def test_what_an_interceptor_raises_is_raised(self, run: Run, serve: Serve) -> None:
        class Raising(aio.UnaryUnaryClientInterceptor):
            async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                if request:
                    raise aio.AioRpcError(grpc.StatusCode.DATA_LOSS, aio.Metadata(), aio.Metadata(), "lost")
                raise ValueError("no")

        async def main() -> None:
            async with serve([Raising()], **METHODS) as channel:
                call = channel.unary_unary(path("Echo"))(b"")
                with pytest.raises(ValueError, match="no"):
                    await call
                with pytest.raises(ValueError, match="no"):
                    await call.code()
                assert call.done()
                other = channel.unary_unary(path("Echo"))(b"x")
                assert (await failure_of(other)).details() == "lost"
                assert await other.code() is grpc.StatusCode.DATA_LOSS
                assert await other.details() == "lost"
                with pytest.raises(aio.AioRpcError):
                    await other.wait_for_connection()
                ignored = channel.unary_unary(path("Echo"))(b"")  # nobody asks: nothing is complained of
                del ignored

        run(main())

    def test_a_call_that_an_interceptor_began_before_it_failed_is_cancelled(self, run: Run, serve: Serve) -> None:
        calls: List[Any] = []

        class Raising(aio.UnaryUnaryClientInterceptor):
            async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                calls.append(await continuation(client_call_details, request))
                raise ValueError("too late")

        async def main() -> None:
            async with serve([Raising()], **METHODS) as channel:
                with pytest.raises(ValueError, match="too late"):
                    await channel.unary_unary(path("Hang"))(b"")
                assert calls[0].cancelled()

        run(main())

    def test_cancel_reaches_interceptors_that_run(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            ends: List[str] = []

            class Waiting(aio.UnaryUnaryClientInterceptor):
                async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                    call = await continuation(client_call_details, request)
                    waiting.set()
                    try:
                        return await call
                    finally:
                        ends.append(f"{call.cancelled()}")

            async with serve([Waiting()], **METHODS) as channel:
                waiting = asyncio.Event()
                call = channel.unary_unary(path("Hang"))(b"")
                await waiting.wait()
                assert not call.done()
                assert call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                assert call.cancelled()
                assert await call.code() is grpc.StatusCode.CANCELLED
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(channel.unary_unary(path("Hang"))(b""), 0.02)
                early = channel.unary_unary(path("Hang"))(b"")
                early.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await early
            assert ends == ["True", "True"]

        run(main())

    def test_cancel_reaches_the_call_after_them(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve([Everything()], **METHODS) as channel:
                call = channel.unary_unary(path("Hang"))(b"", timeout=100)
                assert 99 < call.time_remaining() <= 100
                await call.wait_for_connection()
                assert 99 < call.time_remaining() <= 100
                assert call.cancel()
                assert call.cancelled()
                with pytest.raises(asyncio.CancelledError):
                    await call

        run(main())

    def test_done_callbacks_get_the_outer_call(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            called: asyncio.Queue[Any] = asyncio.Queue()
            async with serve([Everything()], **METHODS) as channel:
                call = channel.unary_unary(path("Echo"))(b"")
                call.add_done_callback(called.put_nowait)
                await call
                assert await called.get() is call

        run(main())

    def test_closing_the_channel_ends_interceptors(self, run: Run, serve: Serve) -> None:
        class Waiting(aio.UnaryUnaryClientInterceptor):
            async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                await asyncio.Event().wait()

        async def main() -> None:
            async with serve([Waiting()], **METHODS) as channel:
                call = channel.unary_unary(path("Echo"))(b"")
                await asyncio.sleep(0)
                await channel.close()
                assert call.cancelled()

        run(main())


class TestServer:
    def test_interceptors_run_in_order_and_may_change_the_handler(self, run: Run, serve: Serve) -> None:
        notes: List[str] = []

        class Noting(aio.ServerInterceptor):
            def __init__(self, name: str) -> None:
                self._name = name

            async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
                notes.append(f"{self._name} {handler_call_details.method}")
                await asyncio.sleep(0)
                return await continuation(handler_call_details)

        class Refusing(aio.ServerInterceptor):
            async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
                if ("word", "sesame") in handler_call_details.invocation_metadata:
                    return await continuation(handler_call_details)

                async def refuse(request: bytes, context: Context) -> None:
                    await context.abort(grpc.StatusCode.PERMISSION_DENIED, "say the word")

                return unary(refuse)

        async def main() -> None:
            options = {"interceptors": [Noting("a"), Noting("b"), Refusing()]}
            async with serve(options=options, **METHODS) as channel:
                assert await channel.unary_unary(path("Echo"))(b"x", metadata=(("word", "sesame"),)) == b"x"
                error = await failure_of(channel.unary_unary(path("Echo"))(b"x"))
                assert error.code() is grpc.StatusCode.PERMISSION_DENIED
                call = channel.stream_stream(path("Talk"))([b"a", b"b"], metadata=(("word", "sesame"),))
                assert [response async for response in call] == [b"a", b"b"]

        run(main())
        assert notes[:2] == [f"a {path('Echo')}", f"b {path('Echo')}"]

    def test_one_that_raises_fails_the_call(self, run: Run, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
        class Raising(aio.ServerInterceptor):
            async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
                raise ValueError("no such luck")

        async def main() -> None:
            async with serve(options={"interceptors": [Raising()]}, **METHODS) as channel:
                error = await failure_of(channel.unary_unary(path("Echo"))(b"x"))
                assert error.code() is grpc.StatusCode.UNKNOWN
                assert "no such luck" in str(error.details())

        run(main())
        assert [record.exc_info is not None for record in caplog.records] == [True]

    def test_one_that_finds_nothing_is_unimplemented(self, run: Run, serve: Serve) -> None:
        class Losing(aio.ServerInterceptor):
            async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
                return None

        async def main() -> None:
            async with serve(options={"interceptors": [Losing()]}, **METHODS) as channel:
                error = await failure_of(channel.unary_unary(path("Echo"))(b"x"))
                assert error.code() is grpc.StatusCode.UNIMPLEMENTED

        run(main())

    def test_a_call_that_is_cancelled_cancels_its_interceptor(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            begun, ended = asyncio.Event(), asyncio.Event()

            class Waiting(aio.ServerInterceptor):
                async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
                    begun.set()
                    try:
                        await asyncio.Event().wait()
                    finally:
                        ended.set()

            async with serve(options={"interceptors": [Waiting()]}, **METHODS) as channel:
                call = channel.unary_unary(path("Echo"))(b"x")
                await begun.wait()
                call.cancel()
                await ended.wait()

        run(main())
