"""What must hold of an RPC that nothing happens to, in every shape and style.

Modules that inherit the rules provide the fixture `make_world`, which says over which Ends. Payloads are bytes,
metadata are pairs of strings and codes small integers, so that the rules can hold over any transport.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, List

import pytest

from tests.framework.crust import invocations, programs
from tests.framework.crust.invocations import BLOCKING, SHAPES_AND_STYLES, STUB_KINDS, invoke
from tests.framework.crust.programs import SERVICE_STYLES, Program, many_requests, many_responses, served

if TYPE_CHECKING:
    from grpc.framework.common.cardinality import Cardinality
    from grpc.framework.interfaces.face import face
    from tests.framework.crust.worlds import MakeWorld

REQUESTS = [b"a", b"b", b"c"]

every_invocation = pytest.mark.parametrize(
    ("shape", "style"), SHAPES_AND_STYLES, ids=lambda value: getattr(value, "name", value)
)
every_service = pytest.mark.parametrize("service_style", SERVICE_STYLES)


def expected(shape: Cardinality, requests: List[bytes]) -> List[bytes]:
    """The responses of a plain `Program`."""
    answers = [*(requests if many_requests(shape) else requests[:1]), b"end"]
    return answers if many_responses(shape) else [b",".join(answers)]


class Saying(Program):
    """Says all that a service can say besides responses."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: List[Any] = []

    def begin(self, context: face.ServicerContext) -> None:
        self.heard.append(context.invocation_metadata())
        self.heard.append(context.is_active())
        self.heard.append(context.time_remaining())
        context.initial_metadata((("initial", "1"),))
        context.terminal_metadata((("terminal", "2"),))
        context.code(0)
        context.details("well")


class CallRules:
    """See the module."""

    @every_invocation
    @every_service
    @pytest.mark.parametrize("kind", STUB_KINDS)
    def test_values_arrive_in_order(
        self, make_world: MakeWorld, shape: Cardinality, style: str, service_style: str, kind: str
    ) -> None:
        program = Program()
        world = make_world(*served(program, shape, service_style))
        ended = invoke(world, shape, style, iter(REQUESTS), 10.0, kind=kind).ended()
        assert (ended.kind, ended.responses) == (None, expected(shape, REQUESTS))
        world.assert_nothing_left()
        assert program.abortions.empty()

    @every_invocation
    @every_service
    def test_each_side_hears_what_the_other_says_besides(
        self, make_world: MakeWorld, shape: Cardinality, style: str, service_style: str
    ) -> None:
        program = Saying()
        world = make_world(*served(program, shape, service_style))
        ended = invoke(world, shape, style, iter(REQUESTS), 10.0, metadata=(("key", "value"),)).ended()
        assert program.heard == [(("key", "value"),), True, 10.0]
        assert ended == (None, expected(shape, REQUESTS), (("initial", "1"),), (("terminal", "2"),), 0, "well")

    @every_invocation
    @every_service
    def test_what_is_not_said_is_none_on_the_other_side(
        self, make_world: MakeWorld, shape: Cardinality, style: str, service_style: str
    ) -> None:
        program = Program()
        world = make_world(*served(program, shape, service_style))
        ended = invoke(world, shape, style, iter(REQUESTS)).ended()
        assert (ended.initial_metadata or None, ended.terminal_metadata or None) == (None, None)
        context = program.contexts.get()
        assert context.invocation_metadata() is None or not context.invocation_metadata()

    @every_invocation
    @every_service
    def test_an_rpc_without_timeout_has_no_deadline(
        self, make_world: MakeWorld, shape: Cardinality, style: str, service_style: str
    ) -> None:
        program = Saying()
        world = make_world(*served(program, shape, service_style))
        assert invoke(world, shape, style, iter(REQUESTS)).ended().kind is None
        assert program.heard[2] is None

    @every_invocation
    @every_service
    def test_an_abortion_callback_is_not_called_for_an_rpc_that_completed(
        self, make_world: MakeWorld, shape: Cardinality, style: str, service_style: str
    ) -> None:
        world = make_world(*served(Program(), shape, service_style))
        invocation = invoke(world, shape, style, iter(REQUESTS))
        told: List[Any] = []
        if style != BLOCKING:
            invocation.call.add_abortion_callback(told.append)
        assert invocation.ended().kind is None
        if style != BLOCKING:
            invocation.call.add_abortion_callback(told.append)
        assert told == []

    @pytest.mark.parametrize("shape", [programs.STREAM_UNARY, programs.STREAM_STREAM], ids=lambda shape: shape.name)
    @every_service
    def test_a_stream_of_requests_may_be_empty(
        self, make_world: MakeWorld, shape: Cardinality, service_style: str
    ) -> None:
        for style in invocations.styles_of(shape):
            world = make_world(*served(Program(), shape, service_style))
            assert invoke(world, shape, style, iter(())).ended().responses == [b"end"]

    @pytest.mark.parametrize("at_hand", [False, True], ids=["generator", "list iterator"])
    @every_invocation
    @every_service
    def test_streams_longer_than_any_window_arrive_whole(
        self, make_world: MakeWorld, shape: Cardinality, style: str, service_style: str, at_hand: bool
    ) -> None:
        class Multiplying(Program):
            def answer(self, request: bytes, context: face.ServicerContext) -> Iterable[Any]:
                return [request] if many_requests(shape) else [b"%d" % number for number in range(700)]

        world = make_world(*served(Multiplying(), shape, service_style))
        numbers = [b"%d" % number for number in range(700)]
        requests = iter(numbers) if at_hand else (number for number in numbers)
        ended = invoke(world, shape, style, requests).ended()
        answers = [*numbers, b"end"]
        assert (ended.kind, ended.responses) == (None, answers if many_responses(shape) else [b",".join(answers)])

    @every_invocation
    def test_the_accessors_of_a_call_answer_before_and_after_the_end(
        self, make_world: MakeWorld, shape: Cardinality, style: str
    ) -> None:
        if style == BLOCKING:
            return  # has a call only after the end, see test_each_side_hears_what_the_other_says_besides

        class Waiting(Saying):
            def answer(self, request: bytes, context: face.ServicerContext) -> Iterable[Any]:
                assert program_may_go_on.result(10.0)
                return super().answer(request, context)

        world = make_world(*served(Waiting(), shape, programs.INLINE))
        program_may_go_on: Any = type(world.aside.submit(bool))()
        call = invoke(world, shape, style, iter(REQUESTS), 10.0).call
        assert call.initial_metadata() == (("initial", "1"),)
        assert call.is_active()
        assert call.time_remaining() == 10.0
        accessors = [call.terminal_metadata, call.code, call.details]
        waiting = [world.aside.submit(accessor) for accessor in accessors]
        assert not any(accessor.done() for accessor in waiting)
        program_may_go_on.set_result(True)
        if hasattr(call, "__next__"):
            list(call)
        assert [accessor.result(10.0) for accessor in waiting] == [(("terminal", "2"),), 0, "well"]
        assert [accessor() for accessor in accessors] == [(("terminal", "2"),), 0, "well"]
        assert call.initial_metadata() == (("initial", "1"),)
        assert not call.is_active()
        assert call.time_remaining() == 0.0
