"""How operations begin on either side, and all the ways in which they end, seen from both."""

from __future__ import annotations

import logging
from typing import Any, Callable, Dict, List, Tuple

import pytest

from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.links import links
from tests.framework.core._kit import (
    DONE,
    Customer,
    Heard,
    Invocation,
    Kind,
    Pair,
    Served,
    Service,
    Termination,
    counted,
    is_idle,
    operate_on,
)

SubscriptionKind = base.Subscription.Kind


class TestBeginningAnInvocation:
    def test_all_that_is_known_is_one_ticket(self) -> None:
        invocation = Invocation(
            timeout=3.0,
            initial_metadata="i",
            payload="p",
            completion=utilities.completion("t", 3, "w"),
            protocol_options="option",
        )
        assert invocation.link.tickets == [
            links.Ticket(
                operation_id=0,
                sequence_number=0,
                group="g",
                method="m",
                subscription=Heard.FULL,
                timeout=3.0,
                initial_metadata="i",
                payload="p",
                terminal_metadata="t",
                code=3,
                message="w",
                termination=Termination.COMPLETION,
                protocol=links.Protocol(links.Protocol.Kind.CALL_OPTION, "option"),
            )
        ]

    def test_nothing_but_names_is_enough(self) -> None:
        invocation = Invocation()
        assert invocation.link.tickets == [links.Ticket(0, 0, "g", "m", Heard.FULL)]

    @pytest.mark.parametrize(
        ("kind", "told"),
        [
            (SubscriptionKind.NONE, Heard.NONE),
            (SubscriptionKind.TERMINATION_ONLY, Heard.TERMINATION),
            (SubscriptionKind.FULL, Heard.FULL),
        ],
    )
    def test_the_peer_is_told_how_much_is_to_be_heard(
        self, kind: base.Subscription.Kind, told: links.Ticket.Subscription
    ) -> None:
        assert Invocation(Customer(kind)).link.last.subscription is told

    def test_every_operation_has_an_id_of_its_own(self) -> None:
        invocation = Invocation()
        operate_on(invocation.end, Customer())
        first, second = invocation.link.tickets
        assert first.operation_id != second.operation_id

    @pytest.mark.parametrize("timeout", [0.0, -1.0])
    def test_without_any_time_it_expires_at_once_and_nothing_is_sent(self, timeout: float) -> None:
        invocation = Invocation(timeout=timeout, payload="p")
        assert invocation.customer.heard == [("end", Kind.EXPIRED)]
        assert invocation.link.tickets == []
        assert invocation.environment.pending == 0
        assert counted(invocation.end) == {Kind.EXPIRED: 1}

    def test_it_expires(self) -> None:
        invocation = Invocation(timeout=3.0)
        invocation.environment.advance(2.5)
        assert invocation.context.time_remaining() == 0.5
        invocation.environment.advance(0.5)
        assert invocation.customer.heard == [("end", Kind.EXPIRED)]
        assert invocation.link.last == links.Ticket(0, 1, termination=Termination.EXPIRATION)
        assert invocation.context.time_remaining() == 0.0

    def test_one_that_hears_nothing_ends_with_its_own_completion(self) -> None:
        invocation = Invocation(utilities.NONE_SUBSCRIPTION, completion=DONE)
        assert len(invocation.link.tickets) == 1
        assert counted(invocation.end) == {Kind.COMPLETED: 1}

    def test_one_that_hears_nothing_may_complete_later(self) -> None:
        invocation = Invocation(utilities.NONE_SUBSCRIPTION)
        assert counted(invocation.end) == {}
        invocation.operator.advance(completion=DONE)
        assert counted(invocation.end) == {Kind.COMPLETED: 1}

    def test_one_that_hears_nothing_has_no_time_left_once_it_has_completed(self) -> None:
        invocation = Invocation(utilities.NONE_SUBSCRIPTION, timeout=3.0, completion=DONE)
        assert invocation.environment.pending == 0
        assert invocation.context.time_remaining() == 0.0


