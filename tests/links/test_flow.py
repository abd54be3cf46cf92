"""Flow control as arithmetic: tables first, then what must hold whatever happens."""

from __future__ import annotations

from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc._links import _flow, _messages
from grpc.framework.crust import _allowance


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
            (350, 900, 1, 0),
        ],
    )
    def test_what_is_not_held_is_given_back_in_steps(self, owed: int, held: int, step: int, due: int) -> None:
        assert _flow.stream_due(owed, held, step) == due

    @given(st.integers(0, 2**31), st.integers(0, 2**31), st.integers(1, 2**20))
    def test_no_more_is_given_back_than_has_arrived(self, owed: int, held: int, step: int) -> None:
        due = _flow.stream_due(owed, min(held, owed), step)
        assert 0 <= due <= owed
        assert owed - due >= min(held, owed)


class TestArrivalDue:
    @pytest.mark.parametrize(
        ("owed", "missing", "due"),
        [
            (0, 100, 0),
            (0, 5000, 0),
            (60, 40, 0),
            (60, 41, 1),
            (60, 70, 30),
            (20, 5000, 0),
            (25, 5000, 25),
            (100, 5000, 100),
            (100, 10, 10),
            (130, 10, 40),
            (-50, 150, 0),
            (-50, 151, 0),
        ],
    )
    def test_a_message_that_has_begun_gets_what_it_lacks_of_what_has_arrived(
        self, owed: int, missing: int, due: int
    ) -> None:
        assert _flow.arrival_due(owed, missing, 100, 25) == due

    @given(st.integers(1, 10_000), st.integers(1, 2**32), st.integers(0, 10_000))
    def test_a_peer_that_has_used_up_its_window_may_go_on(self, window: int, missing: int, beyond: int) -> None:
        due = _flow.arrival_due(window + beyond, missing, window, _flow.quarter(window))
        assert 0 < due - beyond <= min(missing, window)


class TestSlack:
    @pytest.mark.parametrize("window", [1, 65_535, 2 * _flow.UNTOLD - 1])
    def test_small_windows_cannot_wait_for_what_is_not_told(self, window: int) -> None:
        assert _flow.slack(window) == _flow.UNTOLD

    @pytest.mark.parametrize("window", [2 * _flow.UNTOLD, 4 << 20])
    def test_large_ones_can(self, window: int) -> None:
        assert _flow.slack(window) == 0

    def test_what_is_not_told_is_less_than_that(self) -> None:
        assert _flow.UNTOLD > _allowance.BATCH_BYTES + _allowance.BATCH_VALUES * _messages.PREFIX


class TestUnconsumed:
    def test_with_a_window_of_one_each_grant_tells_of_one(self) -> None:
        unconsumed = _flow.Unconsumed(1)
        unconsumed.add(10)
        assert unconsumed.size == 10
        unconsumed.allow(1)
        assert unconsumed.size == 0

    def test_the_grant_that_opens_the_window_tells_of_the_first_payload_alone(self) -> None:
        unconsumed = _flow.Unconsumed(1)
        unconsumed.add(1)
        unconsumed.allow(128)
        assert unconsumed.size == 0
        for size in range(1, 101):
            unconsumed.add(size)
        unconsumed.allow(28 + 1)
        assert unconsumed.size == sum(range(2, 101))
        unconsumed.allow(29 + 50)
        assert unconsumed.size == sum(range(52, 101))

    @given(st.integers(1, 9), st.lists(st.integers(1, 9), max_size=40))
    def test_whatever_the_window_what_was_consumed_is_told_exactly(self, window: int, sizes: List[int]) -> None:
        unconsumed = _flow.Unconsumed(window)
        for index, size in enumerate(sizes):
            unconsumed.add(size)
            if index >= window // 2:  # consume the oldest
                unconsumed.allow(window - window // 2)
        assert unconsumed.size == sum(sizes[-(window // 2) :] if window > 1 else [])


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

    def test_a_long_piece_is_never_joined_but_for_its_beginning_behind_short_ones(self) -> None:
        long = bytes(4 * _flow.LONG)
        outbox = _flow.Outbox(b"12345", long, b"6", b"7")
        assert outbox.take(10**6) == b"12345" + bytes(16 * 1024 - 5)
        parts = [outbox.take(2 * _flow.LONG), outbox.take(10**6)]
        assert [part.obj for part in parts] == [long, long]  # type: ignore[union-attr]
        assert sum(map(len, parts)) == 4 * _flow.LONG - 16 * 1024 + 5
        assert (outbox.take(10**6), outbox.size) == (b"67", 0)

    @pytest.mark.parametrize("room", [1, 4, 5, 6, 1000, 16 * 1024, 10**6])
    def test_nothing_is_taken_beyond_the_room(self, room: int) -> None:
        outbox = _flow.Outbox(b"12345", bytes(_flow.LONG), b"6" * 100, bytes(_flow.LONG + 1))
        total = outbox.size
        taken = 0
        while outbox.size:
            size = len(outbox.take(room))
            assert 0 < size <= room
            taken += size
            assert taken + outbox.size == total

    def test_what_waits_elsewhere_can_be_appended(self) -> None:
        outbox = _flow.Outbox(b"ab")
        outbox.put(_flow.Outbox(b"cd", b"e"))
        assert (outbox.size, outbox.take(9)) == (5, b"abcde")

    def test_a_large_piece_is_not_copied_to_be_cut(self) -> None:
        outbox = _flow.Outbox(bytes(100))
        part = outbox.take(10)
        assert isinstance(part, memoryview)
        assert (len(part), outbox.size) == (10, 90)
