"""An End's life: start, stop with and without grace, counts, idle actions, and what it forgets."""

from __future__ import annotations

import gc
import weakref
from typing import Any, Callable, List

import pytest

from grpc.framework.core import implementations
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.links import links
from tests.framework.core._kit import (
    DONE,
    Customer,
    Heard,
    Invocation,
    Kind,
    Pair,
    RecordingLink,
    Served,
    Service,
    Termination,
    counted,
    is_idle,
    operate_on,
)


class TestStart:
    def test_an_end_that_was_never_started_begins_nothing(self) -> None:
        end = implementations.invocation_end_link()
        with pytest.raises(ValueError, match="start"):
            operate_on(end, Customer())

    def test_an_end_that_was_never_started_refuses_what_the_peer_begins(self) -> None:
        service = Service()
        end = implementations.service_end_link(service.servicer, None, None, service.environment)
        link = RecordingLink()
        end.join_link(link)
        end.accept_ticket(links.Ticket(7, 0, "g", "m", Heard.FULL))
        assert link.tickets == [links.Ticket(7, 0, message=links.REFUSAL, termination=Termination.SHUTDOWN)]

    def test_a_running_end_cannot_be_started(self) -> None:
        invocation = Invocation()
        with pytest.raises(ValueError, match="running"):
            invocation.end.start()

    def test_a_stopping_end_cannot_be_started(self) -> None:
        invocation = Invocation()
        invocation.end.stop(5.0)
        with pytest.raises(ValueError, match="stopping"):
            invocation.end.start()

    def test_a_stopped_end_can_be_started_again_and_counts_anew(self) -> None:
        pair = Pair()
        pair.operate()
        stopped = pair.invocation.stop(0)
        assert stopped.is_set()
        pair.invocation.start()
        assert counted(pair.invocation) == {}
        pair.operate(payload="p")
        assert pair.servicer.served[1].customer.payloads == ["p"]
        assert not pair.invocation.stop(5.0).is_set()
        assert stopped.is_set()


