"""The context, termination callbacks, and customers and links that raise."""

from __future__ import annotations

import logging
from typing import Any, Callable, Dict, List

import pytest

from grpc.framework.core import implementations
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.links import links
from tests.framework.core._kit import (
    DONE,
    Customer,
    Invocation,
    Kind,
    Pair,
    RecordingLink,
    Service,
    Termination,
    counted,
    is_idle,
    operate_on,
)
from tests.support.environment import FakeEnvironment


class TestContext:
    def test_an_active_operation_has_no_outcome(self) -> None:
        assert Invocation().context.outcome() is None

    def test_the_repr_names_operation_and_state(self) -> None:
        invocation = Invocation(completion=DONE)
        assert repr(invocation.context) == "<InvocationOperation 0, local complete>"
        invocation.context.cancel()
        assert repr(invocation.context) == "<InvocationOperation 0, ended: cancelled>"

    def test_the_time_remaining_counts_down_to_nothing(self) -> None:
        invocation = Invocation(timeout=4.0)
        assert invocation.context.time_remaining() == 4.0
        invocation.environment.advance(1.0)
        assert invocation.context.time_remaining() == 3.0
        invocation.context.cancel()
        assert invocation.context.time_remaining() == 0.0

    def test_without_a_deadline_no_time_remaining_is_told(self) -> None:
        assert Invocation().context.time_remaining() is None

    def test_the_time_remaining_is_never_negative(self) -> None:
        invocation = Invocation(timeout=4.0)
        invocation.environment.now += 10.0  # the timer is late
        assert invocation.context.time_remaining() == 0.0

    def test_a_timer_that_comes_before_its_time_ends_nothing(self) -> None:
        invocation = Invocation(timeout=4.0)
        invocation.environment.actions[0]()
        assert invocation.context.outcome() is None
        invocation.environment.advance(4.0)
        assert invocation.customer.ends == [Kind.EXPIRED]

    def test_a_timer_that_comes_after_the_end_changes_nothing(self) -> None:
        invocation = Invocation(timeout=4.0)
        invocation.context.cancel()
        said = list(invocation.link.tickets)
        invocation.environment.now += 10.0
        invocation.environment.actions[0]()
        assert invocation.customer.ends == [Kind.CANCELLED]
        assert invocation.context.outcome().kind is Kind.CANCELLED  # type: ignore[union-attr]
        assert invocation.link.tickets == said


class TestTerminationCallbacks:
    def test_each_is_called_once_in_the_order_of_adding_after_the_subscriptions(self) -> None:
        called: List[Any] = []
        invocation = Invocation(Customer(then=lambda word, value: called.append(word)))
        assert invocation.context.add_termination_callback(lambda outcome: called.append("a")) is None
        assert invocation.context.add_termination_callback(lambda outcome: called.append("b")) is None
        invocation.context.cancel()
        invocation.context.cancel()
        invocation.end.stop(0)
        assert called == ["end", "a", "b"]

    def test_one_that_is_added_late_is_not_called_and_its_adder_gets_the_outcome(self) -> None:
        called: List[Any] = []
        invocation = Invocation()
        invocation.context.cancel()
        outcome = invocation.context.add_termination_callback(called.append)
        assert outcome is not None
        assert outcome is invocation.context.outcome()
        assert outcome.kind is Kind.CANCELLED
        assert called == []

    def test_one_that_is_added_from_inside_another_is_late(self) -> None:
        late: List[Any] = []
        invocation = Invocation()
        invocation.context.add_termination_callback(
            lambda outcome: late.append(invocation.context.add_termination_callback(late.append))
        )
        invocation.context.cancel()
        assert [outcome.kind for outcome in late] == [Kind.CANCELLED]

    def test_one_that_is_added_while_the_last_values_are_delivered_is_in_time(self) -> None:
        called: List[base.Outcome] = []
        returned: List[Any] = []

        def then(word: str, value: Any) -> None:
            if word == "payload":
                returned.append(invocation.context.outcome())
                returned.append(invocation.context.add_termination_callback(called.append))

        invocation = Invocation(Customer(then=then))
        invocation.hear(0, payload="p", termination=Termination.COMPLETION)
        assert returned == [None, None]
        assert [outcome.kind for outcome in called] == [Kind.COMPLETED]

    def test_one_that_raises_is_logged_and_the_others_are_called(self, caplog: pytest.LogCaptureFixture) -> None:
        def fail(outcome: base.Outcome) -> None:
            raise ValueError("broken")

        called: List[base.Outcome] = []
        invocation = Invocation(utilities.termination_subscription(fail))
        invocation.context.add_termination_callback(fail)
        invocation.context.add_termination_callback(called.append)
        invocation.context.cancel()
        assert [outcome.kind for outcome in called] == [Kind.CANCELLED]
        assert [record.message for record in caplog.records] == ["A termination callback raised"] * 2
        assert is_idle(invocation.end)

    def test_one_that_calls_back_is_not_interrupted_by_the_others(self) -> None:
        seen: List[Any] = []

        def again(outcome: base.Outcome) -> None:
            invocation.context.cancel()
            invocation.operator.advance(payload="late")
            invocation.hear(0, payload="late")
            seen.append("again")

        invocation = Invocation(utilities.termination_subscription(again))
        invocation.context.add_termination_callback(lambda outcome: seen.append(is_idle(invocation.end)))
        invocation.context.cancel()
        assert seen == ["again", False]
        assert is_idle(invocation.end)

    def test_an_interruption_in_one_reaches_the_thread_after_the_others_were_called(self) -> None:
        def interrupt(outcome: base.Outcome) -> None:
            raise KeyboardInterrupt

        called: List[base.Outcome] = []
        invocation = Invocation(utilities.termination_subscription(interrupt))
        invocation.context.add_termination_callback(called.append)
        with pytest.raises(KeyboardInterrupt):
            invocation.context.cancel()
        assert len(called) == 1
        assert is_idle(invocation.end)


