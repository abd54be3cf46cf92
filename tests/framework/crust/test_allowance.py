"""The window of what may arrive: its size, and when how many further values are granted."""

from __future__ import annotations

from typing import Any, List

import pytest

from grpc.framework.crust._allowance import INITIAL, WINDOW_BYTES, WINDOW_VALUES, Window


def consume_all(window: Window, values: List[Any]) -> List[int]:
    """Let each value arrive and be consumed at once; what was granted after each."""
    granted = []
    for value in values:
        window.arrived(value)
        granted.append(window.due(0))
    return granted


def test_nothing_is_due_before_anything_has_arrived() -> None:
    window = Window()
    assert (window.size, window.due(0)) == (INITIAL, 0)


def test_nothing_is_due_before_the_first_value_is_consumed() -> None:
    window = Window()
    window.arrived(b"x" * (2 * WINDOW_BYTES))
    assert window.due(1) == 0


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (b"", WINDOW_VALUES),
        (b"x", WINDOW_VALUES),
        (bytes(WINDOW_BYTES // WINDOW_VALUES), WINDOW_VALUES),
        (bytes(WINDOW_BYTES // 100), 100),
        (bytearray(WINDOW_BYTES // 2), 2),
        (bytes(WINDOW_BYTES // 2 + 1), 1),
        (bytes(WINDOW_BYTES), 1),
        (bytes(2 * WINDOW_BYTES), 1),
        ("text", WINDOW_VALUES),
        (object(), WINDOW_VALUES),
        ([b"x"] * 3, WINDOW_VALUES),
    ],
    ids=lambda value: type(value).__name__ + str(len(value)) if hasattr(value, "__len__") else str(type(value)),
)
def test_a_window_is_as_many_of_the_values_seen_as_make_its_bytes(value: Any, size: int) -> None:
    window = Window()
    assert consume_all(window, [value]) == [size]
    assert window.size == size


def test_the_largest_value_seen_counts() -> None:
    window = Window()
    consume_all(window, [b"x", bytes(WINDOW_BYTES // 4), b"x"])
    assert window.size == 4


def test_a_window_of_one_grants_at_once() -> None:
    assert consume_all(Window(), [bytes(WINDOW_BYTES)] * 4) == [1, 1, 1, 1]


def test_further_values_are_granted_when_half_of_the_window_is_consumed() -> None:
    first, *granted = consume_all(Window(), [b"x"] * (1 + 2 * WINDOW_VALUES))
    half = WINDOW_VALUES // 2
    assert first == WINDOW_VALUES
    assert granted == [*[0] * (half - 1), half] * 4


def test_an_odd_window_grants_when_at_least_half_is_consumed() -> None:
    assert consume_all(Window(), [bytes(WINDOW_BYTES // 3)] * 5) == [3, 0, 2, 0, 2]


def test_values_that_wait_count_as_not_consumed() -> None:
    window = Window()
    consume_all(window, [b"x"])
    window.arrived_all([b"x"] * WINDOW_VALUES)
    half = WINDOW_VALUES // 2
    assert [window.due(waiting) for waiting in (WINDOW_VALUES, half + 1, half)] == [0, 0, half]


def test_a_shrunk_window_grants_nothing_until_what_was_granted_has_been_consumed() -> None:
    window = Window()
    consume_all(window, [b"x"])
    granted = consume_all(window, [bytes(WINDOW_BYTES)] * (WINDOW_VALUES + 1))
    assert granted == [*[0] * (WINDOW_VALUES - 1), 1, 1]


def test_values_that_arrive_together_count_like_values_that_arrive_alone() -> None:
    together, alone = Window(), Window()
    values = [b"x", bytes(10_000), b"y"]
    for window in (together, alone):
        consume_all(window, [b"x"])
    together.arrived_all(values)
    for value in values:
        alone.arrived(value)
    assert (together.size, together.mark, repr(together)) == (alone.size, alone.mark, repr(alone))


@pytest.mark.parametrize("size", [1, 1000, 100_000, 2 * WINDOW_BYTES])
def test_never_more_than_a_window_is_granted_and_not_consumed(size: int) -> None:
    window = Window()
    granted = INITIAL
    for consumed in range(1, 300):
        window.arrived(bytes(size))
        granted += window.due(0)
        assert 0 < granted - consumed <= window.size


def test_the_mark_says_when_something_is_due() -> None:
    window = Window()
    consume_all(window, [b"x"] * 40)
    for waiting in range(200):
        before = (window.mark, repr(window))
        granted = window.due(waiting)
        assert (granted > 0) == (waiting <= before[0])
        if granted == 0:
            assert (window.mark, repr(window)) == before


def test_shows_its_size_and_what_is_under_way() -> None:
    assert repr(Window()) == "<Window of 1, 1 under way>"
