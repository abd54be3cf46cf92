"""What must hold of an RPC that is called off, expires or is shut down, at every point of it.

Modules that inherit the rules provide the fixture `make_world`, which says over which Ends.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Tuple

import pytest

from grpc.framework.interfaces.face import face
from tests.framework.crust import programs
from tests.framework.crust.call_rules import every_invocation
from tests.framework.crust.invocations import BLOCKING, EVENT, Invocation, invoke
from tests.framework.crust.programs import HOLD, Program, many_requests, served
from tests.framework.crust.worlds import LIMIT

if TYPE_CHECKING:
    from grpc.framework.common.cardinality import Cardinality
    from tests.framework.crust.worlds import MakeWorld, World

Kind = face.Abortion.Kind

TIMEOUT = 5.0

Action = Callable[["World", Invocation, face.ServicerContext], object]

# What is done to the RPC, and what the invocation and the service side call it.
ACTIONS: Dict[str, Tuple[Action, Kind, Kind]] = {
    "invoker cancels": (lambda world, invocation, context: invocation.call.cancel(), Kind.CANCELLED, Kind.CANCELLED),
    "service cancels": (lambda world, invocation, context: context.cancel(), Kind.CANCELLED, Kind.CANCELLED),
    "expires": (lambda world, invocation, context: world.environment.advance(TIMEOUT), Kind.EXPIRED, Kind.EXPIRED),
    "invocation end stops": (
        lambda world, invocation, context: world.invocation_end.stop(0),
        Kind.LOCAL_SHUTDOWN,
        Kind.REMOTE_SHUTDOWN,
    ),
    "service end stops": (
        lambda world, invocation, context: world.service_end.stop(0),
        Kind.REMOTE_SHUTDOWN,
        Kind.LOCAL_SHUTDOWN,
    ),
}

every_action = pytest.mark.parametrize("action", ACTIONS)
SERVICES = [programs.INLINE, programs.EVENT, programs.MULTI_CONSUMER]


class Holding(Program):
    """Holds when it is asked to; before that it has said initial metadata."""

    def begin(self, context: face.ServicerContext) -> None:
        context.initial_metadata((("initial", "1"),))

    def answer(self, request: bytes, context: face.ServicerContext) -> Iterable[Any]:
        return [HOLD] if request == b"hold" else [request, HOLD] if request == b"then hold" else [request]


def check(
    world: World, program: Holding, invocation: Invocation, action: str, style: str, responses: List[bytes]
) -> None:
    """Do it, and see that both sides are told once, and that nothing is left."""
    act, invocation_kind, service_kind = ACTIONS[action]
    told: queue.SimpleQueue[face.Abortion] = queue.SimpleQueue()
    if style != BLOCKING:
        invocation.call.add_abortion_callback(told.put)
    context = program.contexts.get(timeout=LIMIT)
    act(world, invocation, context)
    ended = invocation.ended()
    assert ended.kind is invocation_kind
    assert ended.initial_metadata == (("initial", "1"),)
    assert ended.responses == responses
    assert program.abortions.get(timeout=LIMIT).kind is service_kind
    world.assert_nothing_left()
    assert not context.is_active()
    assert context.time_remaining() == 0.0
    if style != BLOCKING:
        assert told.get(timeout=LIMIT).kind is invocation_kind
        invocation.call.add_abortion_callback(told.put)
        assert told.get_nowait().kind is invocation_kind  # at once, the RPC having been aborted
        assert not invocation.call.is_active()
        assert invocation.call.cancel() is False  # has no effect
        assert invocation.call.code() == ended.code
    assert told.empty()
    assert program.abortions.empty()
    if invocation.receiver is not None:
        assert [what[0] for what in invocation.receiver.told].count("abortion") == 1


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets the iterators go on that block for the sake of a test; at its end at the latest."""
    event = threading.Event()
    yield event
    event.set()


