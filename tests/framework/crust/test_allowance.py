"""The window of what may arrive: how many further values are granted, and when."""

from __future__ import annotations

from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc.framework.crust._allowance import BATCH_BYTES, BATCH_VALUES, INITIAL, WINDOW, Window


def consume_all(window: Window, values: List[Any]) -> List[int]:
    """Let each value arrive and be consumed at once; what was granted after each."""
    granted = []
    for value in values:
        window.arrived(value)
        granted.append(window.due(0))
    return granted


def begun() -> Window:
    """A window whose first value has been consumed."""
    window = Window()
    assert consume_all(window, [b"x"]) == [WINDOW]
    return window


def test_nothing_is_due_before_anything_has_arrived() -> None:
    window = Window()
    assert (window.mark, window.due(0)) == (-1, 0)


def test_nothing_is_due_before_the_first_value_is_consumed() -> None:
    window = Window()
    window.arrived(b"x")
    assert window.due(1) == 0


@pytest.mark.parametrize(
    "value",
    [b"", b"x", bytes(2 * BATCH_BYTES), bytearray(9), "text", object()],
    ids=["empty", "small", "large", "bytearray", "text", "object"],
)
def test_the_first_value_opens_the_whole_window_whatever_it_is(value: Any) -> None:
    assert consume_all(Window(), [value]) == [WINDOW]


@pytest.mark.parametrize("value", [b"", b"x", "x" * BATCH_BYTES, object()], ids=["empty", "small", "text", "object"])
def test_further_values_are_granted_when_half_of_the_window_is_consumed(value: Any) -> None:
    assert consume_all(begun(), [value] * 2 * WINDOW) == [*[0] * (BATCH_VALUES - 1), BATCH_VALUES] * 4


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_or_when_enough_bytes_are(kind: Any) -> None:
    assert consume_all(begun(), [kind(BATCH_BYTES // 2)] * 4) == [0, 2, 0, 2]
    assert consume_all(begun(), [kind(BATCH_BYTES)] * 3) == [1, 1, 1]
    assert consume_all(begun(), [kind(1), kind(BATCH_BYTES - 2), kind(1), kind(1)]) == [0, 0, 3, 0]


def test_large_values_do_not_change_the_window() -> None:
    window = begun()
    consume_all(window, [bytes(10 * BATCH_BYTES)] * 5)
    assert consume_all(window, [b"x"] * BATCH_VALUES)[-1] == BATCH_VALUES


def test_values_that_wait_count_as_not_consumed() -> None:
    window = begun()
    window.arrived_all([b"x"] * WINDOW)
    assert [window.due(waiting) for waiting in (WINDOW, BATCH_VALUES + 1, BATCH_VALUES)] == [0, 0, BATCH_VALUES]


def test_batches_that_were_consumed_together_are_granted_together() -> None:
    window = begun()
    window.arrived_all([b"x"] * WINDOW)
    assert window.due(0) == WINDOW


def test_values_that_arrive_together_count_like_values_that_arrive_alone() -> None:
    together, alone = begun(), begun()
    values = [b"x", bytes(BATCH_BYTES), b"y"]
    together.arrived_all(values)
    for value in values:
        alone.arrived(value)
    assert (together.mark, repr(together)) == (alone.mark, repr(alone))


@given(st.lists(st.tuples(st.integers(0, 2 * BATCH_BYTES), st.integers(1, 5)), max_size=60))
def test_what_is_granted_is_what_was_consumed_but_for_less_than_a_batch(steps: List[Any]) -> None:
    window = begun()
    granted = 0
    waiting: List[int] = []
    ungranted: List[int] = []
    for size, drawn in steps:
        window.arrived(bytes(size))
        waiting.append(size)
        for _ in range(drawn):
            if waiting:
                ungranted.append(waiting.pop(0))
                assert len(ungranted) <= BATCH_VALUES
                due = window.due(len(waiting))
                granted += due
                del ungranted[:due]
                assert len(ungranted) < BATCH_VALUES
                assert sum(ungranted) < BATCH_BYTES


def test_the_mark_says_when_something_is_due() -> None:
    for waiting in range(2 * WINDOW):
        window = begun()
        window.arrived_all([b"x"] * (2 * WINDOW))
        mark = window.mark
        assert (window.due(waiting) > 0) == (waiting <= mark)


def test_shows_what_has_arrived_and_was_granted() -> None:
    assert repr(Window()) == f"<Window: 0 arrived, {INITIAL} granted>"
