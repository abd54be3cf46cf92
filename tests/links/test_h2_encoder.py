"""What the encoder remembers is what hpack would encode, and is forgotten with every change of the table."""

from __future__ import annotations

from typing import Any

import pytest
from hpack import Decoder, Encoder, HeaderTuple, NeverIndexedHeaderTuple

from grpc._links._h2_encoder import MemoEncoder
from tests.links.h2_twin import REQUEST, RESPONSE, TRAILERS


def never(name: bytes, value: bytes) -> NeverIndexedHeaderTuple:
    return NeverIndexedHeaderTuple(name, value)


def settled(*blocks: Any) -> tuple[MemoEncoder, Encoder]:
    """A memory that knows these headers, and an hpack encoder with the same table."""
    memo, plain = MemoEncoder(), Encoder()
    for _ in range(2):
        for headers in blocks:
            assert memo.encode(headers) == plain.encode(headers)
    return memo, plain


def test_headers_are_known_once_encoding_them_leaves_the_table_alone() -> None:
    memo = MemoEncoder()
    memo.encode(REQUEST)
    assert memo.recall(REQUEST) is None
    memo.encode(REQUEST)
    assert memo.recall(REQUEST) is not None


@pytest.mark.parametrize("again", [REQUEST, tuple(map(tuple, REQUEST)), tuple(HeaderTuple(*h) for h in REQUEST)])
def test_equal_headers_are_known_by_value(again: Any) -> None:
    memo, plain = settled(REQUEST)
    for _ in range(3):
        assert memo.recall(again) == (plain.encode(REQUEST), b"POST", b"host")


def test_what_h2_reads_out_of_a_request_is_none_elsewhere() -> None:
    memo, plain = settled(RESPONSE)
    assert memo.recall(RESPONSE) == (plain.encode(RESPONSE), None, None)


def test_new_headers_in_the_table_empty_the_memory() -> None:
    memo, _ = settled(REQUEST)
    memo.encode(((b"x-new", b"1"),))
    assert memo.recall(REQUEST) is None


@pytest.mark.parametrize("size", [0, 100, 4095])
def test_resizing_the_table_empties_the_memory_and_is_announced(size: int) -> None:
    memo, plain = settled(REQUEST, RESPONSE)
    memo.header_table_size = plain.header_table_size = size
    assert memo.recall(REQUEST) is None
    for _ in range(4):
        assert memo.encode(REQUEST) == plain.encode(REQUEST)


def test_table_that_can_hold_nothing_still_lets_remember() -> None:
    memo, plain = MemoEncoder(), Encoder()
    memo.header_table_size = plain.header_table_size = 0
    for _ in range(2):
        assert memo.encode(REQUEST) == plain.encode(REQUEST)
    assert memo.recall(REQUEST) == (plain.encode(REQUEST), b"POST", b"host")