class TestStop:
    def test_an_idle_end_has_stopped_at_once(self) -> None:
        pair = Pair()
        assert pair.invocation.stop(5.0).is_set()
        assert pair.environment.pending == 0

    def test_an_end_that_was_never_started_has_stopped_at_once(self) -> None:
        end = implementations.invocation_end_link()
        assert end.stop(5.0).is_set()
        end.start()

    @pytest.mark.parametrize("grace", [0, 0.0, None, -1.0])
    def test_without_grace_operations_are_aborted_at_once(self, grace: Any) -> None:
        pair = Pair()
        pair.operate()
        assert pair.invocation.stop(grace).is_set()
        assert pair.customer.ends == [Kind.LOCAL_SHUTDOWN]
        assert pair.served.customer.ends == [Kind.REMOTE_SHUTDOWN]

    def test_within_the_grace_operations_go_on_and_the_last_one_ends_it(self) -> None:
        pair = Pair()
        pair.operate()
        pair.operate()
        stopped = pair.service.stop(5.0)
        pair.environment.advance(4.9)
        for served in pair.servicer.served:
            assert not stopped.is_set()
            served.output.advance(payload="p", completion=DONE)
        assert stopped.is_set()
        assert pair.customer.payloads == ["p", "p"]
        assert pair.environment.pending == 0

    def test_after_the_grace_operations_are_aborted(self) -> None:
        pair = Pair()
        pair.operate()
        stopped = pair.service.stop(5.0)
        pair.environment.advance(5.0)
        assert stopped.is_set()
        assert pair.served.customer.ends == [Kind.LOCAL_SHUTDOWN]
        assert pair.idle

    def test_a_second_stop_may_shorten_the_grace(self) -> None:
        pair = Pair()
        pair.operate()
        stopped = pair.service.stop(5.0)
        assert pair.service.stop(2.0) is stopped
        pair.environment.advance(2.0)
        assert stopped.is_set()
        assert pair.environment.pending == 0

    def test_a_second_stop_does_not_extend_the_grace(self) -> None:
        pair = Pair()
        pair.operate()
        stopped = pair.service.stop(5.0)
        pair.environment.advance(1.0)
        assert pair.service.stop(50.0) is stopped
        pair.environment.advance(4.0)
        assert stopped.is_set()

    def test_a_second_stop_without_grace_aborts_at_once(self) -> None:
        pair = Pair()
        pair.operate()
        stopped = pair.service.stop(5.0)
        pair.service.stop(0)
        assert stopped.is_set()
        assert pair.environment.pending == 0

    def test_the_grace_of_an_earlier_life_does_not_abort_operations_of_a_later_one(self) -> None:
        pair = Pair()
        pair = Pair()
        aborts = pair.environment.actions
        pair.operate()
        pair.service.stop(5.0)
        pair.served.output.advance(completion=DONE)
        pair.service.start()
        pair.operate()
        pair.service.stop(50.0)
        aborts[0]()  # a timer that is beyond cancelling
        assert pair.servicer.served[1].customer.ends == []

    def test_it_is_set_only_after_every_callback(self) -> None:
        seen: List[bool] = []
        pair = Pair()
        pair.operate(Customer(then=lambda word, value: seen.append(stopped.is_set())))
        pair.invocation.add_idle_action(lambda: seen.append(stopped.is_set()))
        stopped = pair.invocation.stop(5.0)
        pair.served.output.advance(completion=DONE)
        assert seen == [False, False, False]
        assert stopped.is_set()

    def test_a_callback_may_stop_its_end(self) -> None:
        events: List[Any] = []

        def then(word: str, value: Any) -> None:
            if word == "payload":
                events.append(pair.invocation.stop(0))
                assert not events[0].is_set()

        pair = Pair()
        customer = Customer(then=then)
        pair.operate(customer)
        pair.operate()
        pair.servicer.served[0].output.advance(payload="p")
        assert customer.heard == [("payload", "p"), ("end", Kind.LOCAL_SHUTDOWN)]
        assert pair.customer.ends == [Kind.LOCAL_SHUTDOWN]
        assert events[0].is_set()

    def test_a_termination_callback_may_stop_its_end(self) -> None:
        events: List[Any] = []
        pair = Pair()
        context, _ = pair.operate(Customer(then=lambda word, value: events.append(pair.invocation.stop(0))))
        context.cancel()
        assert events[0].is_set()

    def test_a_termination_callback_may_operate(self) -> None:
        pair = Pair()
        context, _ = pair.operate(Customer(then=lambda word, value: pair.operate(payload="next") and None))
        context.cancel()
        assert pair.servicer.served[1].customer.payloads == ["next"]


