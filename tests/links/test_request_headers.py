"""Request header blocks as a client makes them: wire facts, sections 1, 3, 4 and 5."""

from __future__ import annotations

from typing import Any, List, Optional

import hpack
import pytest

from grpc._links._metadata import MetadataError
from grpc._links._request_headers import RequestHeaders
from grpc.framework.interfaces.links import links

HEADERS = RequestHeaders("https", "test.example:443", "grpc-test/1")


def _ticket(
    group: str = "pkg.Svc", method: str = "Do", timeout: Optional[float] = None, metadata: Any = None
) -> links.Ticket:
    return links.Ticket(1, 0, group, method, timeout=timeout, initial_metadata=metadata)


class TestOrder:
    def test_pseudo_headers_come_first_then_the_definition_of_the_call_then_metadata(self) -> None:
        assert HEADERS.of(_ticket(timeout=2.5, metadata=(("a", "1"), ("b-bin", b"ab"))), 2) == (
            (b":method", b"POST"),
            (b":scheme", b"https"),
            (b":path", b"/pkg.Svc/Do"),
            (b":authority", b"test.example:443"),
            (b"grpc-timeout", b"2500m"),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
            (b"grpc-encoding", b"gzip"),
            (b"grpc-accept-encoding", b"identity, deflate, gzip"),
            (b"user-agent", b"grpc-test/1"),
            (b"a", b"1"),
            (b"b-bin", b"YWI"),
        )

    def test_what_is_not_set_is_not_there(self) -> None:
        assert [name for name, _ in HEADERS.of(_ticket())] == [
            b":method",
            b":scheme",
            b":path",
            b":authority",
            b"te",
            b"content-type",
            b"grpc-accept-encoding",
            b"user-agent",
        ]


class TestPath:
    @pytest.mark.parametrize(
        ("group", "method", "path"),
        [("pkg.Svc", "Do", b"/pkg.Svc/Do"), ("Svc", "Do", b"/Svc/Do"), ("a/b", "c", b"/a/b/c")],
    )
    def test_it_is_group_and_method(self, group: str, method: str, path: bytes) -> None:
        assert dict(HEADERS.of(_ticket(group, method)))[b":path"] == path

    @pytest.mark.parametrize("method", ["D o", "Dö", "Do\r\n", "Do\0"])
    def test_a_name_that_cannot_be_in_a_path_is_refused(self, method: str) -> None:
        with pytest.raises(MetadataError, match=r"the method .* may hold only visible ASCII"):
            HEADERS.of(_ticket(method=method))


class TestAuthority:
    def test_a_call_may_name_another(self) -> None:
        assert dict(HEADERS.of(_ticket(), authority="other.example"))[b":authority"] == b"other.example"

    @pytest.mark.parametrize("authority", ["", "a b", "a\r\nx: y"])
    def test_one_that_cannot_be_a_header_is_refused(self, authority: str) -> None:
        with pytest.raises(MetadataError, match=r"the authority .* may hold only visible ASCII"):
            HEADERS.of(_ticket(), authority=authority)


class TestEncoding:
    @pytest.mark.parametrize("number", [-1, 3])
    def test_an_algorithm_that_does_not_exist_is_refused(self, number: int) -> None:
        with pytest.raises(MetadataError, match=f"no compression algorithm has the number {number}"):
            HEADERS.of(_ticket(), number)

    def test_only_what_the_channel_accepts_is_listed(self) -> None:
        headers = RequestHeaders("http", "x", "y", 0b101)
        assert dict(headers.of(_ticket()))[b"grpc-accept-encoding"] == b"identity, gzip"


class TestMemory:
    """The encoder beneath knows header blocks by identity, and forgets all when a new value enters its table."""

    def test_calls_of_a_kind_have_the_same_tuple(self) -> None:
        assert HEADERS.of(_ticket()) is HEADERS.of(_ticket())

    def test_calls_of_different_kinds_do_not(self) -> None:
        kinds: List[Any] = [
            (_ticket(),),
            (_ticket(method="Other"),),
            (_ticket(group="x"),),
            (_ticket(), 1),
            (_ticket(), 0, "x"),
        ]
        assert len({HEADERS.of(*kind) for kind in kinds}) == 5

    def test_timeouts_are_never_indexed(self) -> None:
        fields = HEADERS.of(_ticket(timeout=1.0))
        assert [type(field) for field in fields].index(hpack.NeverIndexedHeaderTuple) == 4
        assert fields[4][0] == b"grpc-timeout"

    def test_made_up_names_are_not_kept_for_ever(self) -> None:
        headers = RequestHeaders("http", "x", "y")
        for number in range(2000):
            headers.of(_ticket(method=f"M{number}"))
        assert len(headers._known) == 1024
        assert dict(headers.of(_ticket(method="M1999")))[b":path"] == b"/pkg.Svc/M1999"
