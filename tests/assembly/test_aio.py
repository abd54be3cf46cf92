"""Client and server sides on a loop: calls that work, and ends that leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any, Callable, Coroutine, Dict, List, Optional, Set

import pytest

from grpc._assembly import aio, client
from grpc.framework.interfaces.face import face, utilities

PATIENCE = 10.0

Answer = Callable[[bytes], None]


class _Service(face.MultiMethodImplementation):
    """`Echo` answers in a task, `Hang` when told to, or never."""

    def __init__(self) -> None:
        self._tasks: Set[asyncio.Task[None]] = set()
        self.hanging: List[Answer] = []
        self.threads: Set[int] = set()
        self.came = asyncio.Event()

    def service(self, group: str, method: str, response_consumer: Any, context: Any) -> face.MethodImplementation:
        self.threads.add(threading.get_ident())
        if method == "Echo":
            return utilities.unary_unary_event(self._echo)
        if method == "Hang":
            return utilities.unary_unary_event(self._hang)
        raise face.NoSuchMethodError(group, method)

    def _echo(self, request: bytes, answer: Answer, context: Any) -> None:
        async def reply() -> None:
            answer(request)

        task = asyncio.get_running_loop().create_task(reply())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _hang(self, request: bytes, answer: Answer, context: Any) -> None:
        self.hanging.append(answer)
        self.came.set()


class _Sides:
    """A server that runs, and a client of it."""

    def __init__(self, **options: Any) -> None:
        self.service = _Service()
        self.server = aio.ServerSide(None, self.service, (), None, None, **options)
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.client = aio.over_http2(None, f"127.0.0.1:{port}", "tests", (), None, None)

    def begin(self, method: str, request: bytes = b"", timeout: Optional[float] = None) -> Any:
        """Begin a call; gives its Face future."""
        return self.client.stub.unary_unary("tests.Service", method).future(request, timeout)

    async def call(self, method: str, request: bytes = b"") -> Any:
        """Make a call and wait for its end."""
        return await ended(self.begin(method, request))

    async def close(self) -> None:
        """Close both, the client first."""
        self.client.close()
        await self.client.wait_closed()
        self.server.stop(None)
        await self.server.wait_stopped()


async def ended(rpc: Any) -> Any:
    """Wait for the end of a call."""
    done = asyncio.get_running_loop().create_future()
    rpc.add_done_callback(done.set_result)
    return await asyncio.wait_for(done, PATIENCE)


def run(scenario: Callable[[_Sides], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run a scenario in debug mode; nothing may complain, and no task may be left."""
    complaints: List[Any] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        sides = _Sides(**options)
        await scenario(sides)
        await sides.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main(), debug=True)
    gc.collect()
    assert complaints == []


def test_a_call_is_answered() -> None:
    async def scenario(sides: _Sides) -> None:
        assert (await sides.call("Echo", b"hello")).result() == b"hello"

    run(scenario)


def test_a_hundred_calls_at_once_are_answered() -> None:
    async def scenario(sides: _Sides) -> None:
        requests = [b"%d" % number for number in range(100)]
        calls = await asyncio.gather(*(sides.call("Echo", request) for request in requests))
        assert [call.result() for call in calls] == requests

    run(scenario)


def test_an_unknown_method_is_unimplemented() -> None:
    async def scenario(sides: _Sides) -> None:
        error = (await sides.call("Nothing")).exception()
        assert isinstance(error, face.AbortionError)

    run(scenario)


def test_a_blocking_call_is_refused_with_a_hint() -> None:
    async def scenario(sides: _Sides) -> None:
        with pytest.raises(RuntimeError, match="await it through the asynchronous API"):
            sides.client.stub.unary_unary("tests.Service", "Hang")(b"", None)

    run(scenario)


def test_closing_the_client_ends_its_calls() -> None:
    async def scenario(sides: _Sides) -> None:
        rpc = sides.begin("Hang")
        await asyncio.wait_for(sides.service.came.wait(), PATIENCE)
        sides.client.close()
        assert rpc.cancelled() or isinstance(rpc.exception(), face.AbortionError)

    run(scenario)


