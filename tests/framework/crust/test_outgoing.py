"""What one side sends: drawn only as fast as it may be sent, or passed in and never after the end."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any, Iterator, List

import pytest

from grpc.framework.crust import _event, _unary
from grpc.framework.foundation import abandonment
from grpc.framework.foundation.environment import POURING
from grpc.framework.interfaces.base import base
from tests.framework.crust.fakes import FakeOperation
from tests.framework.crust.invocations import Receiver
from tests.support.environment import FakeEnvironment

LIMIT = 10.0


@pytest.fixture
def operation() -> FakeOperation:
    return FakeOperation()


@pytest.fixture
def pump(operation: FakeOperation) -> _unary.PumpedUnaryCall:
    call = _unary.PumpedUnaryCall(FakeEnvironment())
    operation.rendezvous = call
    call.attach(operation, operation)
    return call


@pytest.fixture
def consumer(operation: FakeOperation) -> _event.ConsumingEventCall:
    call = _event.ConsumingEventCall(FakeEnvironment(), None, True, Receiver(), None)
    operation.rendezvous = call
    call.attach(operation, operation)
    return call


@pytest.fixture
def aside() -> Iterator[futures.Executor]:
    with futures.ThreadPoolExecutor(1) as executor:
        yield executor


class Counting:
    """An iterator of numbers that tells how many were drawn."""

    def __init__(self, end: int) -> None:
        self.drawn = 0
        self._end = end

    def __iter__(self) -> Counting:
        return self

    def __next__(self) -> int:
        if self.drawn == self._end:
            raise StopIteration
        self.drawn += 1
        return self.drawn


class TestPump:
    def test_one_value_and_the_end_need_no_grant(self, pump: _unary.PumpedUnaryCall, operation: FakeOperation) -> None:
        pump.pump(iter([b"a"]))
        assert (operation.payloads, operation.completed) == ([b"a"], True)

    def test_draws_no_more_than_it_may_send(
        self, pump: _unary.PumpedUnaryCall, operation: FakeOperation, aside: futures.Executor
    ) -> None:
        values = Counting(10)
        pumping = aside.submit(pump.pump, iter(values))
        assert operation.passed.get(timeout=LIMIT) == ("payload", 1)
        pump.advance(allowance=2)
        assert operation.passed.get(timeout=LIMIT) == ("payload", 2)
        assert operation.passed.get(timeout=LIMIT) == ("payload", 3)
        assert values.drawn == 3
        pump.advance(allowance=100)
        pumping.result(LIMIT)
        assert (operation.payloads, operation.completed) == ([*range(1, 11)], True)

    def test_values_at_hand_leave_together_with_the_end(
        self, pump: _unary.PumpedUnaryCall, operation: FakeOperation
    ) -> None:
        pump.advance(allowance=9)
        pump.pump(iter([b"a"] * 10))
        assert (operation.calls, operation.payloads, operation.completed) == (1, [b"a"] * 10, True)

    @pytest.mark.parametrize("values", [[1, 2, 3], (1, 2, 3), range(1, 4)])
    def test_values_at_hand_leave_as_far_as_they_may(
        self, pump: _unary.PumpedUnaryCall, operation: FakeOperation, aside: futures.Executor, values: Any
    ) -> None:
        pump.advance(allowance=1)
        pumping = aside.submit(pump.pump, iter(values))
        assert [operation.passed.get(timeout=LIMIT) for _ in range(2)] == [("payload", 1), ("payload", 2)]
        assert not operation.completed
        pump.advance(allowance=5)
        pumping.result(LIMIT)
        assert (operation.payloads, operation.completed) == ([1, 2, 3], True)

    @pytest.mark.parametrize("values", [iter([]), iter(()), Counting(0)])
    def test_no_values_are_just_the_end(
        self, pump: _unary.PumpedUnaryCall, operation: FakeOperation, values: Any
    ) -> None:
        pump.pump(values)
        assert (operation.payloads, operation.completed) == ([], True)

    def test_draws_nothing_once_the_rpc_has_ended(self, pump: _unary.PumpedUnaryCall, operation: FakeOperation) -> None:
        pump.cancel()
        values = Counting(1)
        pump.pump(iter(values))
        pump.pump(iter([1]))
        assert (values.drawn, operation.said) == (0, [])

    @pytest.mark.parametrize("make", [lambda: iter(Counting(2)), lambda: iter([1, 2])])
    def test_stops_waiting_when_the_rpc_ends(
        self, pump: _unary.PumpedUnaryCall, operation: FakeOperation, aside: futures.Executor, make: Any
    ) -> None:
        pumping = aside.submit(pump.pump, make())
        assert operation.passed.get(timeout=LIMIT) == ("payload", 1)
        pump.cancel()
        pumping.result(LIMIT)
        assert (operation.payloads, operation.completed) == ([1], False)

    def test_an_end_that_comes_just_before_it_would_wait_is_noticed(self, pump: _unary.PumpedUnaryCall) -> None:
        pump.cancel()
        pump._wait_for_leave(1)  # would be an error of the environment: nobody wakes it any more

    def test_pours_values_but_not_the_end(self, pump: _unary.PumpedUnaryCall, operation: FakeOperation) -> None:
        seen: List[bool] = []
        plain = operation.advance

        def advance(*arguments: Any, **named: Any) -> None:
            seen.append(threading.get_ident() in POURING)
            plain(*arguments, **named)

        operation.advance = advance  # type: ignore[method-assign]
        pump._allow(9)
        pump.pump(Counting(3))
        assert seen == [True, True, True, False]

    def test_pours_no_more_when_the_iterator_has_raised(
        self, pump: _unary.PumpedUnaryCall, operation: FakeOperation
    ) -> None:
        def broken() -> Iterator[int]:
            yield 1
            raise ValueError("no more")

        pump._allow(9)
        with pytest.raises(ValueError, match="no more"):
            pump.pump(broken())
        assert threading.get_ident() not in POURING

    def test_lets_out_what_the_iterator_raises(self, pump: _unary.PumpedUnaryCall, operation: FakeOperation) -> None:
        def values() -> Iterator[bytes]:
            raise LookupError("of the iterator")
            yield b""

        with pytest.raises(LookupError):
            pump.pump(values())
        assert not operation.completed

    @pytest.mark.parametrize("values", [[None], (value for value in [None])], ids=["at hand", "generator"])
    def test_refuses_none(self, pump: _unary.PumpedUnaryCall, operation: FakeOperation, values: Any) -> None:
        with pytest.raises(ValueError, match="None cannot be sent"):
            pump.pump(iter(values))
        assert operation.said == []


class TestConsumer:
    def test_passes_values_on_at_once(self, consumer: _event.ConsumingEventCall, operation: FakeOperation) -> None:
        for value in range(3):
            consumer.consume(value)
        assert operation.payloads == [0, 1, 2]
        consumer.terminate()
        assert operation.completed

    def test_the_last_value_leaves_with_the_end(
        self, consumer: _event.ConsumingEventCall, operation: FakeOperation
    ) -> None:
        consumer.consume_and_terminate(b"a")
        assert (operation.calls, operation.payloads, operation.completed) == (1, [b"a"], True)

    @pytest.mark.parametrize("late", ["consume", "terminate", "consume_and_terminate"])
    @pytest.mark.parametrize("ended", [False, True])
    def test_any_call_after_the_terminating_one_is_an_error_that_changes_nothing(
        self, consumer: _event.ConsumingEventCall, operation: FakeOperation, late: str, ended: bool
    ) -> None:
        consumer.terminate()
        if ended:
            operation.end(base.Outcome.Kind.COMPLETED)
        before = (list(operation.said), operation.outcome())
        with pytest.raises(ValueError, match="terminated"):
            getattr(consumer, late)(*[b"late"] * (late != "terminate"))
        assert (operation.said, operation.outcome()) == before

    @pytest.mark.parametrize("late", ["consume", "consume_and_terminate"])
    def test_values_after_the_end_of_the_rpc_are_abandoned(
        self, consumer: _event.ConsumingEventCall, operation: FakeOperation, late: str
    ) -> None:
        consumer.cancel()
        with pytest.raises(abandonment.Abandoned):
            getattr(consumer, late)(b"late")
        assert operation.said == []

    def test_terminating_after_the_end_of_the_rpc_does_no_harm(
        self, consumer: _event.ConsumingEventCall, operation: FakeOperation
    ) -> None:
        consumer.cancel()
        consumer.terminate()
        assert consumer.cancelled()

    @pytest.mark.parametrize("method", ["consume", "consume_and_terminate"])
    def test_none_is_an_error_that_changes_nothing(
        self, consumer: _event.ConsumingEventCall, operation: FakeOperation, method: str
    ) -> None:
        with pytest.raises(ValueError, match="None cannot be sent"):
            getattr(consumer, method)(None)
        consumer.consume_and_terminate(b"a")
        assert operation.payloads == [b"a"]


def test_a_pump_that_is_granted_leave_while_it_looks_does_not_wait(
    pump: _unary.PumpedUnaryCall, operation: FakeOperation
) -> None:
    def values() -> Iterator[int]:
        for value in range(4):
            pump.advance(allowance=1)
            yield value

    seen: List[threading.Thread] = []
    pump.add_done_callback(lambda _: seen.append(threading.current_thread()))
    pump.pump(values())
    assert operation.payloads == [0, 1, 2, 3]
