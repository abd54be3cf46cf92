"""An RPC as it is served: when the method starts, what it hears, and what it may still say."""

from __future__ import annotations

from concurrent import futures
from typing import Any, Callable, List, Optional

import pytest

from grpc.framework.crust import _service
from grpc.framework.foundation import abandonment, stream
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.face import face
from tests.framework.crust.fakes import FakeOperation
from tests.support.environment import FakeEnvironment

Kind = base.Outcome.Kind
COMPLETION = utilities.completion(None, None, None)


def make(
    one_request: bool = False,
    run: Callable[[_service.ServiceCall], None] = lambda call: None,
    pool: Optional[futures.Executor] = None,
    operation: Optional[FakeOperation] = None,
) -> Any:
    operation = operation or FakeOperation()
    call = _service.ServiceCall(FakeEnvironment(), operation, operation, pool, one_request, run)
    operation.rendezvous = call
    return call


def said(call: Any) -> List[Any]:
    operation: FakeOperation = call._operation
    return operation.said


class Requests(stream.Consumer[Any]):
    """Keeps what it is passed."""

    def __init__(self) -> None:
        self.heard: List[Any] = []

    def consume(self, value: Any) -> None:
        self.heard.append(value)

    def terminate(self) -> None:
        self.heard.append("terminated")

    def consume_and_terminate(self, value: Any) -> None:
        self.heard.append((value, "and terminated"))


class TestStart:
    def test_a_method_of_many_requests_starts_at_the_first_ticket(self) -> None:
        started: List[Any] = []
        call = make(run=started.append)
        assert started == []
        call.advance(("metadata",))
        assert started == [call]

    @pytest.mark.parametrize("what", [(None, b"request"), (None, None, COMPLETION)])
    def test_a_method_of_one_request_starts_when_it_or_the_end_is_there(self, what: Any) -> None:
        started: List[Any] = []
        call = make(True, started.append)
        call.advance(("metadata",))
        call.advance(allowance=1)
        assert started == []
        call.advance(*what)
        assert started == [call]

    def test_a_method_starts_once(self) -> None:
        started: List[Any] = []
        call = make(run=started.append)
        call.advance(None, 1)
        call.advance(None, 2)
        call.advance_payloads([3, 4], COMPLETION)
        assert started == [call]

    def test_a_batch_starts_a_method_as_well(self) -> None:
        started: List[Any] = []
        call = make(True, started.append)
        call.advance_payloads([1], COMPLETION)
        assert started == [call]

    def test_an_rpc_that_has_ended_does_not_start(self) -> None:
        started: List[Any] = []
        call = make(True, started.append)
        call.cancel()
        call.advance(None, b"late")
        assert started == []

    def test_a_pool_that_was_shut_down_fails_the_rpc(self, caplog: pytest.LogCaptureFixture) -> None:
        pool = futures.ThreadPoolExecutor(1)
        pool.shutdown()
        call = make(pool=pool)
        call.advance(None, b"request")
        assert call._operation.outcome() == utilities.outcome(Kind.LOCAL_FAILURE)
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    def test_something_for_the_request_runs_at_once_if_it_is_there(self) -> None:
        ran: List[Any] = []
        call = make()
        call.advance(None, b"request")
        call.when_request(ran.append)
        assert ran == [call]

    @pytest.mark.parametrize("what", [(None, b"request"), (None, None, COMPLETION)])
    def test_something_for_the_request_runs_when_it_comes(self, what: Any) -> None:
        ran: List[Any] = []
        call = make(run=lambda call: call.when_request(ran.append))
        call.advance(("metadata",))
        assert ran == []
        call.advance(*what)
        assert ran == [call]


