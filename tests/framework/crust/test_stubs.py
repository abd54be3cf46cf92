"""What stubs offer, and what they refuse before anything is sent."""

from __future__ import annotations

import copy
import inspect
from concurrent import futures
from typing import TYPE_CHECKING, Any

import pytest

from grpc.framework.common.cardinality import Cardinality
from grpc.framework.crust import _generic, implementations
from grpc.framework.foundation import future, stream
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.face import face, invoking
from tests.framework.crust import programs
from tests.framework.crust.invocations import Receiver
from tests.framework.crust.worlds import GROUP, LIMIT, METHOD

if TYPE_CHECKING:
    from tests.framework.crust.worlds import MakeWorld, World

CARDINALITIES = {shape.name.title().replace("_", ""): shape for shape in Cardinality}
INTERFACES = {
    "UnaryUnary": face.UnaryUnaryMultiCallable,
    "UnaryStream": face.UnaryStreamMultiCallable,
    "StreamUnary": face.StreamUnaryMultiCallable,
    "StreamStream": face.StreamStreamMultiCallable,
}


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world(*programs.served(programs.Program(), programs.STREAM_UNARY, programs.INLINE))


@pytest.fixture
def poolless(make_world: MakeWorld) -> World:
    return make_world(*programs.served(programs.Program(), programs.STREAM_UNARY, programs.INLINE), stub_pool=False)


class TestGenericStub:
    def test_is_one(self, world: World) -> None:
        assert isinstance(world.stub, face.GenericStub)

    def test_has_the_parameters_of_the_interface(self) -> None:
        for name in face.GenericStub.__abstractmethods__:
            ours = inspect.signature(getattr(_generic.GenericStub, name)).parameters
            theirs = inspect.signature(getattr(face.GenericStub, name)).parameters
            assert [str(p).split(":")[0] for p in ours.values()] == [str(p).split(":")[0] for p in theirs.values()]

    def test_makes_the_multi_callable_of_each_shape(self, world: World) -> None:
        for name, shape in CARDINALITIES.items():
            made = getattr(world.stub, shape.name.lower())(GROUP, METHOD)
            assert isinstance(made, INTERFACES[name])
            assert repr(made) == f"<{name}MultiCallable of {GROUP}/{METHOD}>"

    def test_event_invocations_give_a_call_and_a_consumer(self, world: World) -> None:
        receiver = Receiver()
        call, consumer = world.stub.event_stream_unary(GROUP, METHOD, receiver, receiver.abort, None)
        assert isinstance(call, face.Call)
        assert isinstance(consumer, stream.Consumer)

    def test_future_invocations_give_a_call_that_is_a_future(self, world: World) -> None:
        call = world.stub.future_stream_unary(GROUP, METHOD, iter([]), None)
        assert isinstance(call, face.Call)
        assert isinstance(call, future.Future)


class TestMultiCallables:
    def test_there_is_one_for_every_shape(self) -> None:
        assert set(invoking.OF_CARDINALITY) == set(Cardinality)

    def test_event_invocations_give_one_object_that_is_call_and_consumer(self, world: World) -> None:
        receiver = Receiver()
        both: Any = world.stub.stream_unary(GROUP, METHOD).event(receiver, receiver.abort, None)
        assert isinstance(both, face.Call)
        assert isinstance(both, stream.Consumer)


class TestDynamicStub:
    def make(self, world: World) -> Any:
        return implementations.dynamic_stub(world.invocation_end, GROUP, CARDINALITIES, world.stub_pool)

    def test_is_one(self, world: World) -> None:
        assert isinstance(self.make(world), face.DynamicStub)

    def test_has_a_multi_callable_for_each_method(self, world: World) -> None:
        stub = self.make(world)
        for name, interface in INTERFACES.items():
            assert isinstance(getattr(stub, name), interface)
            assert name in dir(stub)

    def test_names_the_methods_it_knows_when_asked_for_another(self, world: World) -> None:
        with pytest.raises(AttributeError) as caught:
            self.make(world).Missing  # noqa: B018  # raising is what it is looked at for
        assert str(caught.value) == (
            "no method 'Missing' of 'test.Group' in this stub; "
            "it knows: StreamStream, StreamUnary, UnaryStream, UnaryUnary"
        )

    def test_knows_nothing_if_there_is_nothing(self, world: World) -> None:
        stub = implementations.dynamic_stub(world.invocation_end, GROUP, {}, None)
        with pytest.raises(AttributeError, match="it knows: none"):
            stub.Missing  # noqa: B018  # likewise
        assert repr(stub) == "<DynamicStub of test.Group: no methods>"

    def test_leaves_every_name_to_methods(self, world: World) -> None:
        cardinalities = dict.fromkeys(["_group", "_methods", "group", "future", "event"], Cardinality.UNARY_UNARY)
        stub = implementations.dynamic_stub(world.invocation_end, GROUP, cardinalities, None)
        for name in cardinalities:
            assert isinstance(getattr(stub, name), face.UnaryUnaryMultiCallable)

    def test_can_be_copied(self, world: World) -> None:
        copied = copy.copy(self.make(world))
        assert isinstance(copied.UnaryUnary, face.UnaryUnaryMultiCallable)

    def test_refuses_what_is_no_shape(self, world: World) -> None:
        wrong: Any = {"Method": "unary-unary"}
        with pytest.raises(ValueError, match="'unary-unary' is not a Cardinality"):
            implementations.dynamic_stub(world.invocation_end, GROUP, wrong, None)


