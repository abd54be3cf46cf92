"""Many RPCs of all kinds at once, cancelled and expired at random, leave nothing behind."""

from __future__ import annotations

import gc
import queue
import random
import threading
import weakref
from typing import TYPE_CHECKING, Any, Iterable, List, Tuple

import pytest

from grpc.framework.common.cardinality import Cardinality
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.face import face
from tests.framework.crust import programs
from tests.framework.crust.invocations import BLOCKING, SHAPES_AND_STYLES, Invocation, invoke
from tests.framework.crust.programs import SERVICE_STYLES, Program, many_requests
from tests.framework.crust.worlds import GROUP, LIMIT, METHOD

if TYPE_CHECKING:
    from grpc.framework.foundation import stream
    from tests.framework.crust.worlds import MakeWorld, World

CALLS = 200
Kind = face.Abortion.Kind


class Mixed(face.MultiMethodImplementation):
    """Serves a program in the shape and style that the method's name says, and remembers each RPC weakly.

    Attributes:
        seen: The RPCs.
        blocking: Gets something for every RPC whose invoker waits for it.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self.seen: List[weakref.ref[Any]] = []
        self.blocking: queue.SimpleQueue[None] = queue.SimpleQueue()

    def service(
        self, group: str, method: str, response_consumer: stream.Consumer[Any], context: face.ServicerContext
    ) -> Any:
        self.seen.append(weakref.ref(context))
        shape_name, style, invocation_style = method.split("/")
        if invocation_style == BLOCKING:
            self.blocking.put(None)
        multi = programs.Multi(self._program, Cardinality[shape_name], style)
        if style in (programs.INLINE, programs.EVENT):
            return programs.method_of(self._program, Cardinality[shape_name], style)
        return multi.service(GROUP, METHOD, response_consumer, context)


class Whimsical(Program):
    """Does what the request says."""

    def answer(self, request: bytes, context: face.ServicerContext) -> Iterable[Any]:
        if request == b"hold":
            return [programs.HOLD]
        if request == b"cancel":
            context.cancel()
        if request == b"raise":
            raise abandonment.Abandoned
        return [request] * 3


def begin(world: World, chance: random.Random) -> Tuple[Invocation, bool]:
    """Begin any RPC; tell whether it has to be ended from outside."""
    shape, style = chance.choice(SHAPES_AND_STYLES)
    name = f"{shape.name}/{chance.choice(SERVICE_STYLES)}/{style}"
    fate = chance.choice([b"go", b"go", b"hold", b"hold", b"cancel", b"raise"])
    timeout = chance.choice([None, *range(1, 10)]) if fate != b"hold" or style != BLOCKING else chance.randint(1, 9)

    requests = [*[b"a"] * (many_requests(shape) * chance.randint(0, 9)), fate]
    return invoke(world, shape, style, iter(requests), timeout, name=name), fate == b"hold"


@pytest.mark.parametrize("seed", range(3))
def test_parallel_calls_with_random_cancels_and_expiries_leave_nothing_behind(make_world: MakeWorld, seed: int) -> None:
    chance = random.Random(seed)
    multi = Mixed(Whimsical())
    threads_before = set(threading.enumerate())
    world = make_world({}, multi, threads=CALLS)
    begun = [begin(world, chance) for _ in range(CALLS)]
    for invocation, _ in begun:
        if invocation.call is None:
            multi.blocking.get(timeout=LIMIT)  # has begun, in a thread of its own, before the clock is moved
    chance.shuffle(begun)
    for invocation, held in begun:
        if invocation.call is not None and chance.random() < (0.5 if held else 0.1):
            invocation.call.cancel()
        if chance.random() < 0.02:
            world.environment.advance(1.0)
    world.environment.advance(10.0)
    for invocation, held in begun:
        if held and invocation.call is not None:
            invocation.call.cancel()
    kinds = {invocation.ended().kind for invocation, _ in begun}
    assert kinds == {None, Kind.CANCELLED, Kind.EXPIRED, Kind.REMOTE_FAILURE}
    world.assert_nothing_left()
    assert sum(world.outcomes()[0].values()) == CALLS
    ours = {thread for thread in threading.enumerate() if thread not in threads_before}
    assert all(thread.name.startswith(("logging_pool", "ThreadPoolExecutor")) for thread in ours)
    calls = [weakref.ref(invocation.call) for invocation, _ in begun if invocation.call is not None]
    world.close()
    assert not [thread for thread in ours if thread.is_alive()]
    program_contexts = multi._program.contexts
    while not program_contexts.empty():
        program_contexts.get()
    del begun, invocation, held
    gc.collect()
    assert [reference() for reference in calls + multi.seen if reference() is not None] == []
