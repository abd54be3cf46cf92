"""Header blocks that HTTP/2 calls malformed: RFC 9113, 8.2 and 8.3."""

from __future__ import annotations

import random
from typing import Any, FrozenSet, List, Tuple

import pytest
from h2.exceptions import ProtocolError
from h2.utilities import HeaderValidationFlags, validate_headers

from grpc._links import _fields

REQUEST = (
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/a.B/C"),
    (b":authority", b"host"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
)


def _fault(fields: Any, pseudo_headers: FrozenSet[bytes] = _fields.OF_REQUESTS) -> str:
    with pytest.raises(_fields.MalformedError) as raised:
        _fields.check(fields, pseudo_headers)
    return raised.value.fault


class TestCheck:
    @pytest.mark.parametrize(
        ("fields", "pseudo_headers"),
        [
            ((), _fields.OF_TRAILERS),
            (REQUEST, _fields.OF_REQUESTS),
            (((b":status", b"200"), (b"a", b"1")), _fields.OF_RESPONSES),
            (((b"grpc-status", b"0"), (b"a", b""), (b"a", b"\x01\x7f\xff\t")), _fields.OF_TRAILERS),
            (((b"a-bin", b"\0\r\n\0"), (b"!#$%&'*+-.^_`|~", b" 1 ")), _fields.OF_TRAILERS),
        ],
    )
    def test_what_peers_send_is_well_formed(self, fields: Any, pseudo_headers: FrozenSet[bytes]) -> None:
        _fields.check(fields, pseudo_headers)

    @pytest.mark.parametrize(
        ("further", "fault"),
        [
            ((b"Name", b"x"), "a field name may not be 'Name'"),
            ((b"", b"x"), "a field name may not be ''"),
            ((b"a:b", b"x"), "a field name may not be 'a:b'"),
            ((b"a" * 100 + b" ", b"x"), f"a field name may not be {'a' * 64!r}"),
            ((b"caf\xe9", b"x"), "a field name may not be 'café'"),
            ((b":path", b"/"), "the pseudo-header ':path' comes behind other fields"),
            ((b"upgrade", b"x"), "the field 'upgrade' has no place in HTTP/2"),
            ((b"a", b"\0"), "the value of 'a' holds a NUL or the end of a line"),
            ((b"a-bin", b"YQ\0"), "the value of 'a-bin' holds a NUL or the end of a line"),
        ],
    )
    def test_the_fault_is_named(self, further: Tuple[bytes, bytes], fault: str) -> None:
        assert _fault((*REQUEST, further)) == fault

    @pytest.mark.parametrize(
        ("leading", "fault"),
        [
            ((b":path", b"/"), "the pseudo-header ':path' comes twice"),
            ((b":status", b"200"), "the pseudo-header ':status' has no place in it"),
            ((b":Path", b"/"), "the pseudo-header ':Path' has no place in it"),
        ],
    )
    def test_so_it_is_of_a_pseudo_header(self, leading: Tuple[bytes, bytes], fault: str) -> None:
        assert _fault((leading, *REQUEST)) == fault

    def test_names_that_were_fine_are_not_looked_at_again_but_values_are(self) -> None:
        _fields.check((*REQUEST, (b"fine", b"1")), _fields.OF_REQUESTS)
        hits = _fields._check_names.cache_info().hits
        _fault((*REQUEST, (b"fine", b"\n")))
        assert _fields._check_names.cache_info().hits == hits + 1

    def test_the_same_names_may_be_wrong_in_another_kind_of_block(self) -> None:
        fields = ((b":status", b"200"),)
        _fields.check(fields, _fields.OF_RESPONSES)
        assert _fault(fields, _fields.OF_TRAILERS) == "the pseudo-header ':status' has no place in it"

    def test_whatever_is_refused_h2_refuses_too_and_the_other_way_round(self) -> None:
        """But for what is put up with, and what is not for the form to say."""
        dice = random.Random(11)
        names = [
            b"",
            b"A",
            b"a:b",
            b"a b",
            b"\x7f",
            b"x",
            b"x-bin",
            b"connection",
            b"upgrade",
            b":new",
            b":path",
            b":status",
        ]
        values = [b"", b"x", b"a\nb", b"a\0", b"\r", b"\0raw", b"caf\xe9"]
        flags = HeaderValidationFlags(
            is_client=False, is_trailer=False, is_response_header=False, is_push_promise=False
        )
        refused = 0
        for _ in range(5000):
            fields: List[Tuple[bytes, bytes]] = list(REQUEST)
            for _ in range(dice.randrange(3)):
                fields.insert(dice.randrange(len(fields) + 1), (dice.choice(names), dice.choice(values)))
            try:
                list(validate_headers([(n, v.lstrip(b"\0") if n == b"x-bin" else v) for n, v in fields], flags))
                fine = True
            except (ProtocolError, IndexError):
                fine = False
            try:
                _fields.check(fields, _fields.OF_REQUESTS)
            except _fields.MalformedError:
                refused += 1
                assert not fine, fields
            else:
                assert fine, fields
        assert 1000 < refused < 4000
