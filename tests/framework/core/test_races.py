"""Re-entrant calls, and what threads do to each other, held where it matters."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

import pytest

from grpc.framework.core import _operation, implementations
from grpc.framework.interfaces.links import links
from grpc.framework.interfaces.links import utilities as link_utilities
from tests.framework.core._kit import (
    DONE,
    Customer,
    Gate,
    Heard,
    Invocation,
    Kind,
    Pair,
    RecordingLink,
    Running,
    Service,
    Servicer,
    Termination,
    counted,
    is_idle,
    operate_on,
)
from tests.support.environment import FakeEnvironment

if TYPE_CHECKING:
    from grpc.framework.interfaces.base import base

PROTOCOL = links.Protocol(links.Protocol.Kind.INVOCATION_CONTEXT, "c")


class TestReentrance:
    def test_a_customer_may_end_the_operation_while_it_is_told_something(self) -> None:
        def then(word: str, value: Any) -> None:
            if word == "initial metadata":
                invocation.context.cancel()
                outcome = invocation.context.outcome()
                assert outcome is not None
                assert outcome.kind is Kind.CANCELLED
                assert customer.ends == [], "the end was told from inside another call"
                invocation.hear(1, payload="late")

        customer = Customer(then=then)
        invocation = Invocation(customer)
        invocation.operator.advance(allowance=1)
        invocation.hear(0, initial_metadata="i", payload="p", further_payloads=("q",))
        assert customer.heard == [("initial metadata", "i"), ("end", Kind.CANCELLED)]

    def test_a_customer_that_ends_the_operation_on_the_transports_word_hears_no_values(self) -> None:
        customer = Customer(then=lambda word, value: invocation.context.cancel())
        invocation = Invocation(customer)
        invocation.hear(0, protocol=PROTOCOL, payload="p")
        assert customer.heard == [("context", "c"), ("end", Kind.CANCELLED)]

    def test_a_customer_may_think_better_of_it_until_it_has_been_told_of_the_completion(self) -> None:
        def then(word: str, value: Any) -> None:
            if word == "payload":
                pair.invocation.accept_ticket(links.Ticket(0, 1, payload="q", termination=Termination.COMPLETION))
                context.cancel()

        pair = Pair()
        customer = Customer(then=then)
        context, operator = pair.operate(customer)
        operator.advance(allowance=1)
        pair.invocation.accept_ticket(links.Ticket(0, 0, payload="p"))
        assert customer.heard == [("payload", "p"), ("end", Kind.CANCELLED)]
        assert counted(pair.invocation) == {Kind.CANCELLED: 1}

    def test_a_service_that_completes_hears_nothing_that_was_still_to_be_told(self) -> None:
        def then(word: str, value: Any) -> None:
            if value == "first":
                service.served.output.advance(allowance=1)
                service.hear(1, payload="unheard")
                service.served.output.advance(completion=DONE)

        customer = Customer(then=then)
        service = Service(lambda served: customer)
        service.hear(0, payload="first")
        assert customer.heard == [("payload", "first"), ("end", Kind.COMPLETED)]

    def test_a_ping_pong_of_many_payloads_takes_no_deeper_stack(self) -> None:
        rounds = 10_000
        depths: List[int] = []

        class Player(Customer):
            output: base.Operator

            def advance(
                self,
                initial_metadata: Optional[Any] = None,
                payload: Optional[Any] = None,
                completion: Optional[base.Completion] = None,
                allowance: Optional[int] = None,
            ) -> None:
                if payload is None:
                    return
                depths.append(_depth())
                if payload < rounds:
                    self.output.advance(payload=payload + 1, allowance=1)
                else:
                    self.output.advance(completion=DONE)

        def make(served: Any) -> base.Subscription:
            player = Player()
            player.output = served.output
            return player

        pair = Pair(make)
        player = Player()
        _, player.output = pair.operate(player)
        player.output.advance(payload=0, allowance=1)
        assert len(depths) == rounds + 1
        assert max(depths) - min(depths) < 50
        assert pair.idle


def _depth() -> int:
    depth = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        depth += 1
    return depth


Act = Callable[[Invocation], object]

ABORTIONS: Dict[str, Any] = {
    "cancel": (lambda invocation: invocation.context.cancel(), Kind.CANCELLED, Termination.CANCELLATION),
    "expire": (lambda invocation: invocation.environment.advance(60.0), Kind.EXPIRED, Termination.EXPIRATION),
    "stop": (lambda invocation: invocation.end.stop(0), Kind.LOCAL_SHUTDOWN, Termination.SHUTDOWN),
}


class TestRaces:
    @pytest.mark.parametrize("how", ABORTIONS)
    def test_an_abortion_while_another_thread_delivers_is_sent_at_once_and_told_after_the_delivery(
        self, how: str
    ) -> None:
        act, kind, termination = ABORTIONS[how]
        gate = Gate()

        def then(word: str, value: Any) -> None:
            if word == "payload":
                gate.pass_through()

        customer = Customer(then=then)
        invocation = Invocation(customer, timeout=50.0)
        invocation.operator.advance(allowance=5)
        with Running(lambda: invocation.hear(0, payload="p")):
            gate.wait_until_reached()
            invocation.hear(1, payload="queued")
            act(invocation)
            assert invocation.link.last.termination is termination
            assert invocation.context.outcome() is not None
            assert customer.ends == []
            assert not is_idle(invocation.end)
            gate.open()
        assert customer.heard == [("payload", "p"), ("end", kind)]
        assert is_idle(invocation.end)
        assert invocation.environment.pending == 0

    @pytest.mark.parametrize("how", ABORTIONS)
    def test_an_abortion_while_another_thread_transmits_is_told_at_once_and_sent_after_the_ticket(
        self, how: str
    ) -> None:
        act, kind, termination = ABORTIONS[how]
        gate = Gate()

        def then(ticket: links.Ticket) -> None:
            if ticket.payload is not None:
                gate.pass_through()

        customer = Customer()
        invocation = Invocation(customer, timeout=50.0)
        invocation.link.then = then
        with Running(lambda: invocation.operator.advance(payload="p")):
            gate.wait_until_reached()
            act(invocation)
            assert customer.ends == [kind]
            assert len(invocation.link.tickets) == 2
            assert not is_idle(invocation.end), "forgotten before its last ticket was handed over"
            gate.open()
        assert [ticket.termination for ticket in invocation.link.tickets] == [None, None, termination]
        assert is_idle(invocation.end)
        assert counted(invocation.end) == {kind: 1}

    def test_an_abortion_while_the_first_ticket_is_under_way_is_sent_after_it(self) -> None:
        gate = Gate()
        end = implementations.invocation_end_link(FakeEnvironment())
        link = RecordingLink(lambda ticket: gate.pass_through() if ticket.group is not None else None)
        end.join_link(link)
        end.start()
        customer = Customer()
        with Running(lambda: operate_on(end, customer)):
            gate.wait_until_reached()
            stopped = end.stop(0)
            assert not stopped.is_set()
            assert customer.ends == [Kind.LOCAL_SHUTDOWN]
            assert len(link.tickets) == 1
            gate.open()
        assert [ticket.termination for ticket in link.tickets] == [None, Termination.SHUTDOWN]
        assert stopped.is_set()

    def test_what_comes_while_another_thread_delivers_is_delivered_by_that_thread_in_order(self) -> None:
        gate = Gate()
        customer = Customer(then=lambda word, value: gate.pass_through() if value == 0 else None)
        invocation = Invocation(customer)
        invocation.operator.advance(allowance=5)
        with Running(lambda: invocation.hear(0, payload=0)):
            gate.wait_until_reached()
            invocation.hear(1, payload=1)
            invocation.hear(2, payload=2, termination=Termination.COMPLETION)
            assert customer.payloads == [0]
            gate.open()
        assert customer.payloads == [0, 1, 2]
        assert customer.heard[-1] == ("end", Kind.COMPLETED)

    def test_what_is_said_while_another_thread_transmits_is_sent_by_that_thread_in_order(self) -> None:
        gate = Gate()
        invocation = Invocation()
        invocation.link.then = lambda ticket: gate.pass_through() if ticket.payload == 0 else None
        invocation.hear(0, allowance=5)
        with Running(lambda: invocation.operator.advance(payload=0)):
            gate.wait_until_reached()
            invocation.operator.advance(payload=1)
            invocation.operator.advance_payloads([2], DONE)
            assert invocation.link.last.payload == 0
            gate.open()
        assert [ticket.payload for ticket in invocation.link.tickets] == [None, 0, 1, 2]
        assert [ticket.sequence_number for ticket in invocation.link.tickets] == [0, 1, 2, 3]

    def test_what_is_said_while_another_thread_transmits_what_became_allowed_is_sent_by_that_thread(self) -> None:
        gate = Gate()
        invocation = Invocation(payload=0)
        invocation.operator.advance(payload=1)
        invocation.link.then = lambda ticket: gate.pass_through() if ticket.payload == 1 else None
        with Running(lambda: invocation.hear(0, allowance=5)):
            gate.wait_until_reached()
            invocation.operator.advance(payload=2)
            invocation.context.cancel()
            assert invocation.link.last.payload == 1
            gate.open()
        assert [ticket.payload for ticket in invocation.link.tickets] == [0, 1, 2, None]
        assert is_idle(invocation.end)

    def test_a_service_that_ends_while_its_last_request_is_delivered_is_forgotten_after_its_answer_was_sent(
        self,
    ) -> None:
        delivering, sending = Gate(), Gate()
        service = Service(lambda served: Customer(then=lambda word, value: delivering.pass_through()))
        service.link.then = lambda ticket: sending.pass_through()
        deliverer = Running(lambda: service.hear(0, payload="p"))
        deliverer.start()
        delivering.wait_until_reached()
        with Running(lambda: service.served.output.advance(payload="answer", completion=DONE)):
            sending.wait_until_reached()
            delivering.open()
            deliverer.join()
            assert not is_idle(service.end)
            sending.open()
        assert is_idle(service.end)
        assert counted(service.end) == {Kind.COMPLETED: 1}

    def test_a_cancel_while_the_servicer_is_at_work_is_told_to_its_subscription(self) -> None:
        gate = Gate()
        customer = Customer()

        def make(served: Any) -> base.Subscription:
            gate.pass_through()
            return customer

        service = Service(make)
        with Running(lambda: service.hear(0, payload="p")):
            gate.wait_until_reached()
            service.hear(1, termination=Termination.CANCELLATION)
            service.served.context.add_termination_callback(lambda outcome: customer.heard.append(("added", None)))
            gate.open()
        assert customer.heard == [("payload", "p"), ("end", Kind.CANCELLED), ("added", None)]

    def test_an_expiry_while_the_servicer_is_at_work_is_sent_at_once_and_nothing_is_delivered(self) -> None:
        gate = Gate()
        customer = Customer()

        def make(served: Any) -> base.Subscription:
            gate.pass_through()
            return customer

        service = Service(make)
        with Running(lambda: service.hear(0, payload="p", timeout=5.0)):
            gate.wait_until_reached()
            service.environment.advance(5.0)
            assert service.link.last.termination is Termination.EXPIRATION
            assert customer.heard == []
            gate.open()
        assert customer.heard == [("end", Kind.EXPIRED)]
        assert is_idle(service.end)

    def test_the_last_values_are_delivered_before_the_end_though_another_thread_brought_them(self) -> None:
        gate = Gate()
        customer = Customer(then=lambda word, value: gate.pass_through() if word == "payload" else None)
        invocation = Invocation(customer)
        with Running(lambda: invocation.hear(0, payload="p")):
            gate.wait_until_reached()
            invocation.hear(1, termination=Termination.LOCAL_FAILURE)
            assert invocation.context.outcome() is None
            assert customer.ends == []
            gate.open()
        assert customer.ends == [Kind.REMOTE_FAILURE]

    def test_an_operation_that_is_given_up_after_another_thread_has_aborted_it_is_silent_and_forgotten(self) -> None:
        # What `operate` does on a stopping End, in slow motion: the grace ends before it gives up.
        invocation = Invocation()
        invocation.end.stop(5.0)
        customer = Customer()
        operation = _operation.InvocationOperation(99, invocation.end)
        operation.prepare("g", "m", customer, Heard.FULL, None, None, None, None, None)
        invocation.end._operations[99] = operation
        invocation.environment.advance(5.0)
        assert customer.ends == [Kind.LOCAL_SHUTDOWN]
        operation.give_up(Kind.LOCAL_SHUTDOWN)
        assert customer.ends == [Kind.LOCAL_SHUTDOWN]
        assert [ticket for ticket in invocation.link.tickets if ticket.operation_id == 99] == []
        assert is_idle(invocation.end)

    def test_many_threads_at_once_leave_nothing_behind(self) -> None:
        environment = FakeEnvironment()
        servicer = Servicer()
        service = implementations.service_end_link(servicer, None, None, environment)
        invocation = implementations.invocation_end_link(environment)
        link_utilities.join(invocation, service)
        invocation.start()
        service.start()
        customers = [Customer() for _ in range(40)]
        contexts = [operate_on(invocation, customer, payload=1)[0] for customer in customers]
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            with Running(lambda: [context.cancel() for context in contexts]):  # noqa: SIM117
                with Running(lambda: [served.output.advance(payload=2, completion=DONE) for served in servicer.served]):
                    service.stop(0)
        finally:
            sys.setswitchinterval(before)
        assert [len(customer.ends) for customer in customers] == [1] * 40
        assert [len(served.customer.ends) for served in servicer.served] == [1] * 40
        assert is_idle(invocation)
        assert is_idle(service)
