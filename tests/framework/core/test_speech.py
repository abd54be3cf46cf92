"""What the customer says: checked, held back as far as the peer has not allowed it, and sent with few tickets."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest

from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.links import links
from tests.framework.core._kit import DONE, Customer, Heard, Invocation, Kind, Service, Termination, counted


class TestTickets:
    def test_all_that_is_said_at_once_is_one_ticket(self) -> None:
        service = Service()
        service.hear(0)
        completion = utilities.completion("t", 3, "w")
        service.served.output.advance("i", "p", completion, 4)
        assert service.link.tickets == [
            links.Ticket(
                7, 0, allowance=4, initial_metadata="i", payload="p", terminal_metadata="t", code=3, message="w",
                termination=Termination.COMPLETION,
            )
        ]  # fmt: skip

    def test_tickets_are_numbered(self) -> None:
        service = Service()
        service.hear(0)
        service.served.output.advance(initial_metadata="i")
        service.served.output.advance(payload="p")
        service.served.output.advance(allowance=1)
        assert [ticket.sequence_number for ticket in service.link.tickets] == [0, 1, 2]

    def test_saying_nothing_sends_nothing(self) -> None:
        invocation = Invocation()
        invocation.operator.advance()
        invocation.operator.advance_payloads([])
        assert len(invocation.link.tickets) == 1

    def test_what_is_said_after_the_end_is_dropped(self) -> None:
        invocation = Invocation()
        invocation.context.cancel()
        said = list(invocation.link.tickets)
        invocation.operator.advance("i", "p", DONE, 1)
        invocation.operator.advance_payloads(["p"], DONE)
        assert invocation.link.tickets == said

    def test_after_the_completion_allowance_can_still_be_granted(self) -> None:
        invocation = Invocation(completion=DONE)
        invocation.operator.advance(allowance=2)
        assert invocation.link.last == links.Ticket(0, 1, allowance=2)

    def test_no_allowance_is_granted_to_a_peer_that_has_completed(self) -> None:
        service = Service()
        service.hear(0, termination=Termination.COMPLETION)
        service.served.output.advance(allowance=2)
        assert service.link.tickets == []

    def test_a_granted_allowance_can_be_used(self) -> None:
        service = Service()
        service.hear(0, payload=1)
        service.served.output.advance(allowance=2)
        service.hear(1, payload=2)
        service.hear(2, payload=3)
        assert service.served.customer.payloads == [1, 2, 3]
        service.hear(3, payload=4)
        assert service.served.customer.ends == [Kind.RECEPTION_FAILURE]


CONTRADICTIONS: Dict[str, List[Dict[str, Any]]] = {
    "a payload after the completion": [{"completion": DONE}, {"payload": 1}],
    "initial metadata after the completion": [{"completion": DONE}, {"initial_metadata": ()}],
    "the completion twice": [{"completion": DONE}, {"completion": DONE}],
    "a payload after a completion that is held back": [
        {"payload": 1},
        {"payload": 2, "completion": DONE},
        {"payload": 3},
    ],
    "a second completion while one is held back": [
        {"payload": 1},
        {"payload": 2},
        {"completion": DONE},
        {"completion": DONE},
    ],
    "initial metadata twice": [{"initial_metadata": ()}, {"initial_metadata": ()}],
    "initial metadata after a payload": [{"payload": 1}, {"initial_metadata": ()}],
    "initial metadata after a payload that is held back": [{"payload": 1}, {"payload": 2}, {"initial_metadata": ()}],
    "an allowance of nothing": [{"allowance": 0}],
    "a negative allowance": [{"payload": 1, "allowance": -3}],
}


class TestContradictions:
    @pytest.mark.parametrize("contradiction", CONTRADICTIONS)
    def test_a_contradiction_raises_and_changes_nothing(self, contradiction: str) -> None:
        invocation = Invocation()
        *before, wrong = CONTRADICTIONS[contradiction]
        for values in before:
            invocation.operator.advance(**values)
        said = list(invocation.link.tickets)
        with pytest.raises(ValueError, match=r"completion|initial metadata|allowance"):
            invocation.operator.advance(**wrong)
        assert invocation.link.tickets == said
        assert invocation.context.outcome() is None
        invocation.operator.advance(allowance=1)
        assert invocation.link.last.allowance == 1

    def test_payloads_after_the_completion_raise_as_one_does(self) -> None:
        invocation = Invocation(completion=DONE)
        with pytest.raises(ValueError, match="completion"):
            invocation.operator.advance_payloads([1, 2])

    def test_initial_metadata_is_still_possible_after_a_contradiction(self) -> None:
        invocation = Invocation()
        with pytest.raises(ValueError, match="allowance"):
            invocation.operator.advance(initial_metadata="i", payload="p", allowance=0)
        invocation.operator.advance(initial_metadata="i")
        assert invocation.link.last.initial_metadata == "i"


def _payloads(tickets: List[links.Ticket]) -> List[Any]:
    return [() if ticket.payload is None else (ticket.payload, *ticket.further_payloads) for ticket in tickets]


class TestAllowance:
    def test_payloads_beyond_the_leave_are_withheld_and_released_as_one_ticket(self) -> None:
        invocation = Invocation(payload=0)
        for payload in (1, 2, 3):
            invocation.operator.advance(payload=payload)
        assert len(invocation.link.tickets) == 1
        invocation.hear(0, allowance=2)
        invocation.hear(1, allowance=5)
        assert _payloads(invocation.link.tickets) == [(0,), (1, 2), (3,)]

    def test_the_completion_waits_for_the_payloads_before_it(self) -> None:
        invocation = Invocation(payload=0)
        invocation.operator.advance(payload=1)
        invocation.operator.advance(completion=utilities.completion("t", 3, "w"))
        assert len(invocation.link.tickets) == 1
        invocation.hear(0, allowance=1)
        assert invocation.link.last == links.Ticket(
            0, 1, payload=1, terminal_metadata="t", code=3, message="w", termination=Termination.COMPLETION
        )

    def test_the_completion_of_the_last_payload_waits_with_it(self) -> None:
        invocation = Invocation(payload=0)
        invocation.operator.advance(payload=1)
        invocation.operator.advance(payload=2, completion=DONE)
        invocation.hear(0, allowance=1)
        assert invocation.link.last.termination is None
        invocation.hear(1, allowance=1)
        assert invocation.link.last == links.Ticket(0, 2, payload=2, termination=Termination.COMPLETION)

    def test_metadata_and_allowance_do_not_wait_with_a_payload(self) -> None:
        invocation = Invocation()
        invocation.operator.advance_payloads([0])
        invocation.operator.advance(payload=1, allowance=3)
        assert invocation.link.last == links.Ticket(0, 2, allowance=3)

    def test_what_the_customer_allows_leaves_with_what_becomes_allowed_if_values_go_unheard(self) -> None:
        invocation = Invocation(Customer(base.Subscription.Kind.TERMINATION_ONLY), payload=0)
        invocation.operator.advance(payload=1)
        invocation.hear(0, payload="unheard", allowance=1)
        assert invocation.link.last == links.Ticket(0, 1, allowance=1, payload=1)

    def test_of_several_payloads_those_that_are_allowed_are_one_ticket(self) -> None:
        invocation = Invocation()
        invocation.hear(0, allowance=2)
        invocation.operator.advance_payloads([0, 1, 2, 3, 4], DONE)
        assert _payloads(invocation.link.tickets) == [(), (0, 1, 2)]
        assert invocation.link.last.termination is None
        invocation.hear(1, allowance=9)
        assert _payloads(invocation.link.tickets) == [(), (0, 1, 2), (3, 4)]
        assert invocation.link.last.termination is Termination.COMPLETION

    def test_several_payloads_that_are_all_allowed_take_the_completion_along(self) -> None:
        invocation = Invocation()
        invocation.hear(0, allowance=1)
        invocation.operator.advance_payloads((0, 1), DONE)
        assert invocation.link.last.further_payloads == (1,)
        assert invocation.link.last.termination is Termination.COMPLETION

    def test_several_payloads_queue_behind_those_that_are_withheld(self) -> None:
        invocation = Invocation(payload=0)
        invocation.operator.advance(payload=1)
        invocation.operator.advance_payloads([2, 3])
        invocation.operator.advance_payloads([], DONE)
        invocation.hear(0, allowance=8)
        assert _payloads(invocation.link.tickets) == [(0,), (1, 2, 3)]
        assert invocation.link.last.termination is Termination.COMPLETION

    def test_no_payloads_and_a_completion_are_just_the_completion(self) -> None:
        invocation = Invocation()
        invocation.operator.advance_payloads([], DONE)
        assert invocation.link.last == links.Ticket(0, 1, termination=Termination.COMPLETION)

    def test_the_customer_is_told_what_it_may_send(self) -> None:
        invocation = Invocation()
        invocation.hear(0, allowance=5)
        assert invocation.customer.heard == [("allowance", 5)]

    def test_what_is_withheld_when_the_operation_ends_is_never_sent(self) -> None:
        invocation = Invocation(payload=0)
        invocation.operator.advance(payload=1)
        invocation.hear(0, allowance=5, termination=Termination.COMPLETION)
        assert len(invocation.link.tickets) == 1

    def test_a_withheld_completion_of_the_service_ends_the_operation_when_it_is_released(self) -> None:
        service = Service()
        service.hear(0)
        service.served.output.advance(payload=0)
        service.served.output.advance(payload=1, completion=DONE)
        assert service.served.context.outcome() is None
        service.hear(1, allowance=1)
        assert service.link.last.termination is Termination.COMPLETION
        assert service.served.customer.heard == [("end", Kind.COMPLETED)]


class TestPeersThatHearLess:
    @pytest.mark.parametrize("heard", [Heard.NONE, Heard.TERMINATION])
    def test_values_are_dropped_and_never_withheld(self, heard: links.Ticket.Subscription) -> None:
        service = Service()
        service.hear(0, subscription=heard)
        ((word, allowance),) = service.served.customer.heard
        assert word == "allowance"
        assert allowance >= 1_000_000
        service.served.output.advance("i", 1)
        service.served.output.advance_payloads([2, 3])
        service.served.output.advance(payload=4, completion=DONE)
        assert counted(service.end) == {Kind.COMPLETED: 1}
        assert [ticket.payload for ticket in service.link.tickets] == [None] * len(service.link.tickets)

    def test_a_peer_that_hears_the_end_is_told_of_it(self) -> None:
        service = Service()
        service.hear(0, subscription=Heard.TERMINATION)
        service.served.output.advance("i", 1, utilities.completion("t", 3, "w"))
        assert service.link.tickets == [
            links.Ticket(7, 0, terminal_metadata="t", code=3, message="w", termination=Termination.COMPLETION)
        ]

    @pytest.mark.parametrize("end", ["complete", "cancel", "fault"])
    def test_a_peer_that_hears_nothing_is_not_told_of_the_end(self, end: str) -> None:
        service = Service()
        service.hear(0, subscription=Heard.NONE)
        if end == "complete":
            service.served.output.advance(completion=DONE)
        elif end == "cancel":
            service.served.context.cancel()
        else:
            service.hear(9)
        assert service.link.tickets == []
        assert len(service.served.customer.ends) == 1

    @pytest.mark.parametrize("heard", [Heard.NONE, Heard.TERMINATION])
    def test_a_peer_that_hears_less_is_told_what_it_may_send(self, heard: links.Ticket.Subscription) -> None:
        service = Service()
        service.hear(0, subscription=heard, payload=1)
        service.served.output.advance(allowance=6)
        assert service.link.tickets == [links.Ticket(7, 0, allowance=6)]
