"""What metadata may look like: `wire.md` section 4."""

from __future__ import annotations

from typing import Any

import pytest

from grpc._links import _metadata
from grpc._values import metadata


class TestChecked:
    def test_none_is_none(self) -> None:
        assert metadata.checked(None) is None

    def test_pairs_of_any_kind_become_a_tuple_of_tuples(self) -> None:
        assert metadata.checked(pair for pair in (["a", "1"], ("b-bin", b"\0"))) == (("a", "1"), ("b-bin", b"\0"))

    @pytest.mark.parametrize("items", [3, [3], [("a",)], [("a", "b", "c")]])
    def test_what_consists_of_no_pairs_is_a_type_error(self, items: Any) -> None:
        with pytest.raises(TypeError, match=r"sequence of \(key, value\) pairs"):
            metadata.checked(items)

    @pytest.mark.parametrize("key", ["", "A", "a b", ":path", "ä", "a\n"])
    def test_a_key_is_digits_lower_case_letters_and_three_signs(self, key: str) -> None:
        with pytest.raises(ValueError, match=r"may hold only digits, lower-case letters and _ - \."):
            metadata.checked([(key, "x")])

    @pytest.mark.parametrize("value", ["é", "a\n", b"\0"])
    def test_a_text_is_printable_ascii(self, value: Any) -> None:
        with pytest.raises(ValueError, match="give the key the suffix -bin"):
            metadata.checked([("a", value)])

    @pytest.mark.parametrize(("key", "value"), [("a", 1), ("a-bin", 1), (b"a", "x")])
    def test_other_types_are_refused(self, key: Any, value: Any) -> None:
        with pytest.raises(TypeError):
            metadata.checked([(key, value)])


class TestReservedNames:
    """Names that begin with grpc- belong to gRPC; some of them it lends."""

    @pytest.mark.parametrize("key", sorted(metadata.LENT))
    def test_a_lent_name_is_accepted_here_and_on_the_wire(self, key: str) -> None:
        items = ((key, b"1" if key.endswith("-bin") else "1"),)
        assert metadata.checked(items) == items
        ((name, _),) = _metadata.encode_metadata(items)
        assert _metadata.decode_fields(_metadata.encode_metadata(items)) == items
        assert name not in _metadata.RESERVED

    def test_those_that_are_in_use_and_not_the_protocols_own_are_lent(self) -> None:
        in_use = {
            "grpc-status", "grpc-message", "grpc-timeout", "grpc-encoding", "grpc-accept-encoding", "grpc-message-type",
            "grpc-status-details-bin", "grpc-previous-rpc-attempts", "grpc-retry-pushback-ms", "grpc-trace-bin",
            "grpc-tags-bin", "grpc-server-stats-bin",
        }  # fmt: skip
        assert in_use - {name.decode() for name in _metadata.RESERVED} == metadata.LENT

    @pytest.mark.parametrize("key", ["grpc-status", "grpc-timeout", "grpc-", "grpc-anything", "grpc-anything-bin"])
    def test_any_other_is_refused(self, key: str) -> None:
        with pytest.raises(ValueError, match="names that begin with grpc- belong to gRPC"):
            metadata.checked([(key, "x")])
