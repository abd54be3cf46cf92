"""What the peer says: delivered if it keeps the rules, and the end of the operation if it does not."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links
from tests.framework.core._kit import (
    DONE,
    Customer,
    Heard,
    Invocation,
    Kind,
    Service,
    Termination,
    counted,
    is_idle,
)

CALL_OPTION = links.Protocol(links.Protocol.Kind.CALL_OPTION, "option")
SERVICER_CONTEXT = links.Protocol(links.Protocol.Kind.SERVICER_CONTEXT, "service")
INVOCATION_CONTEXT = links.Protocol(links.Protocol.Kind.INVOCATION_CONTEXT, "invocation")


class TestDelivery:
    def test_all_that_a_ticket_brings_is_delivered_in_one_call_and_the_end_after_it(self) -> None:
        calls: List[Any] = []

        class Once(Customer):
            def advance(self, *args: Any, **kwargs: Any) -> None:
                calls.append(args)

        invocation = Invocation(Once())
        invocation.hear(
            0, initial_metadata="i", payload="p", terminal_metadata="t", code=3, message="w", termination=COMPLETION
        )
        ((initial_metadata, payload, completion, allowance),) = calls
        assert (initial_metadata, payload, allowance) == ("i", "p", None)
        assert (completion.terminal_metadata, completion.code, completion.message) == ("t", 3, "w")
        (outcome,) = invocation.customer.outcomes
        assert (outcome.kind, outcome.code, outcome.details) == (Kind.COMPLETED, 3, "w")

    def test_several_payloads_of_one_ticket_are_one_call(self) -> None:
        service = Service()
        service.hear(0)
        service.served.output.advance(allowance=2)
        service.hear(1, payload=1, further_payloads=(2, 3), termination=COMPLETION)
        assert service.served.customer.heard == [("payloads", (1, 2, 3)), ("completion", (None, None, None))]

    def test_metadata_and_allowance_come_before_several_payloads(self) -> None:
        service = Service()
        service.hear(0)
        service.served.output.advance(allowance=1)
        service.hear(1, initial_metadata="i", allowance=4, payload=1, further_payloads=(2,))
        assert service.served.customer.heard == [("initial metadata", "i"), ("allowance", 4), ("payloads", (1, 2))]

    def test_payloads_that_are_false_are_payloads(self) -> None:
        service = Service()
        service.hear(0, payload=b"")
        assert service.served.customer.heard == [("payload", b"")]

    def test_the_transports_word_comes_first(self) -> None:
        service = Service()
        service.hear(0, payload="p", protocol=SERVICER_CONTEXT)
        assert service.served.customer.heard == [("context", "service"), ("payload", "p")]

    def test_the_transports_word_may_come_alone(self) -> None:
        invocation = Invocation()
        invocation.hear(0, protocol=INVOCATION_CONTEXT)
        assert invocation.customer.heard == [("context", "invocation")]

    def test_words_for_a_transport_are_not_delivered(self) -> None:
        service = Service()
        service.hear(0, payload="p", protocol=CALL_OPTION)
        invocation = Invocation()
        invocation.hear(0, payload="p", protocol=SERVICER_CONTEXT)
        assert service.served.customer.heard == [("payload", "p")]
        assert invocation.customer.heard == [("payload", "p")]

    def test_what_comes_with_an_abortion_is_delivered_before_the_end(self) -> None:
        invocation = Invocation()
        invocation.hear(
            0, initial_metadata="i", payload="p", terminal_metadata="t", code=5, message="w",
            termination=Termination.LOCAL_FAILURE,
        )  # fmt: skip
        customer = invocation.customer
        assert isinstance(customer, Customer)
        assert customer.heard == [("initial metadata", "i"), ("payload", "p"), ("end", Kind.REMOTE_FAILURE)]
        (outcome,) = customer.outcomes
        assert (outcome.code, outcome.details, getattr(outcome, "terminal_metadata", None)) == (5, "w", "t")

    def test_a_ticket_with_nothing_in_it_is_no_call(self) -> None:
        invocation = Invocation()
        invocation.hear(0)
        invocation.hear(1, payload="p")
        assert invocation.customer.heard == [("payload", "p")]

    def test_allowance_with_the_end_is_not_delivered(self) -> None:
        invocation = Invocation()
        invocation.hear(0, allowance=3, termination=COMPLETION)
        assert invocation.customer.heard == [
            ("completion", (None, None, None)),
            ("end", Kind.COMPLETED),
        ]


COMPLETION = Termination.COMPLETION

FAULTS: Dict[str, List[Dict[str, Any]]] = {
    "a ticket is missing": [{"number": 2}],
    "a ticket comes twice": [{"number": 1}, {"number": 1}],
    "an earlier ticket comes again": [{"number": 1}, {"number": 2}, {"number": 1}],
    "the first ticket comes again": [{"number": 0}],
    "a later ticket names a method": [{"number": 1, "group": "g", "method": "m"}],
    "a later ticket has a subscription": [{"number": 1, "subscription": Heard.FULL}],
    "initial metadata comes twice": [{"number": 1, "initial_metadata": ()}, {"number": 2, "initial_metadata": ()}],
    "initial metadata comes after a payload": [{"number": 1, "payload": 1}, {"number": 2, "initial_metadata": ()}],
    "initial metadata comes after the completion": [
        {"number": 1, "termination": COMPLETION},
        {"number": 2, "initial_metadata": ()},
    ],
    "a payload comes after the completion": [{"number": 1, "termination": COMPLETION}, {"number": 2, "payload": 1}],
    "the completion comes twice": [
        {"number": 1, "termination": COMPLETION},
        {"number": 2, "termination": COMPLETION},
    ],
    "payloads outrun the allowance": [{"number": 1, "payload": 1}, {"number": 2, "payload": 2}],
    "payloads outrun the allowance in one ticket": [{"number": 1, "payload": 1, "further_payloads": (2,)}],
    "further payloads come without a first": [{"number": 1, "further_payloads": (2,)}],
    "the allowance is nothing": [{"number": 1, "allowance": 0}],
    "the allowance is negative": [{"number": 1, "allowance": -1}],
    "terminal metadata comes without a termination": [{"number": 1, "terminal_metadata": ()}],
    "a code comes without a termination": [{"number": 1, "code": 0}],
    "a message comes without a termination": [{"number": 1, "message": ""}],
}


class TestFaults:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_fault_ends_the_operation_and_the_peer_is_told(self, fault: str) -> None:
        service = Service()
        service.hear(0)
        *before, wrong = FAULTS[fault]
        for fields in before:
            service.hear(**fields)
        heard = list(service.served.customer.heard)
        said = list(service.link.tickets)
        service.hear(**wrong)
        assert service.served.customer.heard == [*heard, ("end", Kind.RECEPTION_FAILURE)]
        (ticket,) = service.link.tickets[len(said) :]
        assert ticket.termination is Termination.RECEPTION_FAILURE
        assert ticket.message
        assert ticket.message == service.served.customer.outcomes[0].details
        assert is_idle(service.end)

    def test_the_invocation_side_takes_no_method(self) -> None:
        invocation = Invocation()
        invocation.hear(0, group="g", method="m")
        assert invocation.link.last.termination is Termination.RECEPTION_FAILURE
        assert counted(invocation.end) == {Kind.RECEPTION_FAILURE: 1}

    def test_tickets_after_the_end_are_dropped(self) -> None:
        invocation = Invocation()
        invocation.hear(0, termination=COMPLETION)
        invocation.hear(1, payload="late")
        invocation.hear(0, payload="late")
        customer = invocation.customer
        assert isinstance(customer, Customer)
        assert customer.ends == [Kind.COMPLETED]
        assert customer.payloads == []
        assert len(invocation.link.tickets) == 1

    def test_tickets_after_the_end_are_dropped_while_the_end_is_still_being_told(self) -> None:
        def then(word: str, value: Any) -> None:
            if word == "end":
                invocation.hear(1, payload="late")

        invocation = Invocation(Customer(then=then))
        invocation.hear(0, termination=Termination.CANCELLATION)
        assert invocation.customer.payloads == []
        assert len(invocation.link.tickets) == 1

    def test_the_answer_to_a_fault_has_the_next_number(self) -> None:
        service = Service()
        service.hear(0)
        service.served.output.advance(payload=1)
        service.hear(5)
        assert service.link.last.sequence_number == 1


class TestTimeouts:
    @pytest.mark.parametrize("timeout", [0.5, 20.0])
    def test_a_later_ticket_moves_the_deadline(self, timeout: float) -> None:
        service = Service()
        service.hear(0, timeout=5.0)
        service.environment.advance(2.0)
        service.hear(1, timeout=timeout)
        assert service.served.context.time_remaining() == timeout
        service.environment.advance(timeout)
        assert service.served.customer.ends == [Kind.EXPIRED]

    def test_a_later_ticket_gives_a_deadline_to_an_operation_that_has_none(self) -> None:
        invocation = Invocation()
        assert invocation.context.time_remaining() is None
        invocation.hear(0, timeout=3.0)
        assert invocation.context.time_remaining() == 3.0

    def test_a_later_ticket_does_not_put_the_deadline_beyond_the_maximum(self) -> None:
        service = Service(maximum_timeout=10.0)
        service.hear(0, timeout=1.0)
        service.hear(1, timeout=100.0)
        assert service.served.context.time_remaining() == 10.0

    def test_a_later_ticket_that_leaves_no_time_ends_the_operation_at_once(self) -> None:
        service = Service()
        service.hear(0, timeout=5.0)
        service.hear(1, timeout=0.0, payload="late")
        assert service.served.customer.heard == [("end", Kind.EXPIRED)]
        assert service.link.last.termination is Termination.EXPIRATION
        assert service.environment.pending == 0


class TestUnheardValues:
    @pytest.mark.parametrize("kind", [base.Subscription.Kind.NONE, base.Subscription.Kind.TERMINATION_ONLY])
    def test_a_service_that_hears_nothing_lets_the_peer_go_on(self, kind: base.Subscription.Kind) -> None:
        service = Service(lambda served: Customer(kind))
        service.hear(0, payload=1)
        service.hear(1, payload=2)
        assert [ticket.allowance for ticket in service.link.tickets] == [1, 1]
        service.hear(2, payload=3, termination=COMPLETION)
        assert len(service.link.tickets) == 2
        service.served.output.advance(completion=DONE)
        assert counted(service.end) == {Kind.COMPLETED: 1}

    @pytest.mark.parametrize("kind", [base.Subscription.Kind.NONE, base.Subscription.Kind.TERMINATION_ONLY])
    def test_an_invocation_that_hears_nothing_lets_a_peer_go_on_that_sends_all_the_same(
        self, kind: base.Subscription.Kind
    ) -> None:
        customer = Customer(kind)
        invocation = Invocation(customer)
        invocation.hear(0, payload=1)
        assert invocation.link.last == links.Ticket(0, 1, allowance=1)
        invocation.hear(1, payload=2, termination=COMPLETION)
        assert counted(invocation.end) == {Kind.COMPLETED: 1}
        assert customer.payloads == []

    def test_who_hears_only_the_end_is_told_what_it_may_send(self) -> None:
        customer = Customer(base.Subscription.Kind.TERMINATION_ONLY)
        invocation = Invocation(customer)
        invocation.hear(0, allowance=3)
        invocation.hear(1, allowance=4, initial_metadata="unheard", payload="unheard")
        invocation.hear(2, termination=COMPLETION)
        assert customer.heard == [("allowance", 3), ("allowance", 4), ("end", Kind.COMPLETED)]

    def test_a_batch_that_nobody_hears_is_dropped(self) -> None:
        customer = Customer(base.Subscription.Kind.TERMINATION_ONLY)
        invocation = Invocation(customer)
        invocation.operator.advance(allowance=2)
        invocation.hear(0, payload=1, further_payloads=(2, 3))
        assert invocation.link.last.allowance == 3
        assert customer.heard == []