class TestRefusal:
    @pytest.mark.parametrize("grace", [0.0, 5.0])
    def test_what_is_begun_on_a_stopping_or_stopped_end_ends_at_once_and_sends_nothing(self, grace: float) -> None:
        invocation = Invocation()
        invocation.end.stop(grace)
        said = list(invocation.link.tickets)
        customer = Customer()
        context, operator = operate_on(invocation.end, customer, timeout=3.0, payload="p", completion=DONE)
        assert customer.heard == [("end", Kind.LOCAL_SHUTDOWN)]
        assert context.outcome() is customer.outcomes[0]
        operator.advance(payload="late")
        assert invocation.link.tickets == said
        invocation.end.stop(0)
        assert is_idle(invocation.end)
        assert invocation.environment.pending == 0

    @pytest.mark.parametrize("kind", list(base.Subscription.Kind))
    def test_whatever_was_subscribed_to_it_counts_as_shut_down(self, kind: base.Subscription.Kind) -> None:
        invocation = Invocation()
        invocation.end.stop(0)
        operate_on(invocation.end, Customer(kind), completion=DONE)
        assert counted(invocation.end) == {Kind.LOCAL_SHUTDOWN: 2}

    @pytest.mark.parametrize("grace", [0.0, 5.0])
    def test_the_service_side_refuses_with_words_that_say_it_is_safe_to_try_again(self, grace: float) -> None:
        service = Service()
        service.hear(0)
        service.end.stop(grace)
        service.end.accept_ticket(links.Ticket(8, 0, "g", "m", Heard.FULL, payload="p"))
        assert service.link.last == links.Ticket(8, 0, message=links.REFUSAL, termination=Termination.SHUTDOWN)
        assert service.link.last.message is links.REFUSAL
        assert len(service.servicer.served) == 1

    def test_the_abortion_of_a_running_operation_is_no_refusal(self) -> None:
        service = Service()
        service.hear(0)
        service.end.stop(0)
        assert service.link.tickets == [links.Ticket(7, 0, termination=Termination.SHUTDOWN)]

    def test_a_peer_that_hears_nothing_is_not_told_of_a_refusal(self) -> None:
        service = Service()
        service.end.stop(0)
        service.hear(0, subscription=Heard.NONE)
        assert service.link.tickets == []

    def test_the_other_side_sees_a_remote_shutdown(self) -> None:
        pair = Pair()
        pair.service.stop(0)
        pair.operate(payload="p")
        assert pair.customer.ends == [Kind.REMOTE_SHUTDOWN]
        assert pair.customer.outcomes[0].details == links.REFUSAL


class TestCounts:
    def test_every_kind_has_a_count_from_the_start(self) -> None:
        assert Pair().invocation.operation_stats() == dict.fromkeys(Kind, 0)
        assert implementations.invocation_end_link().operation_stats() == dict.fromkeys(Kind, 0)

    def test_each_call_gives_a_dict_of_its_own(self) -> None:
        end = Pair().invocation
        end.operation_stats()[Kind.CANCELLED] = 5
        assert end.operation_stats()[Kind.CANCELLED] == 0

    def test_operations_are_counted_by_how_they_ended(self) -> None:
        pair = Pair()
        contexts = [pair.operate()[0] for _ in range(3)]
        contexts[0].cancel()
        contexts[1].cancel()
        pair.servicer.served[2].output.advance(completion=DONE)
        assert counted(pair.invocation) == {Kind.CANCELLED: 2, Kind.COMPLETED: 1}
        assert counted(pair.service) == {Kind.CANCELLED: 2, Kind.COMPLETED: 1}


