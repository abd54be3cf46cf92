"""What the decoder remembers is what hpack would decode, and is forgotten with every change of table or limit."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from hpack import Decoder, Encoder, HPACKError, NeverIndexedHeaderTuple

from grpc._links._h2_checks import REQUEST as REQUEST_KIND
from grpc._links._h2_checks import TRAILERS as TRAILERS_KIND
from grpc._links._h2_decoder import MemoDecoder, _cut
from tests.links.h2_twin import REQUEST, TRAILERS, describe


def never(name: bytes, value: bytes) -> NeverIndexedHeaderTuple:
    return NeverIndexedHeaderTuple(name, value)


class Pair:
    """A memory and an hpack decoder that read the same blocks."""

    def __init__(self) -> None:
        self.encoder = Encoder()
        self.memo = MemoDecoder(2**16)
        self.plain = Decoder()

    def read(self, headers: Any, kind: int = REQUEST_KIND, huffman: bool = True) -> bool:
        """Reads headers the way a connection does, and tells whether they were known."""
        return self.read_block(self.encoder.encode(headers, huffman=huffman), kind)

    def read_block(self, block: bytes, kind: int = REQUEST_KIND) -> bool:
        known = self.memo.blocks[kind].get(block) or self.memo.recall(kind, block)
        decoded = list(known if known is not None else self.memo.decode(block, raw=True))
        assert describe(decoded) == describe(list(self.plain.decode(block, raw=True)))
        if known is None:
            self.memo.learn(kind, block, decoded)
        return known is not None


def test_block_is_known_once_decoding_it_leaves_the_table_alone() -> None:
    pair = Pair()
    assert [pair.read(REQUEST) for _ in range(4)] == [False, False, True, True]


def test_kinds_are_remembered_apart() -> None:
    pair = Pair()
    for _ in range(3):
        pair.read(TRAILERS, TRAILERS_KIND)
    assert not pair.read(TRAILERS, REQUEST_KIND)


CHANGES: dict[str, Callable[[Pair], Any]] = {
    "table grew": lambda pair: pair.read(((b"x-new", b"1"),)),
    "table resized by a block": lambda pair: pair.read_block(b"\x20\x3f\xe1\x1f"),
    "table shrunk to its first entry and grown again": lambda pair: pair.read_block(b"\x3f\x1d\x3f\xe1\x1f"),
    "limit of the table lowered by a block": lambda pair: pair.read_block(b"\x3f\x81\x1f"),
    "table resized by its owner": lambda pair: setattr(pair.memo, "header_table_size", 4000),
    "smaller table allowed": lambda pair: setattr(pair.memo, "max_allowed_table_size", 8000),
    "other size allowed": lambda pair: setattr(pair.memo, "max_header_list_size", 5000),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_empties_the_memory(change: str) -> None:
    pair = Pair()
    timed = (*REQUEST, never(b"grpc-timeout", b"1S"))
    for _ in range(3):
        pair.read(REQUEST)
        pair.read(timed)
    CHANGES[change](pair)
    assert not any(pair.memo.blocks)
    assert not any(pair.memo._templates)
    assert pair.memo.recall(REQUEST_KIND, pair.encoder.encode(timed)) is None


def test_block_that_fails_empties_the_memory_if_it_changed_the_table() -> None:
    pair = Pair()
    for _ in range(3):
        pair.read(REQUEST)
    with pytest.raises(HPACKError):
        pair.memo.decode(b"\x40\x01a\x01b\xff\xff\xff\xff\xff\xff\xff", raw=True)
    assert not any(pair.memo.blocks)


class TestCutValues:
    """Literals that leave the table alone may have any value without costing the memory anything."""

    @pytest.mark.parametrize("huffman", [True, False])
    def test_new_values_are_known(self, huffman: bool) -> None:
        pair = Pair()
        for value in (b"1S", b"1S"):
            pair.read((*REQUEST[:4], never(b"grpc-timeout", value), *REQUEST[4:]), huffman=huffman)
        for value in (b"", b"2S", b"\xffx", b"v" * 126, b"v" * 127, b"v" * 200, b"v" * 5000):
            assert pair.read((*REQUEST[:4], never(b"grpc-timeout", value), *REQUEST[4:]), huffman=huffman)
            assert pair.read(REQUEST) in (True, False)

    def test_several_in_one_block(self) -> None:
        pair = Pair()
        for number in range(5):
            value = b"%d" % number
            headers = (*REQUEST[:4], never(b"a", value), *REQUEST[4:], never(b"b", value), never(b"a", value * 3))
            assert pair.read(headers) == (number >= 2)

    def test_several_kinds_of_blocks_in_turn(self) -> None:
        pair = Pair()
        for number in range(6):
            for name in (b"a", b"bb"):
                assert pair.read((*REQUEST, never(name, b"%d" % number))) == (number >= 2) or number < 2

    def test_blocks_that_differ_before_or_behind_the_value_are_told_apart(self) -> None:
        pair = Pair()
        others = ((b"x", b"1"),), ((b"y", b"2"),)
        for number in range(6):
            for before in others:
                for behind in others:
                    known = pair.read((*before, never(b"a", b"%d" % number), *behind))
                    assert known or number < 2

    @pytest.mark.parametrize("value", [b"a\0b", b"a\nb", b" a"])
    @pytest.mark.parametrize("huffman", [True, False])
    def test_values_may_be_anything(self, value: bytes, huffman: bool) -> None:
        pair = Pair()
        for _ in range(3):
            pair.read((*REQUEST, never(b"a", b"fine")), huffman=huffman)
        assert pair.read((*REQUEST, never(b"a", value)), huffman=huffman)

    def test_values_of_pseudo_headers_are_not_cut_out(self) -> None:
        pair = Pair()
        for _ in range(3):
            pair.read((never(b":path", b"1"), *TRAILERS))
        assert not pair.read((never(b":path", b"2"), *TRAILERS))

    def test_values_beside_a_content_length_that_was_dropped_are_not_cut_out(self) -> None:
        pair = Pair()
        for number in range(4):
            block = pair.encoder.encode(((b"content-length", b"1"), never(b"a", b"%d" % number)))
            assert pair.memo.recall(REQUEST_KIND, block) is None
            headers = list(pair.memo.decode(block, raw=True))
            assert headers == [(b"a", b"%d" % number)]
            pair.memo.learn(REQUEST_KIND, block, headers)

    def test_lists_over_the_limit_are_not_known(self) -> None:
        pair = Pair()
        pair.memo.max_header_list_size = 500
        for value in (b"1", b"1", b"2"):
            pair.read((*TRAILERS, never(b"a", value)))
        room = 500 - sum(32 + len(name) + len(value) for name, value in (*TRAILERS, (b"a", b"")))
        assert pair.read((*TRAILERS, never(b"a", b"v" * room)))
        assert pair.memo.recall(REQUEST_KIND, pair.encoder.encode((*TRAILERS, never(b"a", b"v" * (room + 1))))) is None

    def test_names_in_the_table_are_followed(self) -> None:
        pair = Pair()
        for value in (b"1", b"1", b"2", b"3"):
            pair.read((*TRAILERS, (b"a", b"0"), never(b"a", value), never(b"authorization", value)))
        assert pair.read((*TRAILERS, (b"a", b"0"), never(b"a", b"4"), never(b"authorization", b"4")))


class TestCut:
    @pytest.mark.parametrize(
        "block",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"\x88", id="no literal"),
            pytest.param(b"\x80\x10\x01a\x01b", id="index zero"),
            pytest.param(b"\xff\x00\x10\x01a\x01b", id="large index"),
            pytest.param(b"\x40\x01a\x01b", id="indexed literal"),
            pytest.param(b"\x3f\x00\x10\x01a\x01b", id="resize"),
            pytest.param(b"\x10\x7f\x00", id="long name"),
            pytest.param(b"\x1f\xff\x00\x01b", id="large name index"),
            pytest.param(b"\x10", id="nothing behind"),
            pytest.param(b"\x10\x01", id="no name"),
            pytest.param(b"\x10\x01a", id="no value"),
            pytest.param(b"\x10\x01a\x02b", id="short value"),
            pytest.param(b"\x10\x01a\x7f\xff\xff\xff\xff\xff\xff\xff", id="endless length"),
            pytest.param(b"\x10\x01a\x7f", id="no length"),
        ],
    )
    def test_leaves_what_is_broken_or_unusual(self, block: bytes) -> None:
        assert _cut(block) is None

    def test_gives_pieces_places_and_values(self) -> None:
        assert _cut(b"\x88\x10\x01a\x02bc\xc0\x1f\x07\x00\x0f\x01\x81\x1f\xc1") == (
            (b"\x88\x10\x01a", b"\xc0\x1f\x07", b"\x0f\x01", b"\xc1"),
            [1, 3, 4],
            [b"\x02bc", b"\x00", b"\x81\x1f"],
        )


def test_memory_is_bounded() -> None:
    pair = Pair()
    pair.encoder.header_table_size = 0
    pair.read(REQUEST)
    for number in range(2000):
        pair.read((*REQUEST, (b"x", b"%d" % number)))
        pair.read((never(b"x%d" % number, b"token" * 100), *REQUEST))
    sizes = [len(memo) for memo in (*pair.memo.blocks, *pair.memo._templates, pair.memo._values)]
    assert max(sizes) < 600
    assert len(pair.memo._values) <= 128
