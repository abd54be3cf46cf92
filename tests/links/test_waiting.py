"""What an operation without a stream has said so far."""

from __future__ import annotations

from typing import Optional

import pytest

from grpc._links._waiting import Waiting
from grpc.framework.interfaces.links.links import Ticket

BOUND = 1000


def first(timeout: Optional[float] = None, payload: Optional[bytes] = b"") -> Ticket:
    return Ticket("op", 0, "group", "method", timeout=timeout, payload=payload)


class TestWaiting:
    def test_tickets_are_kept_in_order(self) -> None:
        waiting = Waiting(first())
        more = Ticket("op", 1, payload=b"x")
        last = Ticket("op", 2, termination=Ticket.Termination.COMPLETION)
        assert waiting.add(more)
        assert waiting.add(last)
        assert waiting.tickets == [first(), more, last]

    @pytest.mark.parametrize(
        "termination", [each for each in Ticket.Termination if each is not Ticket.Termination.COMPLETION]
    )
    def test_an_abortion_gives_it_up(self, termination: Ticket.Termination) -> None:
        assert not Waiting(first()).add(Ticket("op", 1, termination=termination))

    def test_no_more_than_the_bound_is_recorded_after_the_first_ticket(self) -> None:
        waiting = Waiting(first(payload=bytes(10 * BOUND)))
        several = Ticket("op", 1, payload=bytes(BOUND - 20), further_payloads=(bytes(10), bytes(10)))
        assert waiting.record(several, BOUND)
        assert waiting.record(Ticket("op", 2, allowance=5), BOUND)
        assert not waiting.record(Ticket("op", 3, payload=b"z"), BOUND)

    def test_empty_messages_take_room_as_well(self) -> None:
        waiting = Waiting(first())
        for number in range(1, 201):
            assert waiting.record(Ticket("op", number, payload=b""), BOUND)
        assert not waiting.record(Ticket("op", 201, payload=b""), BOUND)

    def test_its_first_message_counts_if_it_is_weighed(self) -> None:
        waiting = Waiting(first())
        assert waiting.weigh(first(payload=bytes(BOUND)), BOUND)
        assert not waiting.weigh(Ticket("op", 1, payload=b"x"), BOUND)

    def test_a_copy_is_the_same_until_one_of_them_changes(self) -> None:
        waiting = Waiting(first(timeout=5.0))
        waiting.add(Ticket("op", 1, payload=b"x"))
        waiting.since = 100.0
        copy = waiting.copy()
        assert (copy.tickets, copy.leave, copy.bytes_kept, copy.since) == (waiting.tickets, -1, 5, 100.0)
        copy.add(Ticket("op", 2, payload=b"y"))
        copy.spend(103.0)
        assert (len(waiting.tickets), waiting.leave, waiting.first.timeout) == (2, -1, 5.0)

    def test_what_was_added_while_it_waited_counts_towards_the_bound(self) -> None:
        waiting = Waiting(first())
        waiting.add(Ticket("op", 1, payload=bytes(BOUND)))
        assert not waiting.record(Ticket("op", 2, payload=b"x"), BOUND)

    def test_the_leave_of_its_end_shrinks_with_each_payload(self) -> None:
        waiting = Waiting(first(payload=None))
        assert waiting.leave == 1
        waiting.add(Ticket("op", 1, payload=b"x", further_payloads=(b"y", b"z")))
        assert waiting.leave == -2

    def test_the_time_waited_is_taken_off_the_timeout(self) -> None:
        waiting = Waiting(first(timeout=5.0))
        waiting.since = 100.0
        waiting.spend(102.0)
        waiting.spend(103.0)
        assert waiting.first.timeout == 2.0
        waiting.spend(200.0)
        assert waiting.first.timeout == 0.0

    def test_no_timeout_stays_none(self) -> None:
        waiting = Waiting(first())
        waiting.since = 100.0
        waiting.spend(102.0)
        assert waiting.first.timeout is None
