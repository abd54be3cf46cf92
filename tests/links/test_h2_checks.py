"""Headers are called fine only if h2 accepts them as they are; those of gRPC peers are called fine."""

from __future__ import annotations

import random
from typing import Any

import pytest
from h2.exceptions import ProtocolError
from h2.utilities import HeaderValidationFlags, normalize_inbound_headers, validate_headers
from hpack import HeaderTuple

from grpc._links._h2_checks import REQUEST, RESPONSE, TRAILERS, certainly_fine

REQUEST_HEADERS = (
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/a.B/C"),
    (b":authority", b"host"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
    (b"user-agent", b"grpc-python/1.0"),
    (b"x_y.z-0", b"any \x01\x7f\xff \t value"),
)
RESPONSE_HEADERS = ((b":status", b"200"), (b"content-type", b"application/grpc"))
TRAILER_HEADERS = ((b"grpc-status", b"0"), (b"grpc-message", b""))


def h2_says_fine(kind: int, headers: list[Any]) -> bool:
    """What h2's own checks say of headers: accepted and left alone."""
    flags = HeaderValidationFlags(
        is_client=kind != REQUEST,
        is_trailer=kind == TRAILERS,
        is_response_header=kind == RESPONSE,
        is_push_promise=False,
    )
    try:
        return list(validate_headers(normalize_inbound_headers(headers, flags), flags)) == headers
    except (ProtocolError, IndexError):
        return False


@pytest.mark.parametrize(
    ("kind", "headers"), [(REQUEST, REQUEST_HEADERS), (RESPONSE, RESPONSE_HEADERS), (TRAILERS, TRAILER_HEADERS)]
)
def test_headers_of_grpc_peers_are_fine(kind: int, headers: Any) -> None:
    assert certainly_fine(kind, [HeaderTuple(*header) for header in headers])


@pytest.mark.parametrize("name", [b"content-length", b"cookie", b"host"])
@pytest.mark.parametrize("kind", [REQUEST, RESPONSE, TRAILERS])
def test_headers_that_h2_interprets_are_left_to_it(kind: int, name: bytes) -> None:
    headers = (REQUEST_HEADERS, RESPONSE_HEADERS, TRAILER_HEADERS)[kind]
    assert not certainly_fine(kind, [*headers, (name, b"1")])


@pytest.mark.parametrize("status", [b"100", b"1", b"199"])
def test_informational_responses_are_left_to_h2(status: bytes) -> None:
    assert not certainly_fine(RESPONSE, [(b":status", status), *RESPONSE_HEADERS[1:]])


def test_nothing_is_fine_that_h2_refuses_or_changes() -> None:
    dice = random.Random(7)
    names = [name for name, _ in (*REQUEST_HEADERS, *RESPONSE_HEADERS, *TRAILER_HEADERS)]
    names += [b"", b"A", b"a:b", b"a b", b"\x7f", b"te", b"cookie", b"connection", b"upgrade", b":protocol", b":new"]
    values = [b"", b"trailers", b"CONNECT", b"/", b"200", b" a", b"a ", b"a\nb", b"a\0", b"\ta", b"a\r", b"gzip"]
    fine = 0
    for _ in range(20000):
        kind = dice.randrange(3)
        headers: list[Any] = list((REQUEST_HEADERS, RESPONSE_HEADERS, TRAILER_HEADERS)[kind])
        for _ in range(dice.randrange(3)):
            change = dice.randrange(4)
            place = dice.randrange(len(headers) + 1)
            if change == 0:
                headers.insert(place, (dice.choice(names), dice.choice(values)))
            elif change == 1 and place < len(headers):
                headers[place] = headers[place][0], dice.choice(values)
            elif change == 2 and place < len(headers):
                del headers[place]
            else:
                dice.shuffle(headers)
        if certainly_fine(kind, headers):
            fine += 1
            assert h2_says_fine(kind, headers)
    assert fine > 5000
