"""Metadata as header fields: wire facts, section 4."""

from __future__ import annotations

from typing import Any, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc._links import _metadata


class TestEncode:
    def test_text_goes_as_it_is(self) -> None:
        assert _metadata.encode_metadata((("k-1_.a", "v ~!"),)) == [(b"k-1_.a", b"v ~!")]

    def test_order_and_repeated_keys_are_kept(self) -> None:
        items = (("a", "1"), ("b", "2"), ("a", "3"))
        assert _metadata.encode_metadata(items) == [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]

    @pytest.mark.parametrize(("raw", "wire"), [(b"", b""), (b"\0", b"AA"), (b"\xab\xab\xab", b"q6ur"), (b"ab", b"YWI")])
    def test_bin_values_go_as_base64_without_padding(self, raw: bytes, wire: bytes) -> None:
        assert _metadata.encode_metadata((("x-bin", raw),)) == [(b"x-bin", wire)]

    @pytest.mark.parametrize("value", [bytearray(b"ab"), memoryview(b"ab"), "ab"])
    def test_bin_values_may_be_anything_that_is_bytes(self, value: Any) -> None:
        assert _metadata.encode_metadata((("x-bin", value),)) == [(b"x-bin", b"YWI")]

    def test_spaces_at_the_ends_of_a_value_are_dropped_because_http_allows_none(self) -> None:
        assert _metadata.encode_metadata((("a", "  b c "),)) == [(b"a", b"b c")]

    @pytest.mark.parametrize("key", ["", "A", "a b", "a:b", "ä", "a\n", ":path", "a/b", 3, None, b"a"])
    def test_keys_are_digits_lower_case_letters_and_three_signs(self, key: Any) -> None:
        with pytest.raises(_metadata.MetadataError, match="may hold only digits"):
            _metadata.encode_metadata(((key, "x"),))

    @pytest.mark.parametrize("value", ["é", "a\nb", "a\0", "\x7f", b"\xff"])
    def test_values_are_printable_ascii(self, value: Any) -> None:
        with pytest.raises(_metadata.MetadataError, match=r"'k' may hold only printable ASCII.*-bin"):
            _metadata.encode_metadata((("k", value),))

    @pytest.mark.parametrize(("key", "value"), [("k", 3), ("k", None), ("k-bin", 3), ("k-bin", None)])
    def test_values_of_other_types_are_refused(self, key: str, value: Any) -> None:
        with pytest.raises(_metadata.MetadataError, match=f"{key!r} is (a string|bytes), not"):
            _metadata.encode_metadata(((key, value),))

    @pytest.mark.parametrize(
        "key",
        [
            "grpc-status",
            "grpc-message",
            "grpc-timeout",
            "grpc-encoding",
            "grpc-accept-encoding",
            "grpc-message-type",
            "grpc-anything",
            "te",
            "content-type",
            "content-length",
            "host",
            "connection",
            "transfer-encoding",
            "upgrade",
        ],
    )
    def test_reserved_names_are_refused(self, key: str) -> None:
        with pytest.raises(_metadata.MetadataError, match=f"{key!r} is reserved"):
            _metadata.encode_metadata(((key, "x"),))

    @pytest.mark.parametrize(
        "key",
        [
            "grpc-status-details-bin",
            "grpc-previous-rpc-attempts",
            "grpc-retry-pushback-ms",
            "grpc-trace-bin",
            "grpc-tags-bin",
            "grpc-server-stats-bin",
            "user-agent",
            "authorization",
        ],
    )
    def test_names_that_other_libraries_were_lent_are_sent(self, key: str) -> None:
        (field,) = _metadata.encode_metadata(((key, "1"),))
        assert field[0] == key.encode()


class TestDecode:
    def test_pseudo_headers_and_the_protocols_own_are_not_metadata(self) -> None:
        fields = [
            (b":status", b"200"),
            (b"content-type", b"application/grpc"),
            (b"grpc-encoding", b"gzip"),
            (b"a", b"1"),
            (b"te", b"trailers"),
            (b"user-agent", b"x"),
        ]
        assert _metadata.decode_fields(fields) == (("a", "1"), ("user-agent", "x"))

    def test_other_reserved_names_reach_the_application(self) -> None:
        assert _metadata.decode_fields([(b"grpc-trace-bin", b"AAE")]) == (("grpc-trace-bin", b"\0\1"),)

    @pytest.mark.parametrize("wire", [b"YWI", b"YWI=", b" YWI "])
    def test_base64_is_accepted_with_and_without_padding(self, wire: bytes) -> None:
        assert _metadata.decode_fields([(b"x-bin", wire)]) == (("x-bin", b"ab"),)

    def test_joined_bin_values_are_split_before_decoding(self) -> None:
        assert _metadata.decode_fields([(b"x-bin", b"YQ,Yg==, Yw")]) == (
            ("x-bin", b"a"),
            ("x-bin", b"b"),
            ("x-bin", b"c"),
        )

    def test_commas_in_text_mean_nothing(self) -> None:
        assert _metadata.decode_fields([(b"x", b"a,b")]) == (("x", "a,b"),)

    def test_a_value_that_http_allows_and_grpc_does_not_is_not_an_error(self) -> None:
        assert _metadata.decode_fields([(b"x", b"caf\xe9\t!")]) == (("x", "caf\xe9\t!"),)

    def test_what_is_not_base64_is_dropped(self) -> None:
        assert _metadata.decode_fields([(b"x-bin", b"A"), (b"y", b"1")]) == (("y", "1"),)

    @given(st.binary())
    def test_no_bin_value_is_an_error(self, wire: bytes) -> None:
        _metadata.decode_fields([(b"x-bin", wire)])

    @given(st.lists(st.tuples(st.sampled_from(["a-bin", "b-bin"]), st.binary())))
    def test_whatever_bytes_are_sent_arrive(self, items: List[Tuple[str, bytes]]) -> None:
        assert _metadata.decode_fields(_metadata.encode_metadata(items)) == tuple(items)


class TestSize:
    def test_a_field_counts_as_name_value_and_32(self) -> None:
        assert _metadata.block_size([(b"abc", b"defgh"), (b"", b"")]) == 3 + 5 + 32 + 32

    def test_bin_values_count_in_base64(self) -> None:
        fields = _metadata.encode_metadata((("a-bin", bytes(300)),))
        assert _metadata.block_size(fields) == 5 + 400 + 32

    def test_a_block_to_be_sent_is_measured_by_the_peers_limit(self) -> None:
        fields = [(b"a", b"b" * 67)]
        _metadata.check_sendable_block(fields, None, "x")
        _metadata.check_sendable_block(fields, 100, "x")
        with pytest.raises(_metadata.MetadataError, match="of 100 bytes exceeds the peer's limit of 99") as raised:
            _metadata.check_sendable_block(fields, 99, "initial metadata")
        assert raised.value.code == 8