class TestNeverIndexed:
    """RFC 7541 section 6.2.3."""

    HEADERS = (*REQUEST[:4], never(b"grpc-timeout", b"1S"), *REQUEST[4:], never(b"x-token", b"secret"))

    def test_new_values_are_literals_among_what_is_known(self) -> None:
        memo, _ = settled(self.HEADERS)
        for value in (b"", b"2S", b"v" * 126, b"v" * 127, b"v" * 70000):
            headers = (*self.HEADERS[:4], never(b"grpc-timeout", value), *self.HEADERS[5:])
            block = memo.recall(headers)
            assert block is not None
            decoder = Decoder()
            decoder.max_header_list_size = 2**20
            decoder.header_table = memo.header_table
            decoded = decoder.decode(block[0], raw=True)
            assert [(type(header), tuple(header)) for header in decoded] == [
                (type(header) if isinstance(header, HeaderTuple) else HeaderTuple, tuple(header)) for header in headers
            ]

    def test_they_leave_the_rest_remembered(self) -> None:
        memo, _ = settled(self.HEADERS, REQUEST)
        memo.encode((*REQUEST[:4], never(b"grpc-timeout", b"9S"), *REQUEST[4:]))
        assert memo.recall(REQUEST) is not None

    def test_equal_ordinary_headers_are_not_taken_for_them(self) -> None:
        ordinary = (*REQUEST, (b"x-token", b"secret"))
        sensitive = (*REQUEST, never(b"x-token", b"secret"))
        memo, plain = settled(ordinary)
        assert memo.recall(sensitive) is None
        assert memo.encode(sensitive) == plain.encode(sensitive)

    def test_value_that_is_in_a_table_is_an_index_as_in_hpack(self) -> None:
        memo, plain = settled((*TRAILERS, (b"x", b"1")), (*TRAILERS, never(b"x", b"2")))
        headers = (*TRAILERS, never(b"x", b"1"))
        assert memo.recall(headers) is None
        assert memo.encode(headers) == plain.encode(headers)

    @pytest.mark.parametrize("name", [b"authorization", b"content-type", b"x"])
    def test_name_is_an_index_where_hpack_has_one(self, name: bytes) -> None:
        memo, plain = settled((*TRAILERS, (b"x", b"1")), (*TRAILERS, never(name, b"value")))
        headers = (*TRAILERS, never(name, b"other"))
        block = memo.recall(headers)
        assert block is not None
        assert block[0] == plain.encode(headers, huffman=False)

    def test_literal_name_is_coded_as_by_hpack_and_the_value_without_huffman(self) -> None:
        memo, plain = settled((*TRAILERS, never(b"unheard-of", b"value")))
        block = memo.recall((never(b"unheard-of", b"other"),))
        assert block is not None
        theirs = plain.encode((never(b"unheard-of", b"other"),))
        name_ends = 2 + (theirs[1] & 0x7F)
        assert block[0] == theirs[:name_ends] + b"\x05other"

    def test_first_use_of_a_name_is_not_known(self) -> None:
        memo, _ = settled(REQUEST)
        assert memo.recall((*REQUEST, never(b"x", b"1"))) is None

    def test_pseudo_headers_are_left_to_hpack(self) -> None:
        headers = (never(b":method", b"POST"), *REQUEST[1:])
        memo, _ = settled(headers)
        assert memo.recall(headers) is None


def test_informational_responses_are_not_remembered() -> None:
    headers = ((b":status", b"103"), (b"link", b"x"))
    memo, _ = settled(headers)
    assert memo.recall(headers) is None


@pytest.mark.parametrize(
    "headers",
    [(("a", "b"),), ((b"a", b"b", True),), {b"a": b"b"}, [[b"a", b"b"]]],
    ids=["text", "triple", "dict", "list"],
)
def test_other_forms_of_headers_are_encoded_as_by_hpack(headers: Any) -> None:
    memo, plain = settled(REQUEST)
    for _ in range(3):
        assert memo.encode(headers) == plain.encode(headers)


def test_memory_is_bounded_in_bytes_and_entries() -> None:
    memo, _ = settled(REQUEST)
    memo.header_table_size = 0
    memo.encode(())
    sizes = []
    for number in range(3000):
        run = (*REQUEST, (b"x", b"%d" % number))
        memo.encode(run)
        memo.recall(run)
        memo.recall(tuple(run))
        sizes.append((len(memo._runs), len(memo._same)))
    assert max(runs for runs, _ in sizes) < 600
    assert max(same for _, same in sizes) <= 128
    memo.encode(((b"x", bytes(20000)),))
    assert memo.recall(((b"x", bytes(20000)),)) is None


def test_raw_binary_values_are_not_huffman_coded() -> None:
    raw, text = b"\0" + bytes(range(256)), b"t" * 100
    block = MemoEncoder().encode(((b"a-bin", raw), (b"b", text)))
    assert raw in block
    assert text not in block
    assert list(Decoder().decode(block, raw=True)) == [(b"a-bin", raw), (b"b", text)]
