"""Handlers: what they may be, what they are told, and what becomes of their failures."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from concurrent import futures
from typing import Any, AsyncIterator, Iterator, List

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, Serve, failure_of, path, settled, unary

Context = aio.ServicerContext[Any, Any]

_VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("_VARIABLE", default="unset")


async def echo(request: bytes, context: Context) -> bytes:
    return request


class TestPlainFunctions:
    def test_they_run_in_the_pool_whatever_their_shape(self, run: Run, serve: Serve) -> None:
        names: List[str] = []

        def note() -> None:
            names.append(threading.current_thread().name)

        def say(request: bytes, context: grpc.ServicerContext) -> bytes:
            note()
            return request.upper()

        def count(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            for number in range(int(request)):
                note()
                yield b"%d" % number

        def join(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            note()
            return b",".join(requests)

        def talk(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            for request in requests:
                note()
                yield request + b"!"

        async def main() -> None:
            with futures.ThreadPoolExecutor(2, thread_name_prefix="ours") as pool:
                async with serve(
                    Say=unary(say),
                    Count=grpc.unary_stream_rpc_method_handler(count),
                    Join=grpc.stream_unary_rpc_method_handler(join),
                    Talk=grpc.stream_stream_rpc_method_handler(talk),
                    options={"migration_thread_pool": pool},
                ) as channel:
                    assert await channel.unary_unary(path("Say"))(b"a") == b"A"
                    call = channel.unary_stream(path("Count"))(b"3")
                    assert [response async for response in call] == [b"0", b"1", b"2"]
                    assert await channel.stream_unary(path("Join"))([b"a", b"b"]) == b"a,b"
                    talk_call = channel.stream_stream(path("Talk"))([b"a", b"b"])
                    assert [response async for response in talk_call] == [b"a!", b"b!"]
            assert names
            assert all(name.startswith("ours") for name in names)

        run(main())

    def test_their_context_is_the_synchronous_one(self, run: Run, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            assert isinstance(context, grpc.ServicerContext)
            context.send_initial_metadata((("early", "yes"),))
            context.set_trailing_metadata((("late", "yes"),))
            if request == b"abort":
                context.abort(grpc.StatusCode.ALREADY_EXISTS, "again")
            return dict(context.invocation_metadata())["k"].encode()

        async def main() -> None:
            async with serve(Say=unary(behavior)) as channel:
                call = channel.unary_unary(path("Say"))(b"", metadata=(("k", "v"),))
                assert await call == b"v"
                assert (await call.initial_metadata())["early"] == "yes"
                assert (await call.trailing_metadata())["late"] == "yes"
                error = await failure_of(channel.unary_unary(path("Say"))(b"abort"))
                assert (error.code(), error.details()) == (grpc.StatusCode.ALREADY_EXISTS, "again")

        run(main())

    def test_a_generator_whose_call_ends_is_closed(self, run: Run, serve: Serve) -> None:
        closed = threading.Event()

        def behavior(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            try:
                while True:
                    yield b"more"
            finally:
                closed.set()

        async def main() -> None:
            async with serve(Endless=grpc.unary_stream_rpc_method_handler(behavior)) as channel:
                call = channel.unary_stream(path("Endless"))(b"")
                await call.read()
                call.cancel()
                assert await asyncio.get_running_loop().run_in_executor(None, closed.wait, 10)

        run(main())

    def test_a_wrapped_coroutine_runs_on_the_loop(self, run: Run, serve: Serve) -> None:
        class Callable:
            async def __call__(self, request: bytes, context: Context) -> bytes:
                return threading.current_thread().name.encode()

        @functools.wraps(echo)
        def wrapped(request: bytes, context: Context) -> Any:
            return Callable()(request, context)

        async def main() -> None:
            async with serve(
                Wrapped=unary(wrapped), Object=unary(Callable()), Partial=unary(functools.partial(Callable.__call__, 0))
            ) as channel:
                for name in ("Wrapped", "Object", "Partial"):
                    assert await channel.unary_unary(path(name))(b"") == b"MainThread"

        run(main())


class TestFailingHandlers:
    @pytest.mark.parametrize("kind", ["coroutine", "generator", "plain"])
    def test_what_is_raised_is_unknown_with_its_text_and_logged_once(
        self, run: Run, serve: Serve, caplog: pytest.LogCaptureFixture, kind: str
    ) -> None:
        async def coroutine(request: bytes, context: Context) -> bytes:
            raise ValueError("out of ideas")

        async def generator(request: bytes, context: Context) -> AsyncIterator[bytes]:
            yield b"one"
            raise ValueError("out of ideas")

        def plain(request: bytes, context: grpc.ServicerContext) -> bytes:
            raise ValueError("out of ideas")

        async def main() -> None:
            if kind == "generator":
                handler = grpc.unary_stream_rpc_method_handler(generator)
            else:
                handler = unary(coroutine if kind == "coroutine" else plain)
            async with serve(Fail=handler) as channel:
                if kind == "generator":
                    call = channel.unary_stream(path("Fail"))(b"")
                    assert await call.read() == b"one"
                    error = await failure_of(call.read())
                else:
                    error = await failure_of(channel.unary_unary(path("Fail"))(b""))
                assert error.code() is grpc.StatusCode.UNKNOWN
                assert "out of ideas" in str(error.details())

        run(main())
        logged = [record for record in caplog.records if record.exc_info]
        assert len(logged) == 1
        assert logged[0].exc_info[0] is ValueError
        assert path("Fail") in logged[0].getMessage()

    def test_a_status_that_was_set_goes_before(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> bytes:
            context.set_code(grpc.StatusCode.DATA_LOSS)
            context.set_details("lost")
            raise ValueError("of no interest")

        async def main() -> None:
            async with serve(Fail=unary(behavior)) as channel:
                error = await failure_of(channel.unary_unary(path("Fail"))(b""))
                assert (error.code(), error.details()) == (grpc.StatusCode.DATA_LOSS, "lost")

        run(main())

    def test_coders_that_fail_are_internal(self, run: Run, serve: Serve) -> None:
        def broken(_: Any) -> Any:
            raise ValueError("no coding today")

        async def number(request: bytes, context: Context) -> Any:
            return 7

        async def main() -> None:
            async with serve(
                In=unary(echo, request_deserializer=broken),
                Out=unary(echo, response_serializer=broken),
                Other=unary(number),
            ) as channel:
                for name, text in (("In", "deserializing request"), ("Out", "serializing response"), ("Other", "")):
                    error = await failure_of(channel.unary_unary(path(name))(b""))
                    assert error.code() is grpc.StatusCode.INTERNAL
                    assert text in str(error.details())

        run(main())

    def test_a_handler_that_cancels_itself_is_cancelled(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> bytes:
            raise asyncio.CancelledError

        async def main() -> None:
            async with serve(Fail=unary(behavior)) as channel:
                error = await failure_of(channel.unary_unary(path("Fail"))(b""))
                assert error.code() is grpc.StatusCode.CANCELLED

        run(main())

    def test_two_requests_short_of_one_are_no_request(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                error = await failure_of(channel.stream_unary(path("Echo"))([]))
                assert error.code() is grpc.StatusCode.UNIMPLEMENTED

        run(main())

    def test_a_generator_whose_call_ends_cleans_up_in_its_own_task(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            tasks: List[Any] = []
            given = 0
            closed = asyncio.Event()

            async def behavior(request: bytes, context: Context) -> AsyncIterator[bytes]:
                nonlocal given
                tasks.append(asyncio.current_task())
                try:
                    while True:
                        given += 1
                        yield bytes(1 << 16)
                finally:
                    tasks.append(asyncio.current_task())
                    closed.set()

            async with serve(Endless=grpc.unary_stream_rpc_method_handler(behavior)) as channel:
                call = channel.unary_stream(path("Endless"))(b"")
                await call.read()
                await settled(lambda: given)  # its task waits for leave to send
                call.cancel()
                await closed.wait()
            assert tasks[0] is tasks[1]

        run(main())


class TestContext:
    def test_abort_ends_the_call_even_if_its_error_is_swallowed(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> bytes:
            with pytest.raises(aio.AbortError):
                await context.abort(grpc.StatusCode.ABORTED, "enough")
            with pytest.raises(aio.UsageError):
                await context.abort(grpc.StatusCode.INTERNAL, "more")
            with pytest.raises(aio.UsageError):
                await context.write(b"more")
            assert context.done()
            return b"ignored"

        async def main() -> None:
            async with serve(Fail=unary(behavior)) as channel:
                error = await failure_of(channel.unary_unary(path("Fail"))(b""))
                assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "enough")

        run(main())

    def test_abort_with_status_carries_trailing_metadata(self, run: Run, serve: Serve) -> None:
        class Gone(grpc.Status):
            code = grpc.StatusCode.NOT_FOUND
            details = "gone"
            trailing_metadata = (("where", "away"),)

        async def behavior(request: bytes, context: Context) -> None:
            await context.abort_with_status(Gone())

        async def main() -> None:
            async with serve(Fail=unary(behavior)) as channel:
                error = await failure_of(channel.unary_unary(path("Fail"))(b""))
                assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "gone")
                assert tuple(error.trailing_metadata()) == (("where", "away"),)

        run(main())

    def test_abort_with_status_without_metadata_keeps_what_was_set_before(self, run: Run, serve: Serve) -> None:
        class Gone(grpc.Status):
            code = grpc.StatusCode.NOT_FOUND
            details = "gone"
            trailing_metadata = None

        async def behavior(request: bytes, context: Context) -> None:
            context.set_trailing_metadata((("where", "away"),))
            await context.abort_with_status(Gone())

        async def main() -> None:
            async with serve(Fail=unary(behavior)) as channel:
                error = await failure_of(channel.unary_unary(path("Fail"))(b""))
                assert tuple(error.trailing_metadata()) == (("where", "away"),)

        run(main())

    def test_details_that_are_no_text_fail_the_handler(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> None:
            context.set_details(5)  # type: ignore[arg-type]

        async def main() -> None:
            async with serve(Fail=unary(behavior)) as channel:
                error = await failure_of(channel.unary_unary(path("Fail"))(b"", timeout=20))
                assert error.code() is grpc.StatusCode.UNKNOWN
                assert "details of a status are text, not 5" in error.details()

        run(main())

    def test_abort_with_ok_is_unknown(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> None:
            await context.abort(grpc.StatusCode.OK, "fine")

        async def main() -> None:
            async with serve(Fail=unary(behavior)) as channel:
                assert (await failure_of(channel.unary_unary(path("Fail"))(b""))).code() is grpc.StatusCode.UNKNOWN

        run(main())

    def test_a_response_under_an_error_code_is_not_sent(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> None:
            context.set_code(grpc.StatusCode.OUT_OF_RANGE)
            context.set_details("too far")
            assert (context.code(), context.details()) == (grpc.StatusCode.OUT_OF_RANGE, "too far")

        async def main() -> None:
            async with serve(Fail=unary(behavior)) as channel:
                error = await failure_of(channel.unary_unary(path("Fail"))(b""))
                assert (error.code(), error.details()) == (grpc.StatusCode.OUT_OF_RANGE, "too far")

        run(main())

    def test_initial_metadata_is_sent_once_and_first(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> None:
            await context.send_initial_metadata(())
            with pytest.raises(aio.UsageError, match="sent once"):
                await context.send_initial_metadata(())
            with pytest.raises(RuntimeError, match="compression"):
                context.set_compression(grpc.Compression.Gzip)

        async def main() -> None:
            async with serve(Twice=grpc.unary_stream_rpc_method_handler(behavior)) as channel:
                call = channel.unary_stream(path("Twice"))(b"")
                assert await call.read() is aio.EOF

        run(main())

    def test_it_knows_the_client(self, run: Run, serve: Serve, transport: str) -> None:
        async def behavior(request: bytes, context: Context) -> bytes:
            kinds = list(context.auth_context().get("transport_security_type", ()))
            return repr((context.peer(), kinds, context.peer_identities(), context.peer_identity_key())).encode()

        async def main() -> None:
            async with serve(Who=unary(behavior)) as channel:
                peer, kinds, identities, key = eval(await channel.unary_unary(path("Who"))(b""))
                assert peer.startswith("inproc" if transport == "inprocess" else "ipv4:127.0.0.1:")
                assert kinds == ([b"ssl"] if transport == "tls" else [])
                assert (identities, key) == (None, None)

        run(main())

    def test_it_knows_the_time_remaining(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> bytes:
            return repr(context.time_remaining()).encode()

        async def main() -> None:
            async with serve(Time=unary(behavior)) as channel:
                call = channel.unary_unary(path("Time"))
                assert 50 < float(await call(b"", timeout=60)) <= 60
                assert await call(b"") == b"None"

        run(main())

    def test_responses_may_be_compressed_or_not(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> AsyncIterator[bytes]:
            context.set_compression(grpc.Compression.Gzip)
            yield bytes(1000)
            context.disable_next_message_compression()
            yield bytes(1000)

        async def main() -> None:
            async with serve(Zip=grpc.unary_stream_rpc_method_handler(behavior)) as channel:
                call = channel.unary_stream(path("Zip"))(b"")
                assert [response async for response in call] == [bytes(1000), bytes(1000)]

        run(main())

    def test_done_callbacks_are_called_at_either_end(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            called: asyncio.Queue[Any] = asyncio.Queue()

            async def behavior(request: bytes, context: Context) -> bytes:
                context.add_done_callback(lambda it: called.put_nowait((it is context, it.cancelled())))
                if request:
                    hanging.set()
                    await asyncio.Event().wait()
                return b""

            async with serve(Call=unary(behavior)) as channel:
                await channel.unary_unary(path("Call"))(b"")
                assert await called.get() == (True, False)
                hanging = asyncio.Event()
                call = channel.unary_unary(path("Call"))(b"hang")
                await hanging.wait()
                call.cancel()
                assert await called.get() == (True, True)

        run(main())

    def test_a_task_that_survives_its_call_is_told(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            errors: List[Any] = []
            over = asyncio.Event()

            async def survive(context: Context) -> None:
                errors.append(await failure_of(context.read()))
                errors.append(await failure_of(context.write(b"")))
                over.set()

            tasks = []

            async def behavior(requests: Any, context: Context) -> None:
                tasks.append(asyncio.ensure_future(survive(context)))
                hanging.set()
                await asyncio.Event().wait()

            async with serve(Hang=grpc.stream_stream_rpc_method_handler(behavior)) as channel:
                hanging = asyncio.Event()
                call = channel.stream_stream(path("Hang"))()
                await hanging.wait()
                call.cancel()
                await over.wait()
                assert {error.code() for error in errors} == {grpc.StatusCode.CANCELLED}

        run(main())

    def test_handlers_do_not_share_context_variables(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> bytes:
            before = _VARIABLE.get()
            _VARIABLE.set("changed")
            return before.encode()

        async def main() -> None:
            async with serve(Var=unary(behavior)) as channel:
                _VARIABLE.set("the client's")
                for _ in range(2):
                    assert await channel.unary_unary(path("Var"))(b"") == b"unset"

        run(main())
