"""Channels: their states, where they live, and how they end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import grpc
from grpc import ChannelConnectivity as State
from grpc import aio
from tests.aio.conftest import Run, Serve, failure_of, path, serving, unary

Context = aio.ServicerContext[Any, Any]


async def echo(request: bytes, context: Context) -> bytes:
    return request


async def hang(request: bytes, context: Context) -> bytes:
    await asyncio.Event().wait()
    return b""


class TestConnectivity:
    def test_a_channel_connects_when_it_is_asked_to(self, run: Run) -> None:
        async def main() -> None:
            async with serving("tcp", {}) as (_, channel):
                assert channel.get_state() is State.IDLE
                channel.get_state(try_to_connect=True)
                await channel.wait_for_state_change(State.IDLE)
                await channel.channel_ready()
                assert channel.get_state() is State.READY
            assert channel.get_state() is State.SHUTDOWN

        run(main())

    def test_waiting_for_a_change_that_has_come_already_does_not_wait(self, run: Run) -> None:
        async def main() -> None:
            async with serving("tcp", {}) as (_, channel):
                await channel.wait_for_state_change(State.READY)

        run(main())

    def test_closing_is_a_change(self, run: Run) -> None:
        async def main() -> None:
            async with serving("tcp", {}) as (_, channel):
                waiting = asyncio.ensure_future(channel.wait_for_state_change(State.IDLE))
                await asyncio.sleep(0)
                await channel.close()
                await waiting
                with pytest.raises(aio.UsageError, match="closed"):
                    await channel.channel_ready()

        run(main())

    def test_what_cannot_connect_has_failed_for_the_time_being(self, run: Run) -> None:
        async def main() -> None:
            async with aio.insecure_channel("unix:/nonexistent/socket") as channel:
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(channel.channel_ready(), 0.05)
                assert channel.get_state() in (State.TRANSIENT_FAILURE, State.CONNECTING)
                error = await failure_of(channel.unary_unary(path("Echo"))(b""))
                assert error.code() is grpc.StatusCode.UNAVAILABLE
                assert isinstance(error.__cause__, OSError)
                assert type(error.__cause__).__name__ in error.debug_error_string()

        run(main())

    def test_a_call_may_wait_until_the_server_is_there(self, run: Run) -> None:
        async def main() -> None:
            async with serving("tcp", {}) as (server, _):
                port = server.add_insecure_port("127.0.0.1:0")
            async with aio.insecure_channel(
                f"127.0.0.1:{port}", options=[("grpc.initial_reconnect_backoff_ms", 100)]
            ) as channel:
                call = channel.unary_unary(path("Echo"))(b"x", wait_for_ready=True, timeout=20)
                await channel.wait_for_state_change(State.IDLE)
                server = aio.server()
                server.add_registered_method_handlers("tests.Service", {"Echo": unary(echo)})
                assert server.add_insecure_port(f"127.0.0.1:{port}") == port
                await server.start()
                assert await call == b"x"
                await server.stop(None)

        run(main())


class TestClosing:
    def test_running_calls_are_cancelled(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Hang=unary(hang)) as channel:
                call = channel.unary_unary(path("Hang"))(b"")
                await channel.close()
                await channel.close()
                assert call.cancelled()
                with pytest.raises(asyncio.CancelledError):
                    await call
                assert await call.code() is grpc.StatusCode.CANCELLED

        run(main())

    def test_no_call_can_be_begun_afterwards(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Echo=unary(echo)) as channel:
                call = channel.unary_unary(path("Echo"))
                await channel.close()
                with pytest.raises(aio.UsageError, match="closed"):
                    call(b"")

        run(main())

    def test_grace_lets_running_calls_end(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            release = asyncio.Event()

            async def behavior(request: bytes, context: Context) -> bytes:
                await release.wait()
                return b"done"

            async with serve(Wait=unary(behavior)) as channel:
                call = channel.unary_unary(path("Wait"))(b"")
                closing = asyncio.ensure_future(channel.close(20))
                await asyncio.sleep(0)  # the task begins
                with pytest.raises(aio.UsageError, match="closed"):
                    channel.unary_unary(path("Wait"))(b"")
                assert not closing.done()
                release.set()
                assert await call == b"done"
                await closing

        run(main())

    def test_grace_ends(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve(Hang=unary(hang)) as channel:
                call = channel.unary_unary(path("Hang"))(b"")
                await channel.close(0.02)
                assert call.cancelled()

        run(main())

    def test_grace_without_calls_does_not_wait(self, run: Run, serve: Serve) -> None:
        async def main() -> None:
            async with serve() as channel:
                await channel.close(1000)

        run(main())


class TestLoops:
    def test_a_channel_made_before_its_loop_belongs_to_that_of_its_first_use(self, run: Run) -> None:
        async def serve() -> None:
            async with serving("tcp", {"Echo": unary(echo)}) as (server, _):
                port = server.add_insecure_port("127.0.0.1:0")
                channel, call = await asyncio.get_running_loop().run_in_executor(None, make, port)
                async with channel:
                    assert await call(b"x") == b"x"

        def make(port: int) -> Any:
            channel = aio.insecure_channel(f"127.0.0.1:{port}")
            return channel, channel.unary_unary(path("Echo"))

        run(serve())

    def test_one_that_was_never_used_can_be_closed_anywhere(self) -> None:
        channel = aio.insecure_channel("127.0.0.1:1")
        assert repr(channel) == "<grpc.aio.Channel to a loop to come>"
        asyncio.run(channel.close())


class TestArguments:
    @pytest.mark.parametrize(
        ("make", "error"),
        [
            (lambda: aio.insecure_channel(5), TypeError),  # type: ignore[arg-type]
            (lambda: aio.insecure_channel(""), ValueError),
            (lambda: aio.insecure_channel("x", interceptors=[object()]), ValueError),  # type: ignore[list-item]
            (lambda: aio.insecure_channel("x", options=[("grpc.max_receive_message_length", "x")]), TypeError),
            (lambda: aio.secure_channel("x", object()), TypeError),  # type: ignore[arg-type]
            (lambda: aio.inprocess_channel(object()), TypeError),
        ],
    )
    def test_what_is_wrong_is_said_when_the_channel_is_made(self, run: Run, make: Any, error: Any) -> None:
        async def main() -> None:
            with pytest.raises(error):
                make()

        run(main())

    def test_a_method_is_named_as_methods_are(self, run: Run) -> None:
        async def main() -> None:
            async with aio.insecure_channel("127.0.0.1:1") as channel:
                for make in (channel.unary_unary, channel.unary_stream, channel.stream_unary, channel.stream_stream):
                    with pytest.raises(ValueError, match="a method is named"):
                        make("no-slash")

        run(main())

    def test_a_channel_prints_its_target(self, run: Run) -> None:
        async def main() -> None:
            async with aio.insecure_channel("127.0.0.1:1") as channel:
                assert repr(channel) == "<grpc.aio.Channel to '127.0.0.1:1'>"
            assert repr(channel) == "<grpc.aio.Channel to '127.0.0.1:1', closed>"

        run(main())


@pytest.mark.parametrize("state", [State.SHUTDOWN, State.IDLE])
def test_a_closed_channel_has_no_change_to_be_waited_for(run: Run, state: State) -> None:
    async def main() -> None:
        channel = aio.insecure_channel("127.0.0.1:1")
        await channel.close()
        with pytest.raises(aio.UsageError, match="closed"):
            await asyncio.wait_for(channel.wait_for_state_change(state), 20)

    run(main())
