"""Servers: fairness, how many calls run at once, and how it all ends."""

from __future__ import annotations

import asyncio
import logging
from concurrent import futures
from typing import Any, List

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, Serve, failure_of, handlers, many_turns, path, serving, unary

Context = aio.ServicerContext[Any, Any]


async def echo(request: bytes, context: Context) -> bytes:
    return request


class TestFairness:
    def test_a_handler_that_always_finds_room_does_not_hold_up_others(self, run: Run, serve: Serve) -> None:
        async def endless(request: bytes, context: Context) -> None:
            while True:
                await context.write(b"x")

        async def main() -> None:
            async with serve(Endless=grpc.unary_stream_rpc_method_handler(endless), Echo=unary(echo)) as channel:
                call = channel.unary_stream(path("Endless"))(b"")
                await call.read()
                for _ in range(10):
                    await channel.unary_unary(path("Echo"))(b"", timeout=5)
                call.cancel()

        run(main())


class TestLimits:
    def test_what_is_too_many_at_once_is_refused(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            begun, release = asyncio.Event(), asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                begun.set()
                await release.wait()
                return b"done"

            async with serve(Wait=unary(behavior), options={"maximum_concurrent_rpcs": 1}) as channel:
                call = channel.unary_unary(path("Wait"))
                first = call(b"")
                await begun.wait()
                assert (await failure_of(call(b""))).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
                release.set()
                assert await first == b"done"
                assert await call(b"") == b"done"

        run(main())

    @pytest.mark.parametrize("number", [0, -1, True, "1"])
    def test_a_limit_that_is_none_is_refused(self, run: Run, number: Any) -> None:
        async def main() -> None:
            with pytest.raises(ValueError, match="maximum_concurrent_rpcs"):
                aio.server(maximum_concurrent_rpcs=number)

        run(main())


class TestLife:
    def test_a_server_is_started_once(self, run: Run) -> None:
        async def main() -> None:
            server = aio.server()
            await server.start()
            with pytest.raises(aio.UsageError, match="once"):
                await server.start()
            await server.stop(None)

        run(main())

    def test_one_that_was_not_started_can_be_stopped(self, run: Run) -> None:
        async def main() -> None:
            server = aio.server()
            server.add_insecure_port("127.0.0.1:0")
            await server.stop(None)
            await server.stop(None)
            assert not await server.wait_for_termination(1)

        run(main())

    def test_a_port_that_is_taken_is_refused(self, run: Run) -> None:
        async def main() -> None:
            server = aio.server()
            port = server.add_insecure_port("127.0.0.1:0")
            with pytest.raises(RuntimeError, match=f"127.0.0.1:{port}"):
                server.add_insecure_port(f"127.0.0.1:{port}")
            await server.stop(None)

        run(main())

    def test_it_needs_a_running_loop(self) -> None:
        with pytest.raises(RuntimeError, match="no running event loop"):
            aio.server()

    def test_what_is_no_handler_or_interceptor_is_refused(self, run: Run) -> None:
        async def main() -> None:
            with pytest.raises(AttributeError, match="no service method"):
                aio.server(handlers=[object()])  # type: ignore[list-item]
            with pytest.raises(ValueError, match="interceptor"):
                aio.server(interceptors=[object()])
            server = aio.server()
            with pytest.raises(ValueError, match="grace"):
                await server.stop(-1)
            await server.stop(None)

        run(main())

    def test_stopping_without_grace_cancels_handlers_and_waits_for_them(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            begun, cancelled, release = asyncio.Event(), asyncio.Event(), asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                begun.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    cancelled.set()
                    await release.wait()
                    raise
                return b""

            server = aio.server(handlers=handlers(Hang=unary(behavior)))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                call = channel.unary_unary(path("Hang"))(b"")
                await begun.wait()
                stopping = asyncio.ensure_future(server.stop(None))
                await cancelled.wait()
                assert (await failure_of(call)).code() is grpc.StatusCode.UNAVAILABLE
                await many_turns()
                assert not stopping.done()
                release.set()
                await stopping

        run(main())

    def test_grace_lets_running_calls_end_and_refuses_new_ones(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            begun, release = asyncio.Event(), asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                begun.set()
                await release.wait()
                return b"done"

            server = aio.server(handlers=handlers(Wait=unary(behavior)))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                call = channel.unary_unary(path("Wait"))(b"")
                await begun.wait()
                stopping = asyncio.ensure_future(server.stop(20))
                await asyncio.sleep(0)
                assert (await failure_of(channel.unary_unary(path("Wait"))(b""))).code() is grpc.StatusCode.UNAVAILABLE
                assert not stopping.done()
                release.set()
                assert await call == b"done"
                await stopping

        run(main())

    def test_grace_ends(self, run: Run) -> None:
        async def main() -> None:
            begun = asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                begun.set()
                await asyncio.Event().wait()
                return b""

            async with serving("tcp", {"Hang": unary(behavior)}) as (server, channel):
                call = channel.unary_unary(path("Hang"))(b"")
                await begun.wait()
                await server.stop(0.02)
                assert (await failure_of(call)).code() is grpc.StatusCode.UNAVAILABLE

        run(main())

    def test_a_later_stop_may_shorten_the_grace(self, run: Run) -> None:
        async def main() -> None:
            begun = asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                begun.set()
                await asyncio.Event().wait()
                return b""

            async with serving("tcp", {"Hang": unary(behavior)}) as (server, channel):
                call = channel.unary_unary(path("Hang"))(b"")
                await begun.wait()
                patient = asyncio.ensure_future(server.stop(1000))
                await asyncio.sleep(0)
                await server.stop(None)
                await patient
                await failure_of(call)

        run(main())

    def test_waiting_for_the_termination_tells_whether_time_ran_out(self, run: Run) -> None:
        async def main() -> None:
            server = aio.server()
            await server.start()
            assert await server.wait_for_termination(0.01) is True
            waiting = asyncio.ensure_future(server.wait_for_termination())
            await asyncio.sleep(0)
            await server.stop(None)
            assert await waiting is False

        run(main())

    def test_a_handler_may_stop_its_own_server(self, run: Run) -> None:
        async def main() -> None:
            async def behavior(request: bytes, context: Context) -> bytes:
                try:
                    await server.stop(None)
                finally:
                    await server.stop(None)  # it does not wait for itself
                return b""

            server = aio.server(handlers=handlers(Stop=unary(behavior)))
            port = server.add_insecure_port("127.0.0.1:0")
            await server.start()
            async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                await failure_of(channel.unary_unary(path("Stop"))(b""))
                await server.wait_for_termination()

        run(main())


def test_a_call_that_ends_before_its_handler_begins_leaves_nothing(run: Run) -> None:
    begun = []

    async def behavior(request: bytes, context: Context) -> bytes:
        begun.append(request)
        return b""

    async def main() -> None:
        async with serving("inprocess", {"Never": unary(behavior)}) as (server, channel):
            call = channel.unary_unary(path("Never"))(b"cancelled at once")
            call.cancel()
            await channel.unary_unary(path("Never"))(b"after it")
            await server.stop(None)

    run(main())
    assert begun == [b"after it"]


def test_many_loops_in_many_threads_have_their_own_servers_and_channels() -> None:
    async def main() -> List[bytes]:
        async with serving("tcp", {"Echo": unary(echo)}) as (_, channel):
            call = channel.unary_unary(path("Echo"))
            return await asyncio.gather(*(call(b"%d" % number) for number in range(20)))

    with futures.ThreadPoolExecutor(4) as pool:
        for answers in [pool.submit(asyncio.run, main()) for _ in range(4)]:
            assert answers.result(30) == [b"%d" % number for number in range(20)]


@pytest.mark.parametrize(
    ("error", "logged"),
    [(ValueError("cleaning up failed"), 1), (aio.UsageError("too late"), 0), (asyncio.CancelledError(), 0)],
    ids=repr,
)
def test_what_a_cancelled_handler_raises_is_logged_unless_that_is_about_the_end(
    run: Run, caplog: pytest.LogCaptureFixture, error: BaseException, logged: int
) -> None:
    async def behavior(request: bytes, context: Context) -> bytes:
        hanging.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            failed.set()
            raise error from None
        return b""

    async def main() -> None:
        nonlocal hanging, failed
        hanging, failed = asyncio.Event(), asyncio.Event()
        async with serving("tcp", {"Hang": unary(behavior)}) as (_, channel):
            call = channel.unary_unary(path("Hang"))(b"")
            await hanging.wait()
            call.cancel()
            await failed.wait()

    hanging: asyncio.Event
    failed: asyncio.Event

    run(main())
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == logged