def test_a_stop_without_grace_aborts_what_runs() -> None:
    async def scenario(sides: _Sides) -> None:
        rpc = sides.begin("Hang")
        await asyncio.wait_for(sides.service.came.wait(), PATIENCE)
        sides.server.stop(None)
        await asyncio.wait_for(sides.server.wait_stopped(), PATIENCE)
        assert isinstance((await ended(rpc)).exception(), face.AbortionError)

    run(scenario)


def test_a_stop_with_grace_lets_what_runs_finish() -> None:
    async def scenario(sides: _Sides) -> None:
        rpc = sides.begin("Hang")
        await asyncio.wait_for(sides.service.came.wait(), PATIENCE)
        sides.server.stop(PATIENCE)
        sides.service.hanging[0](b"in time")
        assert (await ended(rpc)).result() == b"in time"
        await asyncio.wait_for(sides.server.wait_stopped(), PATIENCE)

    run(scenario)


def test_grace_comes_to_an_end() -> None:
    async def scenario(sides: _Sides) -> None:
        rpc = sides.begin("Hang")
        await asyncio.wait_for(sides.service.came.wait(), PATIENCE)
        sides.server.stop(0.01)
        assert isinstance((await ended(rpc)).exception(), face.AbortionError)
        await asyncio.wait_for(sides.server.wait_stopped(), PATIENCE)

    run(scenario)


def test_a_server_that_was_never_called_stops_at_once() -> None:
    async def scenario(sides: _Sides) -> None:
        sides.server.stop(None)
        await asyncio.wait_for(sides.server.wait_stopped(), PATIENCE)

    run(scenario)


def test_a_server_starts_once() -> None:
    async def scenario(sides: _Sides) -> None:
        with pytest.raises(ValueError, match="Cannot start already-started server"):
            sides.server.start()

    run(scenario)


def test_a_blocking_client_in_another_thread_may_be_joined_in_memory() -> None:
    async def scenario(sides: _Sides) -> None:
        answers: List[Optional[bytes]] = []

        def elsewhere() -> None:
            blocking = client.in_memory(sides.server, None)
            answers.append(blocking.stub.unary_unary("tests.Service", "Echo")(b"hello", PATIENCE))
            blocking.close()

        await asyncio.get_running_loop().run_in_executor(None, elsewhere)
        assert answers == [b"hello"]
        assert sides.service.threads == {threading.get_ident()}

    run(scenario)


@pytest.mark.parametrize(
    ("options", "timeout"),
    [({"default_timeout": 0.01}, None), ({"maximum_timeout": 0.01}, 100 * PATIENCE)],
    ids=["the default", "the maximum"],
)
def test_a_server_may_limit_the_time_of_a_call(options: Dict[str, float], timeout: Optional[float]) -> None:
    async def scenario(sides: _Sides) -> None:
        rpc = sides.begin("Hang", timeout=timeout)
        assert isinstance((await ended(rpc)).exception(), face.AbortionError)

    run(scenario, **options)


def test_a_method_may_have_an_implementation_of_its_own() -> None:
    def shout(request: bytes, answer: Answer, context: Any) -> None:
        answer(request.upper())

    async def scenario(sides: _Sides) -> None:
        assert (await sides.call("Echo", b"hello")).result() == b"HELLO"

    run(scenario, method_implementations={("tests.Service", "Echo"): utilities.unary_unary_event(shout)})


def test_whoever_wants_to_know_hears_once_that_all_has_ended() -> None:
    heard: List[str] = []

    async def scenario(sides: _Sides) -> None:
        await sides.call("Echo")
        assert heard == []
        sides.server.stop(None)
        sides.server.stop(None)
        await asyncio.wait_for(sides.server.wait_stopped(), PATIENCE)
        assert heard == ["ended"]

    run(scenario, ended=lambda: heard.append("ended"))
    assert heard == ["ended"]