def _raise(error: BaseException, at: str) -> Callable[[str, Any], None]:
    def then(word: str, value: Any) -> None:
        if word == at:
            raise error

    return then


PROTOCOL = links.Protocol(links.Protocol.Kind.INVOCATION_CONTEXT, "c")

TICKETS: Dict[str, Dict[str, Any]] = {
    "payload": {"payload": "p"},
    "payloads": {"payload": "p", "further_payloads": ("q",)},
    "initial metadata": {"initial_metadata": "i"},
    "allowance": {"allowance": 1},
    "context": {"protocol": PROTOCOL, "payload": "p"},
    "completion": {"payload": "p", "termination": Termination.COMPLETION},
}


class TestCustomersThatRaise:
    @pytest.mark.parametrize("at", TICKETS)
    def test_one_is_logged_and_its_operation_fails(self, at: str, caplog: pytest.LogCaptureFixture) -> None:
        invocation = Invocation(Customer(then=_raise(ValueError("broken"), at)))
        invocation.operator.advance(allowance=1)
        invocation.hear(0, **TICKETS[at])
        customer = invocation.customer
        assert isinstance(customer, Customer)
        assert customer.ends == [Kind.LOCAL_FAILURE]
        assert customer.outcomes[0].details == "ValueError: broken"
        assert customer.heard[-2][0] == at, "something was delivered after the failure"
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert record.exc_info
        assert counted(invocation.end) == {Kind.LOCAL_FAILURE: 1}
        assert is_idle(invocation.end)

    def test_the_peer_is_told_unless_it_has_ended_the_operation(self) -> None:
        pair = Pair()
        pair.operate(Customer(then=_raise(ValueError("broken"), "payload")))
        pair.served.output.advance(payload="p")
        assert pair.served.customer.ends == [Kind.REMOTE_FAILURE]
        assert pair.served.customer.outcomes[0].details == "ValueError: broken"
        pair = Pair()
        pair.operate(Customer(then=_raise(ValueError("broken"), "payload")))
        pair.served.output.advance(payload="p", completion=DONE)
        assert pair.served.customer.ends == [Kind.COMPLETED]
        assert counted(pair.invocation) == {Kind.LOCAL_FAILURE: 1}
        assert pair.idle

    def test_an_abortion_by_the_peer_stays_what_it_is(self) -> None:
        invocation = Invocation(Customer(then=_raise(ValueError("broken"), "payload")))
        invocation.hear(0, payload="p", termination=Termination.CANCELLATION)
        assert counted(invocation.end) == {Kind.CANCELLED: 1}

    def test_other_operations_go_on(self) -> None:
        pair = Pair()
        pair.operate(Customer(then=_raise(ValueError("broken"), "payload")))
        pair.operate()
        for served in pair.servicer.served:
            served.output.advance(payload="p")
        assert pair.customer.heard == [("payload", "p")]

    @pytest.mark.parametrize("at", TICKETS)
    def test_abandoned_is_silent(self, at: str, caplog: pytest.LogCaptureFixture) -> None:
        invocation = Invocation(Customer(then=_raise(abandonment.Abandoned(), at)))
        invocation.operator.advance(allowance=1)
        invocation.hear(0, **TICKETS[at])
        (outcome,) = invocation.customer.outcomes
        assert (outcome.kind, outcome.details) == (Kind.LOCAL_FAILURE, None)
        assert caplog.records == []

    def test_abandoned_after_the_end_leaves_the_end_as_it_is(self, caplog: pytest.LogCaptureFixture) -> None:
        def then(word: str, value: Any) -> None:
            if word == "payload":
                invocation.context.cancel()
                raise abandonment.Abandoned

        invocation = Invocation(Customer(then=then))
        invocation.hear(0, payload="p")
        assert counted(invocation.end) == {Kind.CANCELLED: 1}
        assert caplog.records == []

    def test_an_interruption_fails_the_operation_and_reaches_the_thread(self) -> None:
        invocation = Invocation(Customer(then=_raise(KeyboardInterrupt(), "payload")))
        with pytest.raises(KeyboardInterrupt):
            invocation.hear(0, payload="p")
        assert counted(invocation.end) == {Kind.LOCAL_FAILURE: 1}
        assert is_idle(invocation.end)

    def test_an_interruption_of_the_servicer_fails_the_operation_and_reaches_the_thread(self) -> None:
        def interrupt(served: Any) -> base.Subscription:
            raise KeyboardInterrupt

        service = Service(interrupt)
        with pytest.raises(KeyboardInterrupt):
            service.hear(0)
        assert service.link.last.termination is Termination.LOCAL_FAILURE
        assert is_idle(service.end)

    def test_an_interruption_passes_through_both_sides_and_leaves_nothing_behind(self) -> None:
        def make(served: Any) -> base.Subscription:
            return Customer(then=lambda word, value: served.output.advance(payload="answer", completion=DONE))

        pair = Pair(make)
        with pytest.raises(KeyboardInterrupt):
            pair.operate(Customer(then=_raise(KeyboardInterrupt(), "payload")), payload="p")
        assert counted(pair.invocation) == {Kind.LOCAL_FAILURE: 1}
        assert counted(pair.service) == {Kind.COMPLETED: 1}
        assert pair.idle

    def test_an_interruption_while_tickets_leave_does_not_keep_values_from_being_delivered(self) -> None:
        def then(ticket: links.Ticket) -> None:
            if ticket.payload is not None:
                raise KeyboardInterrupt

        invocation = Invocation(payload=0)
        invocation.operator.advance(payload=1)
        invocation.link.then = then
        with pytest.raises(KeyboardInterrupt):
            invocation.hear(0, payload="p", allowance=1)
        assert invocation.customer.payloads == ["p"]


