"""Headers are called ordinary only if h2 takes them for nothing special."""

from __future__ import annotations

import random
from typing import Any

import pytest
from h2.utilities import is_informational_response
from hpack import HeaderTuple

from grpc._links._h2_checks import is_ordinary

REQUEST_HEADERS = ((b":method", b"POST"), (b":path", b"/a.B/C"), (b"te", b"trailers"))
RESPONSE_HEADERS = ((b":status", b"200"), (b"content-type", b"application/grpc"))
TRAILER_HEADERS = ((b"grpc-status", b"0"), (b"grpc-message", b""))


@pytest.mark.parametrize("headers", [REQUEST_HEADERS, RESPONSE_HEADERS, TRAILER_HEADERS, ()])
def test_headers_of_grpc_peers_are_ordinary(headers: Any) -> None:
    assert is_ordinary([HeaderTuple(*header) for header in headers])


@pytest.mark.parametrize("status", [b"100", b"1", b"199"])
def test_informational_responses_are_not(status: bytes) -> None:
    assert not is_ordinary([(b":status", status), *RESPONSE_HEADERS[1:]])


def test_whatever_is_in_a_block_h2_agrees() -> None:
    dice = random.Random(7)
    names = (b":status", b":path", b"", b"x", b"te")
    values = (b"", b"1", b"100", b"200", b"trailers")
    ordinary = 0
    for _ in range(5000):
        headers: Any = [(dice.choice(names), dice.choice(values)) for _ in range(dice.randrange(4))]
        assert is_ordinary(headers) is not is_informational_response(headers)
        ordinary += is_ordinary(headers)
    assert 1000 < ordinary < 4900
