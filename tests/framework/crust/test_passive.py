"""The passive way to use an RPC: values are taken, not drawn; room is asked for, not waited for."""

from __future__ import annotations

from typing import Any, List, Union

import pytest

from grpc.framework.crust import _servicer, _stream, _unary
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.face import face
from tests.framework.crust.fakes import FakeOperation
from tests.support.environment import FakeEnvironment

NOTHING_MORE = utilities.completion(None, None, None)


@pytest.fixture
def operation() -> FakeOperation:
    return FakeOperation()


@pytest.fixture
def call(operation: FakeOperation) -> _stream.PassiveStreamCall:
    made = _stream.PassiveStreamCall(FakeEnvironment())
    operation.rendezvous = made
    made.attach(operation, operation)
    return made


@pytest.fixture
def unary_call(operation: FakeOperation) -> _unary.PassiveUnaryCall:
    made = _unary.PassiveUnaryCall(FakeEnvironment())
    operation.rendezvous = made
    made.attach(operation, operation)
    return made


class TestTaking:
    def test_values_are_taken_in_order_and_then_none(self, call: _stream.PassiveStreamCall) -> None:
        assert call.take() is None
        call.advance(payload=b"a")
        call.advance_payloads([b"b", b"c"])
        assert [call.take() for _ in range(4)] == [b"a", b"b", b"c", None]

    def test_taking_grants_further_values(self, call: _stream.PassiveStreamCall, operation: FakeOperation) -> None:
        call.advance(payload=b"a")
        assert operation.said == []
        call.take()
        assert [name for name, _ in operation.said] == ["allowance"]

    def test_what_is_exhausted_has_been_taken_and_completed(self, call: _stream.PassiveStreamCall) -> None:
        call.advance(payload=b"a", completion=NOTHING_MORE)
        assert not call.exhausted()
        call.take()
        assert call.exhausted()


class TestNotices:
    def test_a_notice_comes_once_at_the_next_change(self, call: _stream.PassiveStreamCall) -> None:
        calls: List[int] = []
        call.when_changed(lambda: calls.append(1))
        assert calls == []
        call.advance(payload=b"a")
        call.advance(payload=b"b")
        assert calls == [1]

    @pytest.mark.parametrize("what", ["initial_metadata", "payload", "end"])
    def test_metadata_values_and_the_end_are_changes(
        self, call: _stream.PassiveStreamCall, operation: FakeOperation, what: str
    ) -> None:
        calls: List[int] = []
        call.when_changed(lambda: calls.append(1))
        if what == "end":
            operation.end(base.Outcome.Kind.CANCELLED)
        else:
            call.advance(**{what: b"x"})  # type: ignore[arg-type]
        assert calls == [1]

    def test_after_the_end_it_comes_at_once(self, call: _stream.PassiveStreamCall, operation: FakeOperation) -> None:
        operation.end(base.Outcome.Kind.CANCELLED)
        calls: List[int] = []
        call.when_changed(lambda: calls.append(1))
        call.when_may_send(lambda: calls.append(2))
        assert calls == [1, 2]

    def test_a_call_with_one_response_tells_of_metadata_and_of_its_end(
        self, unary_call: _unary.PassiveUnaryCall, operation: FakeOperation
    ) -> None:
        calls: List[str] = []
        unary_call.when_changed(lambda: calls.append("metadata"))
        assert not unary_call.initial_metadata_known()
        unary_call.advance(initial_metadata=())
        assert unary_call.initial_metadata_known()
        unary_call.when_changed(lambda: calls.append("end"))
        unary_call.advance(payload=b"a", completion=NOTHING_MORE)
        assert calls == ["metadata"]  # the end comes next: one notice will do
        operation.end(base.Outcome.Kind.COMPLETED)
        assert calls == ["metadata", "end"]


@pytest.mark.parametrize("shape", ["call", "unary_call"])
class TestRoom:
    @pytest.fixture
    def sink(self, shape: str, request: pytest.FixtureRequest) -> Any:
        return request.getfixturevalue(shape)

    def test_there_is_room_for_one_value_at_first(self, sink: Any, operation: FakeOperation) -> None:
        assert sink.may_send()
        sink.consume(b"a")
        assert not sink.may_send()
        assert operation.payloads == [b"a"]

    def test_a_grant_makes_room_and_is_told_of(self, sink: Any) -> None:
        calls: List[int] = []
        sink.when_may_send(lambda: calls.append(1))
        assert calls == [1]
        sink.consume(b"a")
        sink.when_may_send(lambda: calls.append(2))
        assert calls == [1]
        sink.advance(allowance=2)
        assert calls == [1, 2]
        sink.consume(b"b")
        assert sink.may_send()
        sink.consume(b"c")
        assert not sink.may_send()

    def test_the_end_is_told_of_who_waits_for_room(self, sink: Any, operation: FakeOperation) -> None:
        calls: List[int] = []
        sink.consume(b"a")
        sink.when_may_send(lambda: calls.append(1))
        operation.end(base.Outcome.Kind.EXPIRED)
        assert calls == [1]
        with pytest.raises(abandonment.Abandoned):
            sink.consume(b"b")

    def test_values_without_room_are_kept_all_the_same(self, sink: Any, operation: FakeOperation) -> None:
        sink.consume(b"a")
        sink.consume(b"b")
        assert operation.payloads == [b"a", b"b"]
        sink.terminate()
        with pytest.raises(ValueError, match="terminated"):
            sink.consume(b"c")


class _Keeping(face.MultiMethodImplementation):
    """Takes the requests by itself."""

    def __init__(self) -> None:
        self.contexts: List[Any] = []

    def service(
        self, group: str, method: str, response_consumer: Any, context: face.ServicerContext
    ) -> Union[Any, None]:
        assert response_consumer is context
        self.contexts.append(context)


def test_a_multi_method_implementation_may_take_requests_by_itself() -> None:
    implementation = _Keeping()
    operation = FakeOperation()
    servicer = _servicer.Servicer({}, implementation, None, FakeEnvironment())
    subscription: Any = servicer.service("group", "method", operation, operation)
    operation.rendezvous = subscription
    subscription.advance(initial_metadata=(), payload=b"a")
    (context,) = implementation.contexts
    assert context.take() == b"a"
    assert not context.exhausted()
    calls: List[int] = []
    context.when_changed(lambda: calls.append(1))
    subscription.advance(completion=NOTHING_MORE)
    assert calls == [1]
    assert context.exhausted()
    context.consume(b"x")
    assert not context.may_send()
    subscription.advance(allowance=1)
    assert context.may_send()
    context.consume_and_terminate(b"y")
    assert (operation.payloads, operation.completed) == ([b"x", b"y"], True)


def test_a_served_rpc_that_is_aborted_is_exhausted_and_says_so() -> None:
    implementation = _Keeping()
    operation = FakeOperation()
    servicer = _servicer.Servicer({}, implementation, None, FakeEnvironment())
    subscription: Any = servicer.service("group", "method", operation, operation)
    operation.rendezvous = subscription
    subscription.advance(initial_metadata=(), payload=b"a")
    (context,) = implementation.contexts
    calls: List[int] = []
    context.when_changed(lambda: calls.append(1))
    operation.end(base.Outcome.Kind.CANCELLED)
    assert calls == [1]
    assert context.exhausted()
    assert context.take() is None
