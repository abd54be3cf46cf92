"""Taps show what passes and change nothing; joining tells both sides."""

from __future__ import annotations

import logging
from typing import Any, Callable, List, Optional, Tuple

import pytest

from grpc.framework.interfaces.links import links, utilities
from grpc.framework.interfaces.links.links import Link, Ticket

Event = Tuple[str, Ticket]


class RecordingLink(links.Link):
    """Writes down what it is told, in a log that it may share with others."""

    def __init__(self, log: List[Event], name: str = "link") -> None:
        self.log = log
        self.name = name
        self.mate: Optional[Link] = None

    def accept_ticket(self, ticket: Ticket) -> None:
        self.log.append((self.name, ticket))

    def join_link(self, link: Link) -> None:
        self.mate = link

    def __repr__(self) -> str:
        return self.name


def observer(log: List[Event], name: str = "observer") -> Callable[[Ticket], None]:
    return lambda ticket: log.append((name, ticket))


def tickets(count: int) -> List[Ticket]:
    return [Ticket(1, number) for number in range(count)]


class TestNullLink:
    def test_takes_any_ticket_silently(self) -> None:
        utilities.NULL_LINK.accept_ticket(Ticket(1, 0, termination=Ticket.Termination.CANCELLATION))

    def test_says_nothing_to_its_mate(self) -> None:
        log: List[Event] = []
        utilities.NULL_LINK.join_link(RecordingLink(log))
        utilities.NULL_LINK.accept_ticket(Ticket(1, 0))
        assert log == []

    def test_is_named_in_its_representation(self) -> None:
        assert repr(utilities.NULL_LINK) == "NULL_LINK"


class TestTap:
    def test_shows_each_ticket_before_the_link_gets_it(self) -> None:
        log: List[Event] = []
        tap = utilities.tap(RecordingLink(log), observer(log))
        first, second = tickets(2)
        tap.accept_ticket(first)
        tap.accept_ticket(second)
        assert log == [("observer", first), ("link", first), ("observer", second), ("link", second)]

    def test_hands_on_the_very_ticket_that_it_got(self) -> None:
        log: List[Event] = []
        ticket = Ticket(1, 0, payload=b"x")
        utilities.tap(RecordingLink(log), observer([])).accept_ticket(ticket)
        assert log[0][1] is ticket

    def test_on_a_tap_sees_first(self) -> None:
        log: List[Event] = []
        tap = utilities.tap(utilities.tap(RecordingLink(log), observer(log, "inner")), observer(log, "outer"))
        tap.accept_ticket(Ticket(1, 0))
        assert [name for name, _ in log] == ["outer", "inner", "link"]

    def test_joins_the_link_behind_it(self) -> None:
        link, mate = RecordingLink([]), RecordingLink([])
        utilities.tap(link, observer([])).join_link(mate)
        assert link.mate is mate

    def test_does_not_see_what_its_link_says(self) -> None:
        seen: List[Event] = []
        log: List[Event] = []
        link = RecordingLink([])
        utilities.tap(link, observer(seen)).join_link(RecordingLink(log, "mate"))
        assert link.mate is not None
        link.mate.accept_ticket(Ticket(1, 0))
        assert (seen, log) == ([], [("mate", Ticket(1, 0))])

    def test_lets_the_ticket_travel_on_when_the_observer_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        def raise_error(ticket: Ticket) -> None:
            raise RuntimeError("blind")

        log: List[Event] = []
        tap = utilities.tap(RecordingLink(log), raise_error)
        sent = tickets(2)
        for ticket in sent:
            tap.accept_ticket(ticket)
        assert [ticket for _, ticket in log] == sent

    def test_logs_the_error_of_an_observer_with_its_traceback_and_the_ticket(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def raise_error(ticket: Ticket) -> None:
            raise RuntimeError("blind")

        with caplog.at_level(logging.ERROR, logger="grpc"):
            utilities.tap(utilities.NULL_LINK, raise_error).accept_ticket(Ticket(8, 0))
        (record,) = caplog.records
        assert "Ticket(operation_id=8, sequence_number=0)" in record.getMessage()
        assert record.exc_info is not None
        assert str(record.exc_info[1]) == "blind"

    def test_does_not_hide_an_error_of_the_link(self) -> None:
        class Broken(RecordingLink):
            def accept_ticket(self, ticket: Ticket) -> None:
                raise AssertionError("broken invariant")

        with pytest.raises(AssertionError, match="broken invariant"):
            utilities.tap(Broken([]), observer([])).accept_ticket(Ticket(1, 0))

    def test_names_its_link_in_its_representation(self) -> None:
        assert repr(utilities.tap(RecordingLink([], "h2"), print)) == "tap(h2, <built-in function print>)"


class TestJoin:
    def test_tells_each_of_the_other(self) -> None:
        invocation_end, service_end = RecordingLink([]), RecordingLink([])
        utilities.join(invocation_end, service_end)
        assert invocation_end.mate is service_end
        assert service_end.mate is invocation_end

    def test_tells_the_service_side_first(self) -> None:
        joined: List[str] = []

        class Eager(RecordingLink):
            def join_link(self, link: Link) -> None:
                joined.append(self.name)

        utilities.join(Eager([], "invocation"), Eager([], "service"))
        assert joined == ["service", "invocation"]

    def test_of_two_taps_shows_both_directions(self) -> None:
        log: List[Any] = []
        invocation_end, service_end = RecordingLink([]), RecordingLink([])
        utilities.join(
            utilities.tap(invocation_end, observer(log, "answer")),
            utilities.tap(service_end, observer(log, "question")),
        )
        question, answer = Ticket(1, 0, method="m"), Ticket(1, 0, code=0)
        assert invocation_end.mate is not None
        assert service_end.mate is not None
        invocation_end.mate.accept_ticket(question)
        service_end.mate.accept_ticket(answer)
        assert log == [("question", question), ("answer", answer)]
        assert service_end.log == [("link", question)]
        assert invocation_end.log == [("link", answer)]
