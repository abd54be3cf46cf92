"""Messages and metadata in their two forms."""

from __future__ import annotations

import pytest

from grpc._values import contexts
from grpc.beta import _coding


def test_only_the_next_payload_is_marked() -> None:
    following = _coding.NextUncompressed()
    assert type(following.mark(b"a")) is bytes
    following.want()
    marked = following.mark(b"b")
    assert (type(marked), marked) == (contexts.Uncompressed, b"b")
    assert type(following.mark(b"c")) is bytes


def test_methods_without_coders_are_about_bytes() -> None:
    table = _coding.CoderTable({("g", "m"): str.encode}, None)
    assert table.of("g", "m") == (str.encode, None)
    assert table.of("g", "other") == (None, None)


def test_metadata_become_a_tuple_of_pairs() -> None:
    assert _coding.metadata(None) is None
    assert _coding.metadata([["a", "1"], (b"b", b"2")]) == (("a", "1"), ("b", "2"))
    assert _coding.metadata([("a-bin", b"\0"), (b"b-bin", "\u00e4")]) == (("a-bin", b"\0"), ("b-bin", b"\xc3\xa4"))


def test_bytes_that_are_no_text_are_refused() -> None:
    for items in ([(b"\xe4", "x")], [("a", b"\xe4")]):
        with pytest.raises(ValueError, match="may hold only"):
            _coding.metadata(items)


@pytest.mark.parametrize("items", [5, [1], ["abc"]])
def test_what_is_no_metadata_is_refused(items: object) -> None:
    with pytest.raises(TypeError, match="metadata is a sequence of"):
        _coding.metadata(items)  # type: ignore[arg-type]
