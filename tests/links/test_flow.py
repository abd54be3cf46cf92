"""Flow control as arithmetic: tables first, then what must hold whatever happens."""

from __future__ import annotations

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc._links import _flow


class TestStreamDue:
    @pytest.mark.parametrize(
        ("owed", "held", "step", "due"),
        [
            (0, 0, 100, 0),
            (99, 0, 100, 0),
            (100, 0, 100, 100),
            (350, 0, 100, 350),
            (350, 300, 100, 0),
            (350, 250, 100, 100),
            (350, 350, 1, 0),
        ],
    )
    def test_what_is_not_held_is_given_back_in_steps(self, owed: int, held: int, step: int, due: int) -> None:
        assert _flow.stream_due(owed, held, step) == due

    @given(st.integers(0, 2**31), st.integers(0, 2**31), st.integers(1, 2**20))
    def test_no_more_is_given_back_than_has_arrived(self, owed: int, held: int, step: int) -> None:
        due = _flow.stream_due(owed, min(held, owed), step)
        assert 0 <= due <= owed
        assert owed - due >= min(held, owed)


class TestConnectionDue:
    @pytest.mark.parametrize(
        ("owed", "held", "due"),
        [
            (10, 0, 0),
            (100, 0, 100),
            (100, _flow.HELD_BOUND, 100),
            (100, _flow.HELD_BOUND + 1, 0),
            (1000, _flow.HELD_BOUND + 300, 700),
            (1000, _flow.HELD_BOUND + 2000, 0),
        ],
    )
    def test_everything_is_given_back_but_what_is_held_beyond_the_bound(self, owed: int, held: int, due: int) -> None:
        assert _flow.connection_due(owed, held, 100) == due


class TestLeaveDue:
    @pytest.mark.parametrize(
        ("leave", "waiting", "due"),
        [
            (64, 0, 0),
            (33, 0, 0),
            (32, 0, 32),
            (0, 0, 64),
            (0, _flow.OUTBOX_BOUND - 1, 64),
            (0, _flow.OUTBOX_BOUND, 0),
        ],
    )
    def test_leave_is_renewed_when_half_is_used_and_little_waits(self, leave: int, waiting: int, due: int) -> None:
        assert _flow.leave_due(leave, waiting) == due


class TestQuarter:
    @pytest.mark.parametrize(("window", "step"), [(1, 1), (3, 1), (4, 1), (65_535, 16_383), (4 << 20, 1 << 20)])
    def test_a_step_is_a_quarter_of_the_window_and_never_nothing(self, window: int, step: int) -> None:
        assert _flow.quarter(window) == step


class TestOutbox:
    @given(st.lists(st.binary(min_size=1, max_size=40), min_size=1), st.lists(st.integers(1, 60), min_size=1))
    def test_what_goes_in_comes_out_in_order_and_never_more_than_there_is_room_for(
        self, pieces: List[bytes], rooms: List[int]
    ) -> None:
        outbox = _flow.Outbox(pieces[0])
        for piece in pieces[1:]:
            outbox.put(piece)
        assert outbox.size == len(b"".join(pieces))
        taken = b""
        turn = 0
        while outbox.size:
            room = rooms[turn % len(rooms)]
            part = bytes(outbox.take(room))
            assert 0 < len(part) <= room
            taken += part
            turn += 1
        assert taken == b"".join(pieces)

    def test_many_small_pieces_come_joined(self) -> None:
        outbox = _flow.Outbox(b"a")
        outbox.put(b"bc")
        outbox.put(b"def")
        assert outbox.take(5) == b"abc"
        assert outbox.take(5) == b"def"

    def test_a_large_piece_is_not_copied_to_be_cut(self) -> None:
        outbox = _flow.Outbox(bytes(100))
        part = outbox.take(10)
        assert isinstance(part, memoryview)
        assert (len(part), outbox.size) == (10, 90)