class TestRequests:
    def test_the_one_request_is_taken_once(self) -> None:
        call = make(True)
        call.advance(None, b"request", COMPLETION)
        assert call.request() == b"request"
        with pytest.raises(base.NoSuchMethodError, match="exactly one request"):
            call.request()

    def test_the_one_request_of_an_rpc_that_has_ended_is_abandoned(self) -> None:
        call = make(True)
        call.advance(None, b"request", COMPLETION)
        call.cancel()
        with pytest.raises(abandonment.Abandoned):
            call.request()

    def test_one_request_that_is_the_last_grants_nothing(self) -> None:
        call = make(True)
        call.advance(None, b"request", COMPLETION)
        call.request()
        assert said(call) == []

    def test_one_request_that_is_not_said_to_be_the_last_grants_another_one_once(self) -> None:
        call = make(True)
        call.advance(None, b"request")
        call.request()
        call.advance(None, None, COMPLETION)
        assert said(call) == [("allowance", 1)]
        assert call._operation.failures == []

    @pytest.mark.parametrize("known", [False, True])
    def test_another_request_where_there_may_be_one_ends_the_rpc(self, known: bool) -> None:
        call = make(True) if known else make(run=lambda call: call.when_request(lambda call: None))
        call.advance(None, b"request")
        call.advance(None, b"another")
        (failure,) = call._operation.failures
        assert isinstance(failure, base.NoSuchMethodError)
        assert failure.details == "the method takes exactly one request, and another one was sent"

    def test_other_requests_in_one_ticket_end_the_rpc_as_well(self) -> None:
        call = make(True)
        call.advance(None, b"request")
        call.advance_payloads([b"another", b"a third"])
        assert len(call._operation.failures) == 1

    def test_the_only_one_is_taken_when_it_is_there(self) -> None:
        call = make()
        call.advance(("metadata",))
        assert call.take_only() is None
        call.advance(None, b"request", COMPLETION)
        assert (call.take_only(), call.take_only()) == (b"request", None)
        assert said(call) == []

    def test_the_only_one_that_is_not_said_to_be_the_last_grants_another_one_once_it_is_taken(self) -> None:
        call = make()
        call.advance(None, b"request")
        assert said(call) == []
        assert call.take_only() == b"request"
        call.advance(None, None, COMPLETION)
        assert said(call) == [("allowance", 1)]
        assert call._operation.failures == []

    def test_another_one_after_the_only_one_was_taken_ends_the_rpc(self) -> None:
        call = make()
        call.advance(None, b"request")
        call.take_only()
        call.advance_payloads([b"another"], COMPLETION)
        (failure,) = call._operation.failures
        assert isinstance(failure, base.NoSuchMethodError)
        assert failure.details == "the method takes exactly one request, and another one was sent"

    def test_the_only_one_is_not_taken_where_leave_for_another_brings_that_one_at_once(self) -> None:
        class Eager(FakeOperation):
            def advance(self, *values: Any, **named: Any) -> None:
                super().advance(*values, **named)
                call.advance(None, b"another")

        call = make(operation=Eager())
        call.advance(None, b"request")
        assert call.take_only() is None
        assert call.exhausted()
        assert len(call._operation.failures) == 1

    def test_are_drawn_in_order_to_their_end(self) -> None:
        call = make()
        call.advance(None, 1)
        call.advance_payloads([2, 3], COMPLETION)
        assert list(call) == [1, 2, 3]
        assert list(call) == []

    @pytest.mark.parametrize("kind", [Kind.CANCELLED, Kind.REMOTE_FAILURE, Kind.COMPLETED])
    def test_of_an_rpc_that_has_ended_are_abandoned(self, kind: Kind) -> None:
        call = make()
        call.advance_payloads([1, 2], COMPLETION)
        call._operation.end(kind)
        for _ in range(2):
            with pytest.raises(abandonment.Abandoned):
                next(call)

    def test_are_fed_to_a_consumer_as_they_come(self) -> None:
        call = make()
        consumer = Requests()
        call.advance(None, 1)
        call.feed(consumer)
        call.advance(None, 2)
        call.advance(completion=COMPLETION)
        assert consumer.heard == [1, 2, "terminated"]

    def test_the_last_is_fed_with_the_end_if_they_come_together(self) -> None:
        call = make()
        consumer = Requests()
        call.advance(("metadata",))
        call.feed(consumer)
        call.advance_payloads([1, 2], COMPLETION)
        assert consumer.heard == [1, (2, "and terminated")]

    def test_no_requests_are_just_the_end(self) -> None:
        call = make()
        consumer = Requests()
        call.advance(completion=COMPLETION)
        call.feed(consumer)
        assert consumer.heard == ["terminated"]

    def test_are_fed_no_more_once_the_rpc_has_ended(self) -> None:
        call = make()
        consumer = Requests()
        call.advance(None, 1)
        call.cancel()
        call.feed(consumer)
        assert consumer.heard == []

    def test_are_granted_when_the_consumer_has_returned(self) -> None:
        seen: List[Any] = []

        class Looking(Requests):
            def consume(self, value: Any) -> None:
                seen.append(list(said(call)))

        call = make()
        call.advance(("metadata",))
        call.feed(Looking())
        call.advance(None, 1)
        assert seen == [[]]
        assert said(call) == [("allowance", 128)]

    def test_a_consumer_that_answers_within_its_call_is_not_entered_again(self) -> None:
        class Cancelling(Requests):
            def consume(self, value: Any) -> None:
                super().consume(value)
                call.cancel()
                super().consume("returned")

        call = make()
        consumer = Cancelling()
        call.advance(("metadata",))
        call.feed(consumer)
        call.advance_payloads([1, 2])
        assert consumer.heard == [1, "returned"]


