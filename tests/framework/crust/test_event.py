"""What a receiver is told: in order, one thing at a time, never before the invocation has its operation."""

from __future__ import annotations

import threading
import weakref
from concurrent import futures
from typing import Any, Callable, List, Tuple

import pytest

from grpc.framework.crust import _allowance, _event
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.base import base, utilities
from tests.framework.crust.fakes import FakeOperation
from tests.framework.crust.invocations import Receiver
from tests.support.environment import FakeEnvironment

Kind = base.Outcome.Kind
COMPLETION = utilities.completion(("terminal",), 0, "well")
LIMIT = 10.0


def make(receiver: Receiver, pool: Any = None, attach: bool = True) -> Tuple[_event.EventCall, FakeOperation]:
    call = _event.EventCall(FakeEnvironment(), pool, True, receiver, receiver.abort)
    operation = FakeOperation()
    operation.rendezvous = call
    if attach:
        call.attach(operation, operation)
    return call, operation


def names(receiver: Receiver) -> List[str]:
    return [what[0] for what in receiver.told]


def test_is_told_everything_in_order() -> None:
    receiver = Receiver()
    call, operation = make(receiver)
    call.advance(("initial",), 1)
    call.advance_payloads([2, 3])
    call.advance(None, 4, COMPLETION)
    operation.end(Kind.COMPLETED)
    responses = [("response", number) for number in (1, 2, 3, 4)]
    assert receiver.told == [("initial metadata", ("initial",)), *responses, ("complete", ("terminal",), 0, "well")]


def test_hears_of_metadata_alone_at_once() -> None:
    receiver = Receiver()
    call, _ = make(receiver)
    call.advance(("initial",))
    assert receiver.told == [("initial metadata", ("initial",))]


def test_a_batch_that_ends_the_stream_is_told_before_the_end() -> None:
    receiver = Receiver()
    call, operation = make(receiver)
    call.advance_payloads([1, 2], COMPLETION)
    operation.end(Kind.COMPLETED)
    assert receiver.told == [("response", 1), ("response", 2), ("complete", ("terminal",), 0, "well")]


def test_hears_nothing_before_the_operation_is_attached() -> None:
    receiver = Receiver()
    call, operation = make(receiver, attach=False)
    call.advance(("initial",), 1)
    call.advance_payloads([2])
    operation.end(Kind.COMPLETED)
    assert receiver.told == []
    call.attach(operation, operation)
    assert names(receiver) == ["initial metadata", "response", "response", "complete"]


def test_responses_are_granted_when_the_receiver_has_returned() -> None:
    granted: List[Any] = []

    class Looking(Receiver):
        def response(self, response: Any) -> None:
            granted.append(list(operation.said))

    call, operation = make(Looking())
    call.advance(None, 1)
    assert granted == [[]]
    assert operation.said == [("allowance", _allowance.WINDOW)]


def test_an_allowance_says_nothing_to_a_receiver() -> None:
    call, operation = make(Receiver())
    call.advance(allowance=5)
    assert operation.said == []


def test_without_a_pool_the_environment_executes_the_receiver() -> None:
    receiver = Receiver()
    call, _ = make(receiver)
    call.advance(None, 1)
    environment = call._environment
    assert isinstance(environment, FakeEnvironment)
    assert environment.executed == 1


def test_with_a_pool_the_pool_executes_the_receiver() -> None:
    threads: List[threading.Thread] = []

    class Looking(Receiver):
        def response(self, response: Any) -> None:
            threads.append(threading.current_thread())

    receiver = Looking()
    with futures.ThreadPoolExecutor(1) as pool:
        call, operation = make(receiver, pool)
        call.advance(None, 1, COMPLETION)
        operation.end(Kind.COMPLETED)
        assert receiver.ended.wait(LIMIT)
    assert threads
    assert threads[0] is not threading.current_thread()


def test_what_a_receiver_causes_is_told_when_it_has_returned() -> None:
    class Cancelling(Receiver):
        def response(self, response: Any) -> None:
            call.cancel()
            self.told.append(("returned",))

    receiver = Cancelling()
    call, _ = make(receiver)
    call.advance_payloads([1, 2])
    assert names(receiver) == ["returned", "abortion"]