class EndingRules:
    """See the module."""

    @every_invocation
    @pytest.mark.parametrize("service_style", SERVICES)
    @every_action
    def test_ends_while_the_service_works_on_the_first_request(
        self, make_world: MakeWorld, shape: Cardinality, style: str, service_style: str, action: str
    ) -> None:
        if action == "invoker cancels" and style == BLOCKING:
            return  # nobody has a call to cancel
        program = Holding()
        world = make_world(*served(program, shape, service_style))
        invocation = invoke(world, shape, style, iter([b"hold"]), TIMEOUT, terminate=False)
        assert program.held.wait(LIMIT)
        check(world, program, invocation, action, style, [])

    @pytest.mark.parametrize("style", ["inline", EVENT])
    @pytest.mark.parametrize(
        "shape", [programs.UNARY_STREAM, programs.STREAM_STREAM], ids=lambda shape: str(shape.name)
    )
    @pytest.mark.parametrize("service_style", SERVICES)
    @every_action
    def test_ends_between_responses(
        self, make_world: MakeWorld, shape: Cardinality, style: str, service_style: str, action: str
    ) -> None:
        program = Holding()
        world = make_world(*served(program, shape, service_style))
        invocation = invoke(world, shape, style, iter([b"then hold"]), TIMEOUT, terminate=False)
        if style == EVENT:
            # The receiver is called in the pool; it must have been told before the end, which drops what it was not.
            assert invocation.receiver is not None
            while ("response", b"then hold") not in invocation.receiver.told:
                world.stub_pool.submit(bool).result(LIMIT)  # type: ignore[union-attr]
        else:
            invocation.draw(1)
        assert program.held.wait(LIMIT)
        check(world, program, invocation, action, style, [b"then hold"])

    @every_invocation
    @pytest.mark.parametrize("service_style", SERVICES)
    @every_action
    def test_ends_while_the_next_request_is_awaited(
        self,
        make_world: MakeWorld,
        shape: Cardinality,
        style: str,
        service_style: str,
        action: str,
        release: threading.Event,
    ) -> None:
        if not many_requests(shape) or (action == "invoker cancels" and style == BLOCKING):
            return
        arrived = threading.Event()

        class Noticing(Holding):
            def answer(self, request: bytes, context: face.ServicerContext) -> Iterable[Any]:
                arrived.set()
                return []

        def requests() -> Iterator[bytes]:
            yield b"a"
            if style != EVENT:
                assert release.wait(LIMIT)
                yield b"nobody wants this"

        program = Noticing()
        world = make_world(*served(program, shape, service_style))
        invocation = invoke(world, shape, style, requests(), TIMEOUT, terminate=False)
        assert arrived.wait(LIMIT)
        check(world, program, invocation, action, style, [])

    @every_invocation
    @every_action
    def test_what_happens_after_the_end_changes_nothing(
        self, make_world: MakeWorld, shape: Cardinality, style: str, action: str
    ) -> None:
        program = Program()
        world = make_world(*served(program, shape, programs.INLINE))
        invocation = invoke(world, shape, style, iter([b"a"]), TIMEOUT)
        ended = invocation.ended()
        world.await_idle()
        before = world.outcomes()
        if invocation.call is not None:
            told: List[Any] = []
            invocation.call.add_abortion_callback(told.append)
            ACTIONS[action][0](world, invocation, program.contexts.get(timeout=LIMIT))
            assert told == []
            assert invocation.call.code() == ended.code
            assert not invocation.call.cancelled()
        assert world.outcomes() == before
        assert program.abortions.empty()

    @every_invocation
    @pytest.mark.parametrize("timeout", [0, 0.0])
    def test_a_timeout_of_nothing_expires_at_once(
        self, make_world: MakeWorld, shape: Cardinality, style: str, timeout: float
    ) -> None:
        world = make_world(*served(Program(), shape, programs.INLINE))
        invocation = invoke(world, shape, style, iter(()) if many_requests(shape) else iter([b"a"]), timeout)
        assert invocation.ended().kind is Kind.EXPIRED

    @every_invocation
    def test_an_end_that_has_stopped_takes_no_more_rpcs(
        self, make_world: MakeWorld, shape: Cardinality, style: str
    ) -> None:
        world = make_world(*served(Program(), shape, programs.INLINE))
        world.invocation_end.stop(0)
        invocation = invoke(world, shape, style, iter(()) if many_requests(shape) else iter([b"a"]), TIMEOUT)
        assert invocation.ended().kind is Kind.LOCAL_SHUTDOWN

    @every_invocation
    def test_a_service_end_that_has_stopped_refuses(
        self, make_world: MakeWorld, shape: Cardinality, style: str
    ) -> None:
        world = make_world(*served(Program(), shape, programs.INLINE))
        world.service_end.stop(0)
        invocation = invoke(world, shape, style, iter(()) if many_requests(shape) else iter([b"a"]), TIMEOUT)
        assert invocation.ended().kind is Kind.REMOTE_SHUTDOWN

    def test_responses_that_came_before_a_failure_of_the_service_are_still_drawn(self, make_world: MakeWorld) -> None:
        program = Holding()
        world = make_world(*served(program, programs.UNARY_STREAM, programs.EVENT))
        invocation = invoke(world, programs.UNARY_STREAM, "inline", iter([b"then hold"]), TIMEOUT)
        assert program.held.wait(LIMIT)
        world.service_end.stop(0)
        world.await_idle()
        assert not invocation.call.is_active()
        ended = invocation.ended()
        assert (ended.kind, ended.responses) == (Kind.REMOTE_SHUTDOWN, [b"then hold"])

    def test_responses_that_came_before_the_invoker_cancelled_are_dropped(self, make_world: MakeWorld) -> None:
        program = Holding()
        world = make_world(*served(program, programs.UNARY_STREAM, programs.EVENT))
        invocation = invoke(world, programs.UNARY_STREAM, "inline", iter([b"then hold"]), TIMEOUT)
        assert program.held.wait(LIMIT)
        invocation.call.cancel()
        ended = invocation.ended()
        assert (ended.kind, ended.responses) == (Kind.CANCELLED, [])
