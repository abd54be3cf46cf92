"""What arrives is granted as it is consumed, and however many threads draw, none of it is lost."""

from __future__ import annotations

import itertools
from typing import Any, List

import pytest

from grpc.framework.crust import _allowance, _stream
from grpc.framework.interfaces.base import utilities
from tests.framework.crust.fakes import FakeOperation
from tests.framework.foundation import _threads
from tests.support.environment import FakeEnvironment

COMPLETION = utilities.completion(None, None, None)


@pytest.fixture
def operation() -> FakeOperation:
    return FakeOperation()


@pytest.fixture
def call(operation: FakeOperation) -> _stream.StreamCall:
    made = _stream.StreamCall(FakeEnvironment())
    operation.rendezvous = made
    made.attach(operation, operation)
    return made


def grants(operation: FakeOperation) -> List[Any]:
    return [value for name, value in operation.said if name == "allowance"]


def test_nothing_is_granted_before_a_value_is_drawn(call: _stream.StreamCall, operation: FakeOperation) -> None:
    call.advance(None, b"a")
    assert operation.said == []
    assert next(call) == b"a"
    assert operation.said == [("allowance", _allowance.WINDOW)]


def test_grants_come_in_batches(call: _stream.StreamCall, operation: FakeOperation) -> None:
    call.advance(None, b"a")
    next(call)
    call.advance_payloads([b"a"] * _allowance.WINDOW)
    for _ in range(_allowance.WINDOW):
        next(call)
    assert grants(operation) == [_allowance.WINDOW, _allowance.BATCH_VALUES, _allowance.BATCH_VALUES]


def test_large_values_are_granted_one_at_a_time(call: _stream.StreamCall, operation: FakeOperation) -> None:
    for _ in range(3):
        call.advance(None, bytes(_allowance.BATCH_BYTES))
        next(call)
    assert grants(operation) == [_allowance.WINDOW, 1, 1]


@pytest.mark.parametrize("batch", [False, True])
def test_nothing_is_granted_once_the_other_side_is_complete(
    call: _stream.StreamCall, operation: FakeOperation, batch: bool
) -> None:
    if batch:
        call.advance_payloads([b"a"], COMPLETION)
    else:
        call.advance(None, b"a", COMPLETION)
    next(call)
    assert operation.said == []


def test_threads_that_draw_together_get_each_value_once_and_grant_it_once(
    call: _stream.StreamCall, operation: FakeOperation
) -> None:
    count = 600
    drawn: List[int] = []

    def work(index: int) -> None:
        if index:
            drawn.extend(itertools.islice(call, count // 3))
            return
        for value in range(count):
            call.advance(None, value)

    with _threads.frequent_switches():
        _threads.run_together(4, work)
    assert sorted(drawn) == list(range(count))
    batches = (count - 1) // _allowance.BATCH_VALUES
    assert sum(grants(operation)) == _allowance.WINDOW + batches * _allowance.BATCH_VALUES