def test_no_lock_is_held_while_the_receiver_is_called() -> None:
    seen: List[Any] = []

    class Asking(Receiver):
        def _tell(self, *what: Any) -> None:
            seen.append((call._lock.locked(), call.is_active(), call.protocol_context()))

    call, operation = make(Asking())
    call.advance(("initial",), 1, COMPLETION)
    operation.end(Kind.COMPLETED)
    assert seen == [(False, True, None), (False, True, None), (False, False, None)]


@pytest.mark.parametrize("kind", [Kind.REMOTE_FAILURE, Kind.CANCELLED])
def test_is_told_of_an_abortion_once_and_never_of_completion(kind: Kind) -> None:
    receiver = Receiver()
    call, operation = make(receiver)
    call.advance(None, 1)
    operation.end(kind)
    call.cancel()
    assert names(receiver) == ["response", "abortion"]


def test_an_abortion_needs_no_callback() -> None:
    receiver = Receiver()
    call = _event.EventCall(FakeEnvironment(), None, True, receiver, None)
    operation = FakeOperation()
    operation.rendezvous = call
    call.attach(operation, operation)
    call.cancel()
    assert receiver.told == []
    assert call.cancelled()


def test_responses_that_waited_for_the_pool_are_dropped_by_a_cancellation_and_told_before_a_remote_failure() -> None:
    for kind, expected in [(Kind.CANCELLED, ["abortion"]), (Kind.REMOTE_FAILURE, ["response", "abortion"])]:
        submitted: List[Callable[[], Any]] = []

        class Waiting(futures.Executor):
            def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
                submitted.append(lambda: fn(*args))  # noqa: B023  # the loop's own list

        receiver = Receiver()
        call, operation = make(receiver, Waiting())
        call.advance(None, 1)
        operation.end(kind)
        assert len(submitted) == 1
        submitted.pop()()
        assert names(receiver) == expected


def test_a_pool_that_was_shut_down_fails_the_rpc_and_the_abortion_is_told_nevertheless(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pool = futures.ThreadPoolExecutor(1)
    pool.shutdown()
    receiver = Receiver()
    call, operation = make(receiver, pool)
    call.advance(None, 1)
    assert names(receiver) == ["abortion"]
    assert operation.outcome() == utilities.outcome(Kind.LOCAL_FAILURE)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_pool_that_was_shut_down_does_not_keep_the_completion_from_being_told() -> None:
    pool = futures.ThreadPoolExecutor(1)
    receiver = Receiver()
    call, operation = make(receiver, pool)
    pool.shutdown()
    operation.end(Kind.COMPLETED)
    assert names(receiver) == ["complete"]
    assert call.abortion() is None


def test_a_receiver_that_raised_after_the_rpc_completed_hears_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    class Raising(Receiver):
        def response(self, response: Any) -> None:
            super().response(response)
            raise LookupError if response == 1 else abandonment.Abandoned

    receiver = Raising()
    call, operation = make(receiver, attach=False)
    call.advance_payloads([1, 2], COMPLETION)
    operation.end(Kind.COMPLETED)
    call.attach(operation, operation)
    assert names(receiver) == ["response", "response", "complete"]
    assert len(caplog.records) == 1


def test_a_receiver_that_ends_its_thread_ends_its_rpc_first(caplog: pytest.LogCaptureFixture) -> None:
    class Exiting(Receiver):
        def response(self, response: Any) -> None:
            raise SystemExit

    receiver = Exiting()
    call, _ = make(receiver)
    with pytest.raises(SystemExit):
        call.advance(None, 1)
    assert names(receiver) == ["abortion"]
    assert caplog.records == []


def test_a_receiver_that_raised_hears_nothing_more_even_if_the_end_comes_later() -> None:
    class Raising(Receiver):
        def response(self, response: Any) -> None:
            super().response(response)
            raise abandonment.Abandoned

    class Late(FakeOperation):
        def fail(self, exception: BaseException) -> None:
            self.failures.append(exception)

    receiver = Raising()
    call = _event.EventCall(FakeEnvironment(), None, True, receiver, receiver.abort)
    operation = Late()
    operation.rendezvous = call
    call.attach(operation, operation)
    call.advance_payloads([1, 2, 3])
    assert names(receiver) == ["response"]
    operation.end(Kind.LOCAL_FAILURE)
    assert names(receiver) == ["response", "abortion"]


def test_a_call_that_has_ended_lets_go_of_its_receiver() -> None:
    receiver = Receiver()
    call, operation = make(receiver)
    operation.end(Kind.COMPLETED)
    reference = weakref.ref(receiver)
    del receiver
    assert reference() is None
    assert call.done()
