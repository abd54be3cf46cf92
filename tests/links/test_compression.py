"""Compression algorithms and their names: wire facts, section 3."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc._links import _compression
from grpc._values.compression import Compression
from grpc._values.contexts import Compressed

ALL = 0b111


class TestNames:
    def test_the_numbers_of_the_algorithms(self) -> None:
        assert [int(member) for member in Compression] == [0, 1, 2]
        assert _compression.NAMES == (b"identity", b"deflate", b"gzip")

    def test_the_list_is_written_with_comma_and_space(self) -> None:
        assert _compression.encode_accepted(ALL) == b"identity, deflate, gzip"

    @pytest.mark.parametrize(("accepted", "text"), [(0, b"identity"), (0b001, b"identity"), (0b100, b"identity, gzip")])
    def test_identity_is_always_listed(self, accepted: int, text: bytes) -> None:
        assert _compression.encode_accepted(accepted) == text

    @pytest.mark.parametrize(
        ("text", "accepted"),
        [
            (None, 0b001),
            (b"", 0b001),
            (b"identity", 0b001),
            (b"gzip", 0b101),
            (b"identity,deflate,gzip", ALL),
            (b"identity, deflate,  gzip ", ALL),
            (b"snappy, gzip, br", 0b101),
            (b",,gzip,", 0b101),
            (b"GZIP", 0b001),
        ],
    )
    def test_the_list_is_read_tolerant_of_spaces_and_unknown_names(self, text: Optional[bytes], accepted: int) -> None:
        assert _compression.decode_accepted(text) == accepted

    @pytest.mark.parametrize(
        ("name", "accepted", "number"),
        [(b"identity", 0, 0), (b"gzip", ALL, 2), (b"deflate", 0b101, None), (b"snappy", ALL, None), (b" gzip", ALL, 2)],
    )
    def test_an_encoding_counts_if_it_is_accepted(self, name: bytes, accepted: int, number: Optional[int]) -> None:
        assert _compression.number_of(name, accepted) == number


class TestAlgorithms:
    def test_deflate_is_the_container_of_rfc_1950(self) -> None:
        assert zlib.decompress(_compression.deflate(1, b"abc")) == b"abc"

    def test_gzip_is_the_container_of_rfc_1952(self) -> None:
        assert gzip.decompress(_compression.deflate(2, b"abc")) == b"abc"

    def test_a_bare_deflate_stream_is_not_accepted(self) -> None:
        machine = zlib.compressobj(wbits=-15)
        with pytest.raises(_compression.CorruptError):
            _compression.inflate(1, machine.compress(b"abc") + machine.flush(), 100)

    @given(st.sampled_from([1, 2]), st.binary())
    def test_what_was_compressed_is_inflated(self, number: int, data: bytes) -> None:
        assert _compression.inflate(number, _compression.deflate(number, data), len(data)) == data

    @pytest.mark.parametrize("number", [1, 2])
    @pytest.mark.parametrize("data", [b"", b"abc", bytes(1000)])
    def test_what_was_inflated_says_so(self, number: int, data: bytes) -> None:
        assert type(_compression.inflate(number, _compression.deflate(number, data), len(data))) is Compressed

    @pytest.mark.parametrize("number", [1, 2])
    def test_one_byte_beyond_the_limit_is_too_long(self, number: int) -> None:
        data = _compression.deflate(number, bytes(1000))
        assert _compression.inflate(number, data, 1000) == bytes(1000)
        with pytest.raises(_compression.TooLongError):
            _compression.inflate(number, data, 999)

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_bomb_is_not_inflated_beyond_the_limit(self, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
        bomb = _compression.deflate(number, bytes(10_000_000))
        most = []
        make = zlib.decompressobj

        class Machine:
            def __init__(self, wbits: int) -> None:
                self._machine = make(wbits)

            def decompress(self, data: bytes, length: int) -> bytes:
                most.append(length)
                return self._machine.decompress(data, length)

        monkeypatch.setattr(zlib, "decompressobj", Machine)
        with pytest.raises(_compression.TooLongError):
            _compression.inflate(number, bomb, 500)
        assert most == [501]

    @pytest.mark.parametrize("number", [1, 2])
    def test_what_is_cut_off_is_corrupt(self, number: int) -> None:
        whole = _compression.deflate(number, b"some text to compress")
        for length in range(len(whole)):
            with pytest.raises(_compression.CorruptError):
                _compression.inflate(number, whole[:length], 100)

    @pytest.mark.parametrize("number", [1, 2])
    def test_what_is_followed_by_something_is_corrupt(self, number: int) -> None:
        with pytest.raises(_compression.CorruptError):
            _compression.inflate(number, _compression.deflate(number, b"abc") + b"x", 100)

    @given(st.sampled_from([1, 2]), st.binary())
    def test_any_bytes_are_inflated_or_found_corrupt(self, number: int, data: bytes) -> None:
        with contextlib.suppress(_compression.CorruptError, _compression.TooLongError):
            _compression.inflate(number, data, 1000)
