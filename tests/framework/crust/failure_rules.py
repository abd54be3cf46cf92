"""What must hold of an RPC when customers' code on either side fails.

Modules that inherit the rules provide the fixture `make_world`, which says over which Ends.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Iterable, Iterator, List

import pytest

from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.face import face, utilities
from tests.framework.crust import programs
from tests.framework.crust.call_rules import every_invocation, every_service
from tests.framework.crust.invocations import EVENT, STUB_KINDS, Receiver, invoke, styles_of
from tests.framework.crust.programs import Program, many_requests, many_responses, served
from tests.framework.crust.worlds import GROUP, LIMIT, METHOD

if TYPE_CHECKING:
    from grpc.framework.common.cardinality import Cardinality
    from tests.framework.crust.worlds import MakeWorld

Kind = face.Abortion.Kind

POINTS = ["begin", "answer", "finish"]


class Defect(Exception):
    """What goes wrong in these tests."""


class Failing(Program):
    """Raises at one point."""

    def __init__(self, point: str, error: BaseException) -> None:
        super().__init__()
        self._point = point
        self._error = error

    def begin(self, context: face.ServicerContext) -> None:
        self._reach("begin")

    def answer(self, request: bytes, context: face.ServicerContext) -> Iterable[Any]:
        self._reach("answer")
        return [request]

    def finish(self, context: face.ServicerContext) -> Iterable[Any]:
        self._reach("finish")
        return []

    def _reach(self, point: str) -> None:
        if point == self._point:
            raise self._error


def tracebacks(caplog: pytest.LogCaptureFixture) -> List[Any]:
    """The exceptions that were logged with their tracebacks."""
    return [record.exc_info[1] for record in caplog.records if record.exc_info]


class FailureRules:
    """See the module."""

    @every_invocation
    @every_service
    @pytest.mark.parametrize("point", POINTS)
    def test_a_method_that_raises_is_a_remote_failure_and_logged_once(
        self,
        make_world: MakeWorld,
        caplog: pytest.LogCaptureFixture,
        shape: Cardinality,
        style: str,
        service_style: str,
        point: str,
    ) -> None:
        program = Failing(point, Defect("of the method"))
        world = make_world(*served(program, shape, service_style))
        ended = invoke(world, shape, style, iter([b"a"])).ended()
        assert ended.kind is Kind.REMOTE_FAILURE
        assert ended.responses == ([b"a"] if many_responses(shape) and point == "finish" else [])
        assert program.abortions.get(timeout=LIMIT).kind is Kind.LOCAL_FAILURE
        world.assert_nothing_left()
        assert [str(error) for error in tracebacks(caplog)] == ["of the method"]

    @every_invocation
    @every_service
    @pytest.mark.parametrize("point", POINTS)
    def test_a_method_that_gives_up_is_a_remote_failure_and_nothing_is_logged(
        self,
        make_world: MakeWorld,
        caplog: pytest.LogCaptureFixture,
        shape: Cardinality,
        style: str,
        service_style: str,
        point: str,
    ) -> None:
        world = make_world(*served(Failing(point, abandonment.Abandoned()), shape, service_style))
        assert invoke(world, shape, style, iter([b"a"])).ended().kind is Kind.REMOTE_FAILURE
        world.assert_nothing_left()
        assert caplog.records == []

    @every_invocation
    @every_service
    @pytest.mark.parametrize("point", ["begin", "answer"])
    def test_a_method_that_ends_its_thread_ends_its_rpc_first(
        self, make_world: MakeWorld, shape: Cardinality, style: str, service_style: str, point: str
    ) -> None:
        world = make_world(*served(Failing(point, SystemExit()), shape, service_style))
        assert invoke(world, shape, style, iter([b"a"])).ended().kind is Kind.REMOTE_FAILURE
        world.assert_nothing_left()

    @pytest.mark.parametrize("error", [Defect("of the iterator"), abandonment.Abandoned()], ids=["error", "Abandoned"])
    @every_invocation
    @every_service
    def test_an_iterator_of_requests_that_raises_is_a_local_failure_and_logged_unless_it_gave_up(
        self,
        make_world: MakeWorld,
        caplog: pytest.LogCaptureFixture,
        shape: Cardinality,
        style: str,
        service_style: str,
        error: Exception,
    ) -> None:
        if not many_requests(shape) or style == EVENT:
            return

        def requests() -> Iterator[bytes]:
            yield b"a"
            raise error

        program = Program()
        world = make_world(*served(program, shape, service_style))
        ended = invoke(world, shape, style, requests()).ended()
        assert ended.kind is Kind.LOCAL_FAILURE
        world.assert_nothing_left()
        if not program.contexts.empty():
            # It may not have started: the failure may have overtaken the pool.
            assert program.abortions.empty() or program.abortions.get().kind is Kind.REMOTE_FAILURE
        assert [str(logged) for logged in tracebacks(caplog)] == ([str(error)] if isinstance(error, Defect) else [])

    @pytest.mark.parametrize("at_hand", [False, True], ids=["generator", "list iterator"])
    def test_none_among_the_requests_is_a_local_failure(
        self, make_world: MakeWorld, caplog: pytest.LogCaptureFixture, at_hand: bool
    ) -> None:
        world = make_world(*served(Program(), programs.STREAM_UNARY, programs.INLINE))
        requests: Any = iter([b"a", None]) if at_hand else (request for request in (b"a", None))
        assert invoke(world, programs.STREAM_UNARY, "future", requests).ended().kind is Kind.LOCAL_FAILURE
        assert [type(error) for error in tracebacks(caplog)] == [ValueError]

    @every_service
    def test_none_among_the_responses_is_a_remote_failure(
        self, make_world: MakeWorld, caplog: pytest.LogCaptureFixture, service_style: str
    ) -> None:
        class Empty(Program):
            def answer(self, request: bytes, context: face.ServicerContext) -> Iterable[Any]:
                return [None]

        world = make_world(*served(Empty(), programs.UNARY_STREAM, service_style))
        assert invoke(world, programs.UNARY_STREAM, "inline", [b"a"]).ended().kind is Kind.REMOTE_FAILURE
        world.assert_nothing_left()
        assert [type(error) for error in tracebacks(caplog)] == [ValueError]

    @pytest.mark.parametrize("at", ["initial_metadata", "response"])
    @pytest.mark.parametrize("give_up", [False, True])
    @pytest.mark.parametrize("shape", programs.SHAPES, ids=lambda shape: shape.name)
    def test_a_receiver_that_raises_is_a_local_failure_and_hears_nothing_but_that(
        self, make_world: MakeWorld, caplog: pytest.LogCaptureFixture, shape: Cardinality, at: str, give_up: bool
    ) -> None:
        class Raising(Receiver):
            pass

        def fail(self: Receiver, value: Any) -> None:
            self.told.append(("failed",))
            raise abandonment.Abandoned if give_up else Defect("of the receiver")

        class Waiting(Program):
            def begin(self, context: face.ServicerContext) -> None:
                context.initial_metadata((("initial", "1"),))

            def finish(self, context: face.ServicerContext) -> Iterable[Any]:
                return [programs.HOLD] if many_responses(shape) else [b"end"]

        setattr(Raising, at, fail)
        receiver = Raising()
        world = make_world(*served(Waiting(), shape, programs.INLINE))
        begin = getattr(world.stub, f"event_{shape.name.lower()}")
        if many_requests(shape):
            _, consumer = begin(GROUP, METHOD, receiver, receiver.abort, None)
            try:
                consumer.consume_and_terminate(b"a")
            except abandonment.Abandoned:
                assert at == "initial_metadata"  # the receiver may have heard of it by then
        else:
            begin(GROUP, METHOD, b"a", receiver, receiver.abort, None)
        assert receiver.ended.wait(LIMIT)
        world.assert_nothing_left()
        heard = [what for what in receiver.told if what[0] in ("failed", "abortion", "complete")]
        if heard[-1][0] == "abortion":
            assert [what[0] for what in heard] == ["failed", "abortion"]
            assert heard[-1][1].kind is Kind.LOCAL_FAILURE
        else:  # the RPC had completed before the receiver was told
            assert not many_responses(shape)
        assert [str(error) for error in tracebacks(caplog)] == ([] if give_up else ["of the receiver"])

    def test_a_receiver_that_raises_at_the_end_is_logged(
        self, make_world: MakeWorld, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Raising(Receiver):
            def complete(self, *values: Any) -> None:
                self.ended.set()
                raise Defect("of the receiver")

        receiver = Raising()
        world = make_world(*served(Program(), programs.UNARY_UNARY, programs.INLINE))
        call = world.stub.event_unary_unary(GROUP, METHOD, b"a", receiver, receiver.abort, None)
        assert receiver.ended.wait(LIMIT)
        assert call.code() is None or call.code() == 0
        world.close()
        assert [str(error) for error in tracebacks(caplog)] == ["of the receiver"]
        assert [what[0] for what in receiver.told] == ["response"]

    @every_invocation
    @pytest.mark.parametrize("kind", STUB_KINDS)
    @pytest.mark.parametrize("multi", [False, True])
    def test_a_method_that_the_service_does_not_know_is_a_local_failure(
        self, make_world: MakeWorld, shape: Cardinality, style: str, kind: str, multi: bool
    ) -> None:
        class Unknowing(face.MultiMethodImplementation):
            def service(self, group: str, method: str, response_consumer: Any, context: face.ServicerContext) -> Any:
                raise face.NoSuchMethodError(group, method)

        world = make_world({}, Unknowing() if multi else None)
        ended = invoke(world, shape, style, iter([b"a"]), kind=kind, terminate=False).ended()
        assert ended.kind is Kind.LOCAL_FAILURE
        assert METHOD in ended.details
        assert GROUP in ended.details
        world.assert_nothing_left()

    @pytest.mark.parametrize("shape", [programs.UNARY_UNARY, programs.UNARY_STREAM], ids=lambda shape: shape.name)
    @every_service
    def test_a_method_of_one_request_that_is_sent_none_is_a_local_failure(
        self, make_world: MakeWorld, shape: Cardinality, service_style: str
    ) -> None:
        if service_style == programs.MULTI_CONSUMER:
            return  # which is not told of shapes
        world = make_world(*served(Program(), shape, service_style))
        mistaken = programs.STREAM_STREAM if many_responses(shape) else programs.STREAM_UNARY
        ended = invoke(world, mistaken, styles_of(mistaken)[0], iter(())).ended()
        assert ended.kind is Kind.LOCAL_FAILURE
        assert "one request" in ended.details

    @pytest.mark.parametrize("shape", [programs.UNARY_UNARY, programs.STREAM_UNARY], ids=lambda shape: shape.name)
    def test_a_service_that_owes_a_response_and_gives_none_has_failed(
        self, make_world: MakeWorld, shape: Cardinality
    ) -> None:
        def nothing(requests: Any, context: face.ServicerContext) -> None:
            context.terminal_metadata((("terminal", "2"),))

        method = getattr(utilities, f"{shape.name.lower()}_inline")(nothing)
        for style in styles_of(shape):
            world = make_world({(GROUP, METHOD): method})
            ended = invoke(world, shape, style, iter([b"a"])).ended()
            assert (ended.kind, ended.terminal_metadata) == (Kind.REMOTE_FAILURE, (("terminal", "2"),))

    @pytest.mark.parametrize("kind", STUB_KINDS)
    @pytest.mark.parametrize("shape", [programs.UNARY_UNARY, programs.STREAM_UNARY], ids=lambda shape: shape.name)
    def test_a_service_that_owes_one_response_and_gives_two_has_failed(
        self, make_world: MakeWorld, shape: Cardinality, kind: str
    ) -> None:
        def two(requests: Any, context: face.ServicerContext) -> Iterator[bytes]:
            yield b"1"
            yield b"2"

        method = utilities.stream_stream_inline(two)
        for style in styles_of(shape):
            world = make_world({(GROUP, METHOD): method})
            ended = invoke(world, shape, style, iter([b"a"]), kind=kind).ended()
            assert (ended.kind, ended.details) == (Kind.REMOTE_FAILURE, "the service sent more than one response")
            world.assert_nothing_left()

    def test_requests_of_an_rpc_that_has_ended_end_their_iterator_with_abandoned(self, make_world: MakeWorld) -> None:
        seen: List[BaseException] = []
        begun = threading.Event()
        finished = threading.Event()

        def method(requests: Iterator[bytes], context: face.ServicerContext) -> Any:
            try:
                for _ in requests:
                    begun.set()
            except BaseException as error:
                seen.append(error)
                raise
            finally:
                finished.set()

        world = make_world({(GROUP, METHOD): utilities.stream_unary_inline(method)})
        invocation = invoke(world, programs.STREAM_UNARY, EVENT, [b"a"], terminate=False)
        assert begun.wait(LIMIT)
        invocation.call.cancel()
        assert finished.wait(LIMIT)
        assert [type(error) for error in seen] == [abandonment.Abandoned]