class TestBeginningToServe:
    def test_the_servicer_gets_the_names_and_the_customer_the_values(self) -> None:
        service = Service()
        service.hear(0, initial_metadata="i", payload="p", termination=Termination.COMPLETION)
        assert (service.served.group, service.served.method) == ("g", "m")
        assert service.served.customer.heard == [
            ("initial metadata", "i"),
            ("payload", "p"),
            ("completion", (None, None, None)),
        ]

    @pytest.mark.parametrize(
        ("asked", "default", "maximum", "given"),
        [
            (None, None, None, None),
            (5.0, None, None, 5.0),
            (5.0, 2.0, None, 5.0),
            (5.0, None, 3.0, 3.0),
            (None, 2.0, None, 2.0),
            (None, None, 3.0, 3.0),
            (None, 4.0, 3.0, 3.0),
            (1.0, 4.0, 3.0, 1.0),
        ],
    )
    def test_the_time_is_what_was_asked_for_else_the_default_and_never_above_the_maximum(
        self, asked: Any, default: Any, maximum: Any, given: Any
    ) -> None:
        service = Service(default_timeout=default, maximum_timeout=maximum)
        service.hear(0, timeout=asked)
        assert service.served.context.time_remaining() == given
        service.environment.advance(100.0)
        assert service.served.customer.ends == ([] if given is None else [Kind.EXPIRED])

    def test_without_any_time_the_servicer_does_not_hear_of_it(self) -> None:
        service = Service()
        service.hear(0, timeout=0.0)
        assert service.servicer.served == []
        assert service.link.tickets == [links.Ticket(7, 0, termination=Termination.EXPIRATION)]
        assert counted(service.end) == {Kind.EXPIRED: 1}

    @pytest.mark.parametrize(
        "first",
        [
            pytest.param({"payload": 1, "further_payloads": (2,)}, id="too many payloads"),
            pytest.param({"allowance": 0}, id="an allowance of nothing"),
            pytest.param({"method": None}, id="no method"),
            pytest.param({"sequence_number": 1}, id="not the first number"),
        ],
    )
    def test_a_first_ticket_that_breaks_the_rules_never_gets_to_the_servicer(self, first: Dict[str, Any]) -> None:
        service = Service()
        ticket = links.Ticket(7, 0, "g", "m", Heard.FULL)._replace(**first)
        service.end.accept_ticket(ticket)
        assert service.servicer.served == []
        assert service.link.last.termination is Termination.RECEPTION_FAILURE
        assert counted(service.end) == {Kind.RECEPTION_FAILURE: 1}
        assert is_idle(service.end)

    def test_a_first_ticket_that_ends_all_is_dropped(self) -> None:
        service = Service()
        service.hear(0, payload=1, termination=Termination.CANCELLATION)
        assert service.servicer.served == []
        assert service.link.tickets == []
        assert is_idle(service.end)

    def test_what_the_servicer_says_at_once_is_sent_at_once(self) -> None:
        said: List[int] = []

        def make(served: Served) -> base.Subscription:
            served.output.advance(payload="p", completion=DONE)
            said.append(len(service.link.tickets))
            return served.customer

        service = Service(make)
        service.hear(0, payload="unheard")
        assert said == [1]
        assert service.served.customer.heard == [("end", Kind.COMPLETED)]

    @pytest.mark.parametrize("first", [{}, {"payload": 1}])
    def test_tickets_that_come_while_the_servicer_is_at_work_are_delivered_after_the_first(
        self, first: Dict[str, Any]
    ) -> None:
        def make(served: Served) -> base.Subscription:
            served.output.advance(allowance=1)
            service.hear(1, payload=2)
            return served.customer

        service = Service(make)
        service.hear(0, **first)
        assert service.served.customer.heard == [*first.items(), ("payload", 2)]

    def test_an_end_that_comes_while_the_servicer_is_at_work_is_told_to_its_subscription(self) -> None:
        def make(served: Served) -> base.Subscription:
            service.hear(1, termination=Termination.CANCELLATION)
            return served.customer

        service = Service(make)
        service.hear(0, payload=1)
        assert service.served.customer.heard == [("payload", 1), ("end", Kind.CANCELLED)]

    def test_a_servicer_that_abandons_what_has_ended_leaves_the_end_as_it_is(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def make(served: Served) -> base.Subscription:
            service.hear(1, termination=Termination.CANCELLATION)
            raise abandonment.Abandoned

        service = Service(make)
        service.hear(0)
        assert counted(service.end) == {Kind.CANCELLED: 1}
        assert caplog.records == []

    def test_a_servicer_that_abandons_what_goes_on_fails_it_silently(self, caplog: pytest.LogCaptureFixture) -> None:
        def make(served: Served) -> base.Subscription:
            raise abandonment.Abandoned

        service = Service(make)
        service.hear(0)
        assert service.link.tickets == [links.Ticket(7, 0, termination=Termination.LOCAL_FAILURE)]
        assert caplog.records == []

    def test_a_servicer_without_the_method_has_its_words_sent(self, caplog: pytest.LogCaptureFixture) -> None:
        def make(served: Served) -> base.Subscription:
            raise base.NoSuchMethodError(12, "no m in g")

        service = Service(make)
        service.hear(0)
        assert service.link.tickets == [
            links.Ticket(7, 0, code=12, message="no m in g", termination=Termination.REMOTE_FAILURE)
        ]
        assert counted(service.end) == {Kind.REMOTE_FAILURE: 1}
        assert caplog.records == []

    @pytest.mark.parametrize("result", [ValueError("broken"), None])
    def test_a_servicer_that_fails_is_logged_and_fails_its_operation_only(
        self, caplog: pytest.LogCaptureFixture, result: Any
    ) -> None:
        def make(served: Served) -> base.Subscription:
            if len(service.servicer.served) > 1:
                return served.customer
            if result is None:
                return None  # type: ignore[return-value]  # the point of the test
            raise result

        service = Service(make)
        service.hear(0)
        assert service.link.last.termination is Termination.LOCAL_FAILURE
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert record.exc_info
        service.end.accept_ticket(links.Ticket(8, 0, "g", "m", Heard.FULL, payload="p"))
        assert service.servicer.served[1].customer.payloads == ["p"]
        assert counted(service.end) == {Kind.LOCAL_FAILURE: 1}

    @pytest.mark.parametrize("number", [0, 1, 5])
    def test_a_nameless_ticket_of_an_operation_that_is_not_known_is_dropped(self, number: int) -> None:
        service = Service()
        service.end.accept_ticket(links.Ticket(7, number, payload=1))
        assert service.servicer.served == []
        assert service.link.tickets == []
        assert is_idle(service.end)

    def test_an_abortion_of_an_operation_that_is_not_known_is_dropped(self) -> None:
        service = Service()
        service.end.accept_ticket(links.Ticket(7, 0, termination=Termination.CANCELLATION))
        assert service.link.tickets == []

    def test_a_service_that_hears_nothing_can_still_complete(self) -> None:
        pair = Pair(lambda served: utilities.NONE_SUBSCRIPTION)
        pair.operate(payload=1, completion=DONE)
        pair.served.output.advance(payload=2, completion=DONE)
        assert pair.customer.heard == [
            ("payload", 2),
            ("completion", (None, None, None)),
            ("end", Kind.COMPLETED),
        ]
        assert pair.idle

    def test_a_service_that_hears_only_the_end_hears_the_end(self) -> None:
        heard: List[base.Outcome] = []
        pair = Pair(lambda served: utilities.termination_subscription(heard.append))
        context, _ = pair.operate(payload=1)
        context.cancel()
        assert [outcome.kind for outcome in heard] == [Kind.CANCELLED]


Act = Callable[[Pair, base.OperationContext], object]

ENDS: Dict[str, Tuple[Act, base.Outcome.Kind, base.Outcome.Kind]] = {
    "the service completes": (
        lambda pair, context: pair.served.output.advance(completion=DONE),
        Kind.COMPLETED,
        Kind.COMPLETED,
    ),
    "the invocation side cancels": (lambda pair, context: context.cancel(), Kind.CANCELLED, Kind.CANCELLED),
    "the service side cancels": (lambda pair, context: pair.served.context.cancel(), Kind.CANCELLED, Kind.CANCELLED),
    "the time is over": (lambda pair, context: pair.environment.advance(60.0), Kind.EXPIRED, Kind.EXPIRED),
    "the invocation End stops": (
        lambda pair, context: pair.invocation.stop(0),
        Kind.LOCAL_SHUTDOWN,
        Kind.REMOTE_SHUTDOWN,
    ),
    "the service End stops": (lambda pair, context: pair.service.stop(0), Kind.REMOTE_SHUTDOWN, Kind.LOCAL_SHUTDOWN),
    "the invocation side cannot receive": (
        lambda pair, context: pair.invocation.accept_ticket(links.Ticket(0, 99)),
        Kind.RECEPTION_FAILURE,
        Kind.TRANSMISSION_FAILURE,
    ),
    "the service side cannot receive": (
        lambda pair, context: pair.service.accept_ticket(links.Ticket(0, 99)),
        Kind.TRANSMISSION_FAILURE,
        Kind.RECEPTION_FAILURE,
    ),
    "the invocation side fails": (
        lambda pair, context: context.fail(ValueError()),
        Kind.LOCAL_FAILURE,
        Kind.REMOTE_FAILURE,
    ),
    "the service side fails": (
        lambda pair, context: pair.served.context.fail(ValueError()),
        Kind.REMOTE_FAILURE,
        Kind.LOCAL_FAILURE,
    ),
    "the service side finds that it has no such method": (
        lambda pair, context: pair.served.context.fail(base.NoSuchMethodError(12, "w")),
        Kind.LOCAL_FAILURE,
        Kind.REMOTE_FAILURE,
    ),
}


class TestEnds:
    @pytest.mark.parametrize("how", ENDS)
    def test_both_sides_are_told_once_and_count_it(self, how: str) -> None:
        act, here, there = ENDS[how]
        pair = Pair()
        context, _ = pair.operate(timeout=50.0)
        act(pair, context)
        assert pair.customer.ends == [here]
        assert pair.served.customer.ends == [there]
        assert counted(pair.invocation) == {here: 1}
        assert counted(pair.service) == {there: 1}
        for side in (context, pair.served.context):
            outcome = side.outcome()
            assert outcome in (pair.customer.outcomes[0], pair.served.customer.outcomes[0])
            assert side.time_remaining() == 0.0
        assert pair.environment.pending == 0
        assert is_idle(pair.invocation)
        assert is_idle(pair.service)

    def test_every_kind_is_among_them(self) -> None:
        assert {here for _, here, _ in ENDS.values()} == set(Kind)
        assert {there for _, _, there in ENDS.values()} == set(Kind)

    @pytest.mark.parametrize("how", ENDS)
    def test_a_second_end_changes_nothing(self, how: str) -> None:
        act, here, there = ENDS[how]
        pair = Pair()
        context, operator = pair.operate(timeout=50.0)
        act(pair, context)
        said = (list(pair.to_service), list(pair.to_invocation))
        context.cancel()
        pair.served.context.fail(ValueError())
        pair.served.output.advance(completion=DONE)
        operator.advance(completion=DONE)
        pair.environment.advance(60.0)
        assert (pair.to_service, pair.to_invocation) == said
        assert (pair.customer.ends, pair.served.customer.ends) == ([here], [there])

    def test_code_and_details_of_a_completion_come_with_the_outcome(self) -> None:
        pair = Pair()
        pair.operate()
        pair.served.output.advance(completion=utilities.completion("t", 5, "w"))
        (outcome,) = pair.customer.outcomes
        assert (outcome.code, outcome.details) == (5, "w")

    def test_the_services_completion_does_not_wait_for_the_invocations(self) -> None:
        pair = Pair()
        pair.operate(payload=1)
        pair.served.output.advance(completion=DONE)
        assert pair.idle

    def test_the_invocations_completion_waits_for_the_services(self) -> None:
        pair = Pair()
        pair.operate(payload=1, completion=DONE)
        assert (pair.customer.ends, pair.served.customer.ends) == ([], [])
        pair.served.output.advance(payload=2)
        assert pair.customer.payloads == [2]

    def test_the_reason_of_a_failure_stays_on_its_side(self) -> None:
        pair = Pair()
        context, _ = pair.operate()
        context.fail(ValueError("secret"))
        assert (pair.to_service[-1].code, pair.to_service[-1].message) == (None, None)
