"""What operations make: outcomes, completions, tickets."""

from __future__ import annotations

import pytest

from grpc.framework.core import _values
from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links


def test_an_outcome_says_in_its_repr_how_the_operation_ended() -> None:
    outcome = _values.Outcome(base.Outcome.Kind.EXPIRED, 4, "late")
    assert repr(outcome) == "<Outcome expired, code 4, details 'late'>"


def test_a_completion_says_in_its_repr_what_the_peer_said() -> None:
    assert repr(_values.Completion((), 5, "words")) == "<Completion code 5, message 'words'>"


@pytest.mark.parametrize("value", [_values.COMPLETED, _values.NOTHING_MORE])
def test_a_value_has_no_room_for_other_attributes(value: object) -> None:
    with pytest.raises(AttributeError):
        value.note = "x"  # type: ignore[attr-defined]  # the point of the test


def test_the_common_values_say_nothing_more() -> None:
    completed = _values.COMPLETED
    assert (completed.kind, completed.code, completed.details) == (base.Outcome.Kind.COMPLETED, None, None)
    assert completed.terminal_metadata is None
    nothing = _values.NOTHING_MORE
    assert (nothing.terminal_metadata, nothing.code, nothing.message) == (None, None, None)


def test_a_ticket_is_made_of_all_fields_in_their_order() -> None:
    fields = tuple(range(len(links.Ticket._fields)))
    made = _values.make_ticket(fields)
    assert type(made) is links.Ticket
    assert made._asdict() == dict(zip(links.Ticket._fields, fields))