class TestResponses:
    def test_one_response_leaves_with_all_that_was_said(self) -> None:
        call = make(True)
        call.terminal_metadata(("terminal",))
        call.code(3)
        call.details("words")
        call.respond(b"response")
        completion = said(call)[1][1]
        assert said(call)[0] == ("payload", b"response")
        assert (completion.terminal_metadata, completion.code, completion.message) == (("terminal",), 3, "words")
        assert call._operation.calls == 1

    def test_a_second_response_is_an_error_that_changes_nothing(self) -> None:
        call = make(True)
        call.respond(b"response")
        before = list(said(call))
        with pytest.raises(ValueError, match="one response"):
            call.respond(b"another")
        assert said(call) == before

    def test_a_response_to_an_rpc_that_has_ended_is_abandoned(self) -> None:
        call = make(True)
        call.cancel()
        with pytest.raises(abandonment.Abandoned):
            call.respond(b"response")

    def test_initial_metadata_leaves_at_once(self) -> None:
        call = make()
        call.initial_metadata(("initial",))
        assert said(call) == [("initial", ("initial",))]


class TestContext:
    def test_an_abortion_says_what_the_invocation_side_said(self) -> None:
        seen: List[face.Abortion] = []
        call = make()
        call.add_abortion_callback(seen.append)
        assert call.abortion() is None
        call.advance(("metadata",))
        call._operation.end(Kind.CANCELLED, 1, "words")
        assert seen == [face.Abortion(face.Abortion.Kind.CANCELLED, ("metadata",), None, 1, "words")]
        call.add_abortion_callback(seen.append)
        assert seen[0] == seen[1]

    def test_completion_is_no_abortion(self) -> None:
        seen: List[face.Abortion] = []
        call = make()
        call.add_abortion_callback(seen.append)
        call._operation.end(Kind.COMPLETED)
        call.add_abortion_callback(seen.append)
        assert (seen, call.is_active()) == ([], False)

    def test_what_the_transport_offers_is_passed_on(self) -> None:
        call = make()
        call.context("of the transport")
        assert call.protocol_context() == "of the transport"

    def test_no_such_method_is_told_to_the_invocation_side(self) -> None:
        call = make()
        call.fail(face.NoSuchMethodError("group", "method"), "is not logged")
        (error,) = call._operation.failures
        assert isinstance(error, base.NoSuchMethodError)
        assert (error.code, error.details) == (None, "no method 'method' in group 'group'")