class TestLinksThatRaise:
    def test_one_fails_the_operation_and_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        def then(ticket: links.Ticket) -> None:
            if ticket.payload is not None:
                raise ValueError("broken")

        invocation = Invocation()
        invocation.link.then = then
        invocation.operator.advance(payload="p")
        assert counted(invocation.end) == {Kind.TRANSMISSION_FAILURE: 1}
        assert invocation.link.last == links.Ticket(0, 2, termination=Termination.TRANSMISSION_FAILURE)
        assert len(caplog.records) == 1

    def test_one_that_raises_always_is_not_tried_for_ever(self, caplog: pytest.LogCaptureFixture) -> None:
        def then(ticket: links.Ticket) -> None:
            raise ValueError("broken")

        end = implementations.invocation_end_link(FakeEnvironment())
        end.join_link(RecordingLink(then))
        end.start()
        operate_on(end, Customer())
        assert counted(end) == {Kind.TRANSMISSION_FAILURE: 1}
        assert len(caplog.records) == 2
        assert is_idle(end)

    def test_an_interruption_reaches_the_thread_after_what_waits_is_sent(self) -> None:
        def then(ticket: links.Ticket) -> None:
            if ticket.payload is not None:
                invocation.operator.advance(completion=DONE)
                raise KeyboardInterrupt

        invocation = Invocation()
        invocation.link.then = then
        with pytest.raises(KeyboardInterrupt):
            invocation.operator.advance(payload="p")
        assert invocation.link.last.termination is Termination.COMPLETION
        invocation.operator.advance(allowance=1)
        assert invocation.link.last.allowance == 1
