"""Calls with one request and one response, over every transport."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any, List

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, Serve, failure_of, path, unary

_VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("_VARIABLE", default="unset")

Context = aio.ServicerContext[Any, Any]


async def echo(request: bytes, context: Context) -> bytes:
    return request


async def hang(request: bytes, context: Context) -> bytes:
    await asyncio.Event().wait()
    return b""


class TestAnswers:
    @pytest.mark.parametrize("payload", [b"", b"x", bytes(1 << 20)], ids=["empty", "small", "1 MiB"])
    def test_a_payload_arrives_unchanged_both_ways(self, run: Run, serve: Serve, payload: bytes) -> None:
        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                call = channel.unary_unary(path("Echo"))(payload, timeout=20)
                assert await call == payload
                assert await call.code() is grpc.StatusCode.OK
                assert await call.details() == ""

        run(main())

    def test_a_call_can_be_awaited_again(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                call = channel.unary_unary(path("Echo"), response_deserializer=lambda data: [data])(b"x")
                assert await call is await call

        run(main())

    def test_a_call_begins_whether_it_is_awaited_or_not(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            served = asyncio.Event()

            async def note(request: bytes, context: Context) -> bytes:
                served.set()
                return b""

            async with serve(Note=unary(note)) as channel:
                call = channel.unary_unary(path("Note"))(b"")
                await served.wait()
                await call

        run(main())

    def test_messages_pass_serializers_on_both_sides(self, run: Run, serve: Serve) -> None:
        async def double(request: int, context: Context) -> int:
            return 2 * request

        async def main() -> None:
            coders: Any = {"request_deserializer": int, "response_serializer": lambda value: b"%d" % value}
            async with serve(Double=unary(double, **coders)) as channel:
                call = channel.unary_unary(
                    path("Double"), request_serializer=lambda value: b"%d" % value, response_deserializer=int
                )
                assert await call(21) == 42

        run(main())

    def test_many_calls_at_once_do_not_mix_up_their_answers(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                call = channel.unary_unary(path("Echo"))
                requests = [b"%d" % number for number in range(100)]
                assert await asyncio.gather(*(call(request) for request in requests)) == requests

        run(main())


class TestMetadata:
    def test_metadata_goes_and_comes_with_repeated_keys(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> bytes:
            metadata = context.invocation_metadata()
            assert metadata is not None
            values = metadata.get_all("k")
            await context.send_initial_metadata([("i", str(value)) for value in values])
            context.set_trailing_metadata((("t-bin", b"\x00"), ("t-bin", b"\xff")))
            return b""

        async def main() -> None:
            async with serve(Say=unary(behavior)) as channel:
                call = channel.unary_unary(path("Say"))(b"", metadata=aio.Metadata(("k", "1"), ("k", "2")))
                assert (await call.initial_metadata()).get_all("i") == ["1", "2"]
                assert await call == b""
                assert (await call.trailing_metadata()).get_all("t-bin") == [b"\x00", b"\xff"]

        run(main())

    def test_initial_metadata_arrives_before_the_response(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            release = asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                await context.send_initial_metadata((("early", "yes"),))
                await release.wait()
                await context.set_trailing_metadata((("late", "yes"),))
                return b""

            async with serve(Say=unary(behavior)) as channel:
                call = channel.unary_unary(path("Say"))(b"")
                assert (await call.initial_metadata())["early"] == "yes"
                assert not call.done()
                release.set()
                await call
                assert (await call.trailing_metadata())["late"] == "yes"

        run(main())

    def test_metadata_that_cannot_be_sent_is_refused_at_once(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                with pytest.raises(ValueError, match="metadata key"):
                    channel.unary_unary(path("Echo"))(b"", metadata=(("Upper", "x"),))

        run(main())


class TestFailures:
    def test_an_aborted_call_raises_its_status(self, run: Run, serve: Serve) -> None:
        async def behavior(request: bytes, context: Context) -> bytes:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such thing", (("why", "because"),))
            return b"unreachable"

        async def main() -> None:
            async with serve(Fail=unary(behavior)) as channel:
                call = channel.unary_unary(path("Fail"))(b"")
                error = await failure_of(call)
                assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no such thing")
                assert error.trailing_metadata()["why"] == "because"
                assert str(error) == f"<AioRpcError: {path('Fail')} ended with status NOT_FOUND: no such thing>"
                assert await call.code() is grpc.StatusCode.NOT_FOUND
                assert "no such thing" in await call.debug_error_string()
                assert not call.cancelled()

        run(main())

    def test_an_unknown_method_is_unimplemented(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve() as channel:
                error = await failure_of(channel.unary_unary(path("Nothing"))(b""))
                assert error.code() is grpc.StatusCode.UNIMPLEMENTED

        run(main())

    def test_a_server_that_ends_without_a_response_has_failed(self, run: Run, serve: Serve) -> None:
        async def nothing(request: bytes, context: Context) -> None:
            pass

        async def main() -> None:
            async with serve(Nothing=grpc.unary_stream_rpc_method_handler(nothing)) as channel:
                error = await failure_of(channel.unary_unary(path("Nothing"))(b""))
                assert error.code() is grpc.StatusCode.UNIMPLEMENTED

        run(main())

    def test_a_late_answer_is_deadline_exceeded_and_cancels_the_handler(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            cancelled = asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    cancelled.set()
                    raise
                return b""

            async with serve(Hang=unary(behavior)) as channel:
                call = channel.unary_unary(path("Hang"))(b"", timeout=0.05)
                assert 0 < call.time_remaining() <= 0.05
                error = await failure_of(call)
                assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
                assert call.time_remaining() == 0.0
                await cancelled.wait()

        run(main())

    def test_a_call_without_deadline_has_no_time_remaining(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                call = channel.unary_unary(path("Echo"))(b"")
                assert call.time_remaining() is None
                await call
                assert call.time_remaining() is None

        run(main())

    @pytest.mark.parametrize("timeout", ["1", True, float("nan")])
    def test_a_timeout_that_is_no_time_is_refused(self, run: Run, serve: Serve, timeout: Any) -> None:
        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                with pytest.raises((TypeError, ValueError), match="a number of seconds"):
                    channel.unary_unary(path("Echo"))(b"", timeout=timeout)

        run(main())

    def test_coders_that_fail_are_internal(self, run: Run, serve: Serve) -> None:
        def broken(_: Any) -> Any:
            raise ValueError("no coding today")

        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                with pytest.raises(aio.AioRpcError, match="Exception serializing request! no coding today"):
                    channel.unary_unary(path("Echo"), request_serializer=broken)(b"")
                error = await failure_of(channel.unary_unary(path("Echo"), response_deserializer=broken)(b""))
                assert error.code() is grpc.StatusCode.INTERNAL
                assert error.details() == "Exception deserializing response! no coding today"
                assert isinstance(error.__cause__, ValueError)

        run(main())


class TestCancelling:
    def test_cancel_ends_the_call_and_the_handler(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            begun, cancelled = asyncio.Event(), asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    assert context.cancelled()
                    cancelled.set()
                    raise
                return b""

            async with serve(Hang=unary(behavior)) as channel:
                call = channel.unary_unary(path("Hang"))(b"")
                await begun.wait()
                assert call.cancel()
                assert not call.cancel()
                assert call.cancelled()
                assert call.done()
                with pytest.raises(asyncio.CancelledError):
                    await call
                assert await call.code() is grpc.StatusCode.CANCELLED
                assert "cancelled" in await call.details()
                await cancelled.wait()

        run(main())

    def test_cancelling_the_task_that_awaits_cancels_the_call(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            begun, cancelled = asyncio.Event(), asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                begun.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    cancelled.set()
                return b""

            async with serve(Hang=unary(behavior)) as channel:
                call = channel.unary_unary(path("Hang"))(b"")

                async def wait() -> None:
                    await call

                task = asyncio.ensure_future(wait())
                await begun.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert call.cancelled()
                await cancelled.wait()

        run(main())

    def test_cancelling_who_waits_for_the_code_does_not_cancel_the_call(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Hang=unary(hang)) as channel:
                call = channel.unary_unary(path("Hang"))(b"")
                for _ in range(30):
                    with pytest.raises(asyncio.TimeoutError):
                        await asyncio.wait_for(call.code(), 0.001)
                assert not call.done()
                call.cancel()

        run(main())

    def test_a_call_that_is_over_cannot_be_cancelled(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                call = channel.unary_unary(path("Echo"))(b"x")
                assert await call == b"x"
                assert not call.cancel()
                assert not call.cancelled()

        run(main())


class TestDoneCallbacks:
    def test_they_are_called_once_with_the_call_in_their_own_context(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            called: List[Any] = []
            async with serve(Echo=unary(echo)) as channel:
                call = channel.unary_unary(path("Echo"))(b"x")
                _VARIABLE.set("set")
                call.add_done_callback(lambda it: called.append((it is call, _VARIABLE.get())))
                call.add_done_callback(lambda it: called.append((it.done(), "second")))
                assert called == []
                await call
                assert called == [(True, "set"), (True, "second")]
                call.add_done_callback(lambda it: called.append("late"))
                await asyncio.sleep(0)
                assert called[2:] == ["late"]

        run(main())


class TestConnection:
    def test_waiting_for_the_connection_does_not_wait_for_the_answer(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Hang=unary(hang)) as channel:
                call = channel.unary_unary(path("Hang"))(b"")
                await call.wait_for_connection()
                assert not call.done()
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call.wait_for_connection()

        run(main())

    def test_a_connection_that_fails_raises(self, run: Run) -> None:
        async def main() -> None:
            async with aio.insecure_channel("unix:/nonexistent/socket") as channel:
                call = channel.unary_unary(path("Echo"))(b"")
                error = await failure_of(call.wait_for_connection())
                assert error.code() is grpc.StatusCode.UNAVAILABLE
                assert isinstance(error.__cause__, OSError)

        run(main())


def test_a_call_prints_its_method_and_its_end(run: Run, serve: Serve) -> None:
    async def main() -> None:
        async with serve(Echo=unary(echo)) as channel:
            call = channel.unary_unary(path("Echo"))(b"")
            assert repr(call) == f"<UnaryUnaryCall of {path('Echo')}, which goes on>"
            await call
            assert repr(call) == f"<UnaryUnaryCall of {path('Echo')}, which ended with status OK>"

    run(main())


def test_one_request_may_be_compressed(run: Run, serve: Serve) -> None:
    async def main() -> None:
        async with serve(Echo=unary(echo)) as channel:
            payload = bytes(10000)
            assert await channel.unary_unary(path("Echo"))(payload, compression=grpc.Compression.Gzip) == payload

    run(main())
