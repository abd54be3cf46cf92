"""Tickets are values: complete when made, equal by content, and fit to be stored."""

from __future__ import annotations

import copy
import pickle
import typing
from typing import Any

import pytest

from grpc.framework.interfaces.links import links
from grpc.framework.interfaces.links.links import Protocol, Ticket

FULL_TICKET = Ticket(
    operation_id=7,
    sequence_number=0,
    group="g",
    method="m",
    subscription=Ticket.Subscription.FULL,
    timeout=2.5,
    allowance=3,
    initial_metadata=(("a", "1"),),
    payload=b"x",
    terminal_metadata=(("b", "2"),),
    code=5,
    message="words",
    termination=Ticket.Termination.COMPLETION,
    protocol=Protocol(Protocol.Kind.CALL_OPTION, "opaque"),
    further_payloads=(b"y", b"z"),
)


class TestTicket:
    def test_takes_the_documented_fields_in_the_documented_order(self) -> None:
        assert Ticket._fields == (
            "operation_id",
            "sequence_number",
            "group",
            "method",
            "subscription",
            "timeout",
            "allowance",
            "initial_metadata",
            "payload",
            "terminal_metadata",
            "code",
            "message",
            "termination",
            "protocol",
            "further_payloads",
        )

    @pytest.mark.parametrize("arguments", [{}, {"operation_id": 1}, {"sequence_number": 0}])
    def test_cannot_do_without_operation_and_sequence_number(self, arguments: dict[str, Any]) -> None:
        with pytest.raises(TypeError, match="missing"):
            Ticket(**arguments)

    def test_holds_none_for_what_is_absent_and_no_further_payloads(self) -> None:
        assert tuple(Ticket(1, 0)) == (1, 0, *[None] * 12, ())

    def test_equals_a_ticket_with_the_same_content(self) -> None:
        assert Ticket(*FULL_TICKET) == FULL_TICKET
        assert hash(FULL_TICKET) == hash(Ticket(*FULL_TICKET))

    @pytest.mark.parametrize("name", Ticket._fields)
    def test_differs_from_a_ticket_that_differs_in_one_field(self, name: str) -> None:
        other: Any = {name: object()}
        assert FULL_TICKET._replace(**other) != FULL_TICKET

    def test_stays_a_ticket_when_a_field_is_replaced(self) -> None:
        assert type(FULL_TICKET._replace(payload=b"other")) is Ticket

    def test_does_not_change(self) -> None:
        with pytest.raises(AttributeError):
            FULL_TICKET.payload = b"other"  # type: ignore[misc]  # the point of the test

    def test_has_no_room_for_other_attributes(self) -> None:
        with pytest.raises(AttributeError):
            FULL_TICKET.note = "x"  # type: ignore[attr-defined]  # the point of the test

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_survives_pickling(self, protocol: int) -> None:
        restored = pickle.loads(pickle.dumps(FULL_TICKET, protocol))
        assert restored == FULL_TICKET
        assert type(restored) is Ticket
        assert restored.termination is Ticket.Termination.COMPLETION

    def test_survives_copying(self) -> None:
        assert copy.deepcopy(FULL_TICKET) == FULL_TICKET

    def test_shows_only_the_fields_that_are_set(self) -> None:
        assert repr(Ticket(4, 0, payload=b"")) == "Ticket(operation_id=4, sequence_number=0, payload=b'')"
        assert repr(Ticket(4, 1, allowance=2)) == "Ticket(operation_id=4, sequence_number=1, allowance=2)"
        assert repr(Ticket(4, 2, payload=b"x", further_payloads=(b"y",))) == (
            "Ticket(operation_id=4, sequence_number=2, payload=b'x', further_payloads=(b'y',))"
        )

    def test_shows_a_payload_that_refuses_to_be_judged(self) -> None:
        class Sullen:
            def __eq__(self, other: object) -> bool:
                raise AssertionError("compared")

            def __bool__(self) -> bool:
                raise AssertionError("judged")

            def __hash__(self) -> int:
                raise AssertionError("hashed")

            def __repr__(self) -> str:
                return "sullen"

        assert repr(Ticket(4, 0, payload=Sullen())) == "Ticket(operation_id=4, sequence_number=0, payload=sullen)"

    def test_names_types_that_can_be_looked_up(self) -> None:
        hints = typing.get_type_hints(Ticket)
        assert hints["subscription"] == typing.Optional[Ticket.Subscription]
        assert hints["termination"] == typing.Optional[Ticket.Termination]

    def test_subscriptions_have_the_published_values(self) -> None:
        assert {member.name: member.value for member in Ticket.Subscription} == {
            "NONE": "none",
            "TERMINATION": "termination",
            "FULL": "full",
        }

    def test_terminations_have_the_published_values(self) -> None:
        assert {member.name: member.value for member in Ticket.Termination} == {
            "COMPLETION": "completion",
            "CANCELLATION": "cancellation",
            "EXPIRATION": "expiration",
            "SHUTDOWN": "shutdown",
            "RECEPTION_FAILURE": "reception failure",
            "TRANSMISSION_FAILURE": "transmission failure",
            "LOCAL_FAILURE": "local failure",
            "REMOTE_FAILURE": "remote failure",
        }


class TestProtocol:
    def test_takes_kind_and_value(self) -> None:
        protocol = Protocol(Protocol.Kind.SERVICER_CONTEXT, "opaque")
        assert (protocol.kind, protocol.value) == (Protocol.Kind.SERVICER_CONTEXT, "opaque")

    def test_cannot_do_without_a_value(self) -> None:
        with pytest.raises(TypeError, match="missing"):
            Protocol(Protocol.Kind.SERVICER_CONTEXT)  # type: ignore[call-arg]  # the point of the test

    def test_survives_pickling(self) -> None:
        protocol = Protocol(Protocol.Kind.INVOCATION_CONTEXT, "opaque")
        restored = pickle.loads(pickle.dumps(protocol))
        assert restored == protocol
        assert type(restored) is Protocol

    def test_kinds_have_the_published_values(self) -> None:
        assert {member.name: member.value for member in Protocol.Kind} == {
            "CALL_OPTION": "call option",
            "SERVICER_CONTEXT": "servicer context",
            "INVOCATION_CONTEXT": "invocation context",
        }


class TestLink:
    def test_cannot_be_made_without_both_methods(self) -> None:
        class Deaf(links.Link):
            def join_link(self, link: links.Link) -> None: ...

        class Alone(links.Link):
            def accept_ticket(self, ticket: Ticket) -> None: ...

        incomplete: Any
        for incomplete in (Deaf, Alone):
            with pytest.raises(TypeError, match="abstract"):
                incomplete()

    def test_leaves_implementations_free_to_have_slots(self) -> None:
        class Slotted(links.Link):
            __slots__ = ()

            def accept_ticket(self, ticket: Ticket) -> None: ...

            def join_link(self, link: links.Link) -> None: ...

        assert not hasattr(Slotted(), "__dict__")


def test_each_direction_starts_with_leave_for_one_payload() -> None:
    assert links.INITIAL_ALLOWANCE == 1