class TestRefusing:
    @pytest.mark.parametrize("style", ["blocking_unary_unary", "future_unary_unary", "inline_unary_stream"])
    def test_a_request_is_not_none(self, world: World, style: str) -> None:
        with pytest.raises(ValueError, match="cannot be None"):
            getattr(world.stub, style)(GROUP, METHOD, None, None)
        assert world.outcomes() == ({}, {})

    @pytest.mark.parametrize("style", ["event_unary_unary", "event_unary_stream"])
    def test_a_request_of_an_event_invocation_is_not_none(self, world: World, style: str) -> None:
        with pytest.raises(ValueError, match="cannot be None"):
            getattr(world.stub, style)(GROUP, METHOD, None, Receiver(), None, None)

    @pytest.mark.parametrize("style", ["blocking_stream_unary", "future_stream_unary", "inline_stream_stream"])
    def test_requests_can_be_iterated_over(self, world: World, style: str) -> None:
        with pytest.raises(TypeError, match="not iterable"):
            getattr(world.stub, style)(GROUP, METHOD, 5, None)
        assert world.outcomes() == ({}, {})

    @pytest.mark.parametrize("style", ["future_stream_unary", "inline_stream_stream"])
    def test_requests_are_drawn_in_a_pool(self, poolless: World, style: str) -> None:
        with pytest.raises(ValueError, match=f"{style} draws its requests in a thread of the stub's pool"):
            getattr(poolless.stub, style)(GROUP, METHOD, iter([b"a"]), None)
        assert poolless.outcomes() == ({}, {})


class TestWithoutPool:
    def test_a_blocking_call_draws_its_requests_itself(self, poolless: World) -> None:
        requests = (b"%d" % number for number in range(300))
        response = poolless.stub.blocking_stream_unary(GROUP, METHOD, requests, 5.0)
        assert response == b",".join([*(b"%d" % number for number in range(300)), b"end"])

    def test_an_interruption_of_the_requests_cancels_and_comes_out(self, poolless: World) -> None:
        def requests() -> Any:
            yield b"a"
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            poolless.stub.blocking_stream_unary(GROUP, METHOD, requests(), 5.0)
        poolless.assert_nothing_left()

    def test_receivers_are_told_all_the_same(self, poolless: World) -> None:
        receiver = Receiver()
        _, consumer = poolless.stub.event_stream_unary(GROUP, METHOD, receiver, receiver.abort, 5.0)
        consumer.consume_and_terminate(b"a")
        assert receiver.ended.wait(LIMIT)
        assert receiver.told[0] == ("response", b"a,end")

    @pytest.mark.parametrize("shape", programs.SHAPES, ids=lambda shape: shape.name)
    def test_both_sides_can_do_without_in_the_event_style(self, make_world: MakeWorld, shape: Cardinality) -> None:
        methods, multi = programs.served(programs.Program(), shape, programs.EVENT)
        world = make_world(methods, multi, stub_pool=False, service_pool=False)
        receiver = Receiver()
        begin = getattr(world.stub, f"event_{shape.name.lower()}")
        if programs.many_requests(shape):
            begin(GROUP, METHOD, receiver, receiver.abort, 5.0)[1].consume_and_terminate(b"a")
        else:
            begin(GROUP, METHOD, b"a", receiver, receiver.abort, 5.0)
        assert [what[0] for what in receiver.told][-1] == "complete"  # all of it has happened within the calls


class TestPoolsThatWereShutDown:
    def test_the_stubs_fails_an_rpc_with_requests_to_draw(
        self, make_world: MakeWorld, caplog: pytest.LogCaptureFixture
    ) -> None:
        world = make_world(*programs.served(programs.Program(), programs.STREAM_UNARY, programs.INLINE))
        pool = futures.ThreadPoolExecutor(1)
        pool.shutdown()
        stub = implementations.generic_stub(world.invocation_end, pool)
        with pytest.raises(face.LocalError):
            stub.blocking_stream_unary(GROUP, METHOD, iter([b"a"]), 5.0)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        world.assert_nothing_left()

    def test_the_stubs_goes_unlogged_where_the_rpcs_are_ended_as_well(
        self, make_world: MakeWorld, caplog: pytest.LogCaptureFixture
    ) -> None:
        world = make_world(*programs.served(programs.Program(), programs.STREAM_UNARY, programs.INLINE))
        pool = futures.ThreadPoolExecutor(1)
        pool.shutdown()
        world.invocation_end.stop(0)
        stub = implementations.generic_stub(world.invocation_end, pool)
        with pytest.raises(face.AbortionError):
            stub.blocking_stream_unary(GROUP, METHOD, iter([b"a"]), 5.0)
        assert caplog.records == []

    def test_the_services_is_a_remote_failure(self, make_world: MakeWorld, caplog: pytest.LogCaptureFixture) -> None:
        world = make_world(*programs.served(programs.Program(), programs.UNARY_UNARY, programs.INLINE))
        world._pools[-1].shutdown()
        with pytest.raises(face.RemoteError):
            world.stub.blocking_unary_unary(GROUP, METHOD, b"a", 5.0)
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert world.outcomes()[1] == {base.Outcome.Kind.LOCAL_FAILURE: 1}


def test_an_end_of_another_make_need_not_tell_its_environment() -> None:
    class End:
        operate = None

    assert isinstance(implementations.generic_stub(End(), None), face.GenericStub)  # type: ignore[arg-type]
