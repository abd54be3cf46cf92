"""Each rule, broken by a caller and a handler that are made up."""

from __future__ import annotations

from typing import Any, List

import pytest

from tests.faults.ledger import (
    ABORTED,
    CANCELLED,
    DROPPED,
    EXPIRED,
    MARGIN,
    OK,
    REFUSED,
    UNAVAILABLE,
    UNKNOWN,
    Entry,
    Execution,
    Ledger,
)
from tests.faults.messages import REQUESTS, RESPONSES, encode_message
from tests.faults.plans import Order, Plan, Shape


class _Desk:
    """A ledger, a clock moved by hand, and the usual course of a call with three messages each way."""

    def __init__(self) -> None:
        self.now = 100.0
        self.reports: List[str] = []
        self.ledger = Ledger(42, self.reports.append, lambda: self.now)

    def begin(self, **changes: Any) -> Entry:
        plan = Plan(
            key=7, name="sync-1 call 3", shape=Shape.STREAM_STREAM, style="iterate", requests=(50,) * 3,
            responses=(50,) * 3, order=Order.LATE, timeout=2.0, wait_for_ready=False, compression=0, cancels_at=None,
            cancels_after=None, drops_at=None, raises_at=None, aborts_at=None, pause=0, retried=False,
        )  # fmt: skip
        return self.ledger.begin(plan._replace(**changes))

    def serve(self, requests: int = 3, attempt: int = 0, ended: bool = True) -> Execution:
        execution = self.ledger.execute(7, attempt)
        for place in range(requests):
            execution.request(encode_message(7, REQUESTS, place, 50))
        if ended:
            with execution:
                execution.completed()
            execution.tell()
        return execution

    def respond(self, entry: Entry, responses: int = 3) -> None:
        for place in range(responses):
            entry.response(encode_message(7, RESPONSES, place, 50))

    def rules(self) -> List[str]:
        """Which rules were broken, from the reports."""
        return [report.split(": ")[1].partition(" ")[2] for report in self.reports]


@pytest.fixture
def desk() -> _Desk:
    return _Desk()


def test_a_call_that_goes_as_planned_breaks_no_rule(desk: _Desk) -> None:
    entry = desk.begin()
    desk.serve()
    desk.respond(entry)
    entry.end(OK)
    assert desk.ledger.check()
    desk.ledger.close()
    assert desk.reports == []
    assert desk.ledger.outcomes == {OK: 1}


def test_a_report_names_the_seed_the_call_and_its_plan(desk: _Desk) -> None:
    desk.begin().end("INTERNAL", "oh")
    assert desk.reports[0].startswith("seed 42: BROKEN status: INTERNAL (oh) after 0.000 s")
    assert "sync-1 call 3 (StreamStream, iterate; 3 requests of 150 B" in desk.reports[0]
    assert "Plan(key=7" in desk.reports[0]


def test_two_ends_are_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    entry.end(UNAVAILABLE)
    entry.end(UNAVAILABLE)
    assert desk.rules() == ["once"]


def test_a_response_after_the_end_is_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    entry.end(UNAVAILABLE)
    desk.respond(entry, 1)
    assert desk.rules() == ["once"]


def test_a_done_callback_that_is_called_twice_is_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    entry.tell()
    entry.tell()
    assert desk.rules() == ["once"]


def test_a_done_callback_that_is_never_called_is_noticed(desk: _Desk) -> None:
    desk.begin(style="callback").end(UNAVAILABLE)
    desk.ledger.close()
    assert desk.rules() == ["once"]


def test_a_handlers_callback_that_is_never_called_is_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    with desk.serve(ended=False):
        pass
    entry.end(UNAVAILABLE)
    desk.ledger.close()
    assert desk.rules() == ["stuck"]


@pytest.mark.parametrize("timeout", [2.0, None])
def test_a_call_that_does_not_end_is_noticed(desk: _Desk, timeout: Any) -> None:
    entry = desk.begin(timeout=timeout)
    desk.now = entry.bound - 0.1
    assert desk.ledger.check()
    desk.now = entry.bound + 0.1
    assert not desk.ledger.check()
    assert desk.rules() == ["time"]


def test_a_call_that_ends_too_late_is_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    desk.now += 2 + MARGIN + 0.1
    entry.end(UNAVAILABLE)
    assert desk.rules() == ["time"]


def test_a_call_that_is_open_when_all_is_closed_is_noticed(desk: _Desk) -> None:
    desk.begin()
    desk.ledger.close()
    assert desk.rules() == ["time"]