class TestIdleActions:
    def test_an_idle_end_calls_at_once(self) -> None:
        assert is_idle(Pair().invocation)

    def test_a_busy_end_calls_once_when_the_last_operation_has_ended(self) -> None:
        called: List[str] = []
        pair = Pair()
        first, _ = pair.operate()
        second, _ = pair.operate()
        pair.invocation.add_idle_action(lambda: called.append("a"))
        pair.invocation.add_idle_action(lambda: called.append("b"))
        first.cancel()
        assert called == []
        second.cancel()
        assert called == ["a", "b"]
        pair.operate()[0].cancel()
        assert called == ["a", "b"]

    @pytest.mark.parametrize("busy", [False, True])
    def test_one_that_raises_is_logged_and_the_others_are_called(
        self, busy: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail() -> None:
            raise ValueError("broken")

        called: List[str] = []
        pair = Pair()
        context = pair.operate()[0] if busy else None
        pair.invocation.add_idle_action(fail)
        pair.invocation.add_idle_action(lambda: called.append("b"))
        if context is not None:
            context.cancel()
        assert called == ["b"]
        (record,) = caplog.records
        assert "idle action" in record.message

    def test_one_may_operate(self) -> None:
        pair = Pair()
        context, _ = pair.operate()
        pair.invocation.add_idle_action(lambda: pair.operate(payload="next") and None)
        context.cancel()
        assert pair.servicer.served[1].customer.payloads == ["next"]


def _complete(pair: Pair, context: base.OperationContext) -> None:
    pair.served.output.advance(payload="p", completion=DONE)


def _cancel(pair: Pair, context: base.OperationContext) -> None:
    context.cancel()


def _expire(pair: Pair, context: base.OperationContext) -> None:
    pair.environment.advance(60.0)


def _stop(pair: Pair, context: base.OperationContext) -> None:
    pair.invocation.stop(0)


class TestForgetting:
    @pytest.mark.parametrize("end", [_complete, _cancel, _expire, _stop])
    def test_nothing_is_left_of_an_operation(self, end: Callable[[Pair, base.OperationContext], None]) -> None:
        pair = Pair()
        customer = Customer()
        context, operator = pair.operate(customer, timeout=50.0, payload=1)
        operator.advance(payload="withheld")
        end(pair, context)
        left: List[weakref.ref[Any]] = [weakref.ref(context), weakref.ref(pair.served.context), weakref.ref(customer)]
        assert pair.environment.pending == 0
        pair.servicer.served.clear()
        pair.environment.actions.clear()
        del context, operator, customer
        gc.collect()
        assert [reference() for reference in left] == [None, None, None]

    def test_a_context_that_is_kept_keeps_neither_customer_nor_payloads(self) -> None:
        class Payload:
            pass

        invocation = Invocation(payload=1)
        payload = Payload()
        invocation.operator.advance(payload=payload)
        left: List[weakref.ref[Any]] = [weakref.ref(invocation.customer), weakref.ref(payload)]
        invocation.context.cancel()
        invocation.customer = utilities.NONE_SUBSCRIPTION
        del payload
        gc.collect()
        assert [reference() for reference in left] == [None, None]

    def test_an_id_can_be_used_again_after_the_end(self) -> None:
        service = Service()
        service.hear(0)
        service.served.output.advance(completion=DONE)
        service.hear(0, payload="p")
        assert service.servicer.served[1].customer.payloads == ["p"]

    def test_an_id_can_be_used_again_while_the_end_is_told_by_another_thread_later(self) -> None:
        def make(served: Served) -> base.Subscription:
            return served.customer

        service = Service(make)
        service.hear(0)
        forgotten = service.served.context
        forgotten.cancel()
        service.hear(0, payload="p")
        service.end.forget(forgotten, Kind.CANCELLED)  # type: ignore[arg-type]  # as a second thread may do
        assert counted(service.end) == {Kind.CANCELLED: 1}
        assert not is_idle(service.end)


class TestForking:
    """What becomes of an End in a forked process; threads that the child lacks are stood for by what they held."""

    def test_locks_and_roles_that_other_threads_had_are_free_again(self) -> None:
        invocation = Invocation()
        customer = Customer()
        operation, _ = operate_on(invocation.end, customer)
        invocation.end._lock.acquire()
        operation._lock.acquire()
        operation._delivering = operation._transmitting = True
        invocation.end.after_fork_in_child()
        assert operation.outcome() is None
        invocation.end.cancel_all("words")
        outcome = operation.outcome()
        assert (outcome.kind, outcome.details) == (Kind.CANCELLED, "words")
        assert is_idle(invocation.end)

    def test_an_operation_that_had_ended_in_the_middle_of_telling_so_is_forgotten(self) -> None:
        invocation = Invocation()
        operation, _ = operate_on(invocation.end, Customer())
        operation._delivering = True
        operation.cancel()
        assert not is_idle(invocation.end)
        invocation.end.after_fork_in_child()
        invocation.end.cancel_all("words")
        assert is_idle(invocation.end)

    def test_what_was_about_to_be_sent_is_the_parents_to_send(self) -> None:
        invocation = Invocation()
        operation, operator = operate_on(invocation.end, Customer())
        operation._transmitting = True
        operator.advance(payload=b"x")
        before = len(invocation.link.tickets)
        invocation.end.after_fork_in_child()
        operator.advance(completion=DONE)
        assert [ticket.payload for ticket in invocation.link.tickets[before:]] == [None]
