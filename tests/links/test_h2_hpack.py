"""Stillness is told exactly, and what may be remembered has an end."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from hpack import Decoder
from hpack.table import HeaderTable

from grpc._links._h2_hpack import BoundedEncoder, Room, Stillness, list_size


def table() -> HeaderTable:
    made = HeaderTable()
    made.add(b"first", b"1")
    made.add(b"second", b"2")
    return made


def _replace_all(changed: HeaderTable) -> None:
    changed.maxsize = 0
    changed.maxsize = HeaderTable.DEFAULT_SIZE
    changed.add(b"first", b"1")
    changed.add(b"second", b"2")


def _drop_the_oldest(changed: HeaderTable) -> None:
    changed.maxsize = 32 + len(b"second2")
    changed.maxsize = HeaderTable.DEFAULT_SIZE


CHANGES: dict[str, Callable[[HeaderTable], Any]] = {
    "addition": lambda changed: changed.add(b"third", b"3"),
    "addition of what is there": lambda changed: changed.add(b"second", b"2"),
    "addition of what is too large": lambda changed: changed.add(b"third", bytes(5000)),
    "equal entries in place of the old": _replace_all,
    "loss of the oldest": _drop_the_oldest,
    "other limit": lambda changed: setattr(changed, "maxsize", 4000),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_is_told(change: str) -> None:
    changed = table()
    stillness = Stillness(changed)
    CHANGES[change](changed)
    assert not stillness.holds()


def test_looking_is_no_change() -> None:
    looked_at = table()
    stillness = Stillness(looked_at)
    looked_at.search(b"first", b"1")
    looked_at.get_by_index(62)
    assert stillness.holds()


def test_empty_table_is_still_until_something_is_added() -> None:
    empty = HeaderTable()
    stillness = Stillness(empty)
    assert stillness.holds()
    empty.add(b"first", b"1")
    assert not stillness.holds()


def test_size_of_a_list_is_that_of_the_specification() -> None:
    assert list_size([(b"name", b"value"), (b"", b"")]) == 32 + 9 + 32  # RFC 9113 section 6.5.2


def test_room_is_taken_to_the_end_and_freed_at_once() -> None:
    room = Room()
    taken = 0
    while room.take(1000):
        taken += 1
    assert 100 < taken < 300
    assert not room.take(0)
    room.clear()
    assert room.take(1000)


def test_one_entry_may_not_take_much_of_the_room() -> None:
    assert Room().fits(10_000)
    assert not Room().fits(20_000)


class TestBoundedEncoder:
    """What is announced of the size of the table: RFC 7541 section 4.2."""

    @staticmethod
    def _announced(*allowed: int, bound: int = 4096) -> list[int]:
        """What the next block begins with when the peer has allowed these sizes one after the other."""
        encoder = BoundedEncoder()
        encoder.bound_table(bound)
        for size in allowed:
            encoder.header_table_size = size
        decoder = Decoder()
        decoder.max_allowed_table_size = allowed[-1] if allowed else 4096
        sizes = list(encoder.table_size_changes)
        assert list(decoder.decode(encoder.encode([(b"a", b"1")]), raw=True)) == [(b"a", b"1")]
        assert decoder.header_table.maxsize == encoder.header_table_size
        return sizes

    @pytest.mark.parametrize(
        ("allowed", "announced"),
        [
            ((4096,), []),
            ((50,), [50]),
            ((50, 4096), [50, 4096]),
            ((50, 10, 2000, 70), [10, 70]),
            ((2000, 50), [50]),
            ((2000, 1000, 0), [0]),
            ((65_536,), []),
        ],
    )
    def test_the_smallest_and_the_final_size_are_and_none_that_is_not_allowed_any_more(
        self, allowed: tuple[int, ...], announced: list[int]
    ) -> None:
        assert self._announced(*allowed) == announced

    @pytest.mark.parametrize(
        ("bound", "allowed", "announced"),
        [
            (0, (), [0]),
            (100, (), [100]),
            (100, (50,), [50]),
            (100, (50, 4096), [50, 100]),
            (65_536, (), []),
            (65_536, (10_000,), [10_000]),
            (65_536, (100_000,), [65_536]),
        ],
    )
    def test_a_bound_is_announced_as_far_as_the_peer_allows_it(
        self, bound: int, allowed: tuple[int, ...], announced: list[int]
    ) -> None:
        assert self._announced(*allowed, bound=bound) == announced

    def test_a_bound_may_be_lifted_again_to_what_the_peer_allows(self) -> None:
        encoder = BoundedEncoder()
        encoder.header_table_size = 9000
        assert encoder.header_table_size == 4096
        encoder.bound_table(100)
        encoder.bound_table(20_000)
        assert encoder.header_table_size == 9000