def test_a_handler_that_outlives_its_call_is_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    desk.serve(ended=False)
    entry.end(UNAVAILABLE)
    desk.now += 20
    assert desk.ledger.check()
    assert desk.ledger.going_on == 1
    desk.now += 15
    assert not desk.ledger.check()
    assert desk.rules() == ["stuck"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (CANCELLED, {}),
        (UNKNOWN, {"raises_at": 1}),
        (ABORTED, {"aborts_at": 1}),
        (DROPPED, {"drops_at": 1}),
        (REFUSED, {}),
    ],
)
def test_a_status_needs_its_reason(desk: _Desk, outcome: str, reason: Any) -> None:
    desk.begin().end(outcome)
    assert desk.rules() == ["status"]
    entry = desk.begin(**reason)
    entry.cancelled = outcome is CANCELLED
    desk.ledger.closing = outcome is REFUSED
    entry.end(outcome)
    assert desk.rules() == ["status"]


def test_a_deadline_that_expires_early_or_that_nobody_set_is_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    desk.now += 1.9
    entry.end(EXPIRED)
    desk.begin(timeout=None).end(EXPIRED)
    assert desk.rules() == ["status", "status"]
    entry = desk.begin()
    desk.now += 2
    entry.end(EXPIRED)
    assert desk.rules() == ["status", "status"]


@pytest.mark.parametrize("places", [[0, 2], [0, 0], [1]])
def test_responses_out_of_order_are_noticed(desk: _Desk, places: List[int]) -> None:
    entry = desk.begin()
    for place in places:
        entry.response(encode_message(7, RESPONSES, place, 50))
    assert desk.rules() == ["order"]


def test_requests_out_of_order_are_noticed(desk: _Desk) -> None:
    desk.begin()
    desk.serve(0, ended=False).request(encode_message(7, REQUESTS, 1, 50))
    assert desk.rules() == ["order"]


def test_ok_without_all_responses_is_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    desk.serve()
    desk.respond(entry, 2)
    entry.end(OK)
    assert desk.rules() == ["whole"]


def test_ok_without_all_requests_is_noticed_but_not_if_the_handler_left(desk: _Desk) -> None:
    for order in (Order.LATE, Order.LEAVE):
        entry = desk.begin(order=order)
        desk.serve(2)
        desk.respond(entry)
        entry.end(OK)
    assert desk.rules() == ["whole"]


def test_an_end_of_requests_before_the_last_is_noticed(desk: _Desk) -> None:
    desk.begin()
    desk.serve(2, ended=False).no_more_requests()
    assert desk.rules() == ["whole"]


def test_an_end_of_requests_whose_iterator_raised_is_noticed(desk: _Desk) -> None:
    desk.begin(raises_at=3)
    desk.serve(3, ended=False).no_more_requests()
    assert desk.rules() == ["whole"]


def test_ok_that_no_handler_completed_is_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    desk.serve(3, ended=False)
    desk.respond(entry)
    entry.end(OK)
    assert desk.rules() == ["served"]


def test_a_handler_of_a_call_that_nobody_made_is_noticed(desk: _Desk) -> None:
    with pytest.raises(KeyError):
        desk.ledger.execute(8, 0)
    assert desk.rules() == ["served"]


def test_a_call_that_is_served_twice_is_noticed(desk: _Desk) -> None:
    desk.begin()
    desk.serve()
    desk.serve()
    assert desk.rules() == ["repeated"]


def test_another_attempt_is_served_only_if_the_channel_retries(desk: _Desk) -> None:
    entry = desk.begin(retried=True)
    desk.serve()
    desk.serve(attempt=1)
    desk.respond(entry)
    entry.end(OK)
    assert desk.rules() == []
    desk.begin()
    desk.serve(attempt=1)
    assert desk.rules() == ["repeated"]


def test_calls_that_are_long_over_are_forgotten(desk: _Desk) -> None:
    desk.begin().end(UNAVAILABLE)
    desk.now += 60
    assert desk.ledger.check()
    with pytest.raises(KeyError):
        desk.ledger.execute(7, 0)


def test_a_call_that_fails_in_a_calm_is_noticed(desk: _Desk) -> None:
    entry = desk.begin()
    entry.end(UNAVAILABLE)
    desk.ledger.expect_ok(entry)
    assert desk.rules() == ["recovery"]


def test_nobody_is_to_blame_for_the_time_while_the_process_stood_still(desk: _Desk) -> None:
    desk.ledger.stood_still = lambda begin, end: begin <= 101 <= end
    entry = desk.begin()
    desk.now += 20
    entry.end(UNAVAILABLE)
    desk.ledger.expect_ok(entry)
    assert desk.rules() == []
