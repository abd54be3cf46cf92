"""`grpc-timeout`: wire facts, section 5."""

from __future__ import annotations

import math
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc._links._timeouts import decode_timeout, encode_timeout


class TestEncode:
    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (1e-9, b"1n"),
            (1.5e-9, b"2n"),
            (0.05, b"50000000n"),
            (0.0999999991, b"100000u"),
            (0.1, b"100m"),
            (0.25, b"250m"),
            (0.2501, b"251m"),
            (0.3, b"300m"),
            (1.1, b"1100m"),
            (16.1, b"16100m"),  # a thousand times that is a little more than 16,100 to a float
            (5.0, b"5S"),
            (60, b"60S"),
            (99_999, b"99999S"),
            (100_000, b"100000S"),
            (27_000 * 3600 - 1, b"97199999S"),
        ],
    )
    def test_a_duration_is_rounded_up_to_a_unit_that_is_fine_enough(self, seconds: float, text: bytes) -> None:
        assert encode_timeout(seconds) == text

    @pytest.mark.parametrize("seconds", [0.0, -0.0, -1.0, -1e9])
    def test_a_deadline_that_has_passed_is_one_nanosecond(self, seconds: float) -> None:
        assert encode_timeout(seconds) == b"1n"

    @pytest.mark.parametrize("seconds", [27_000 * 3600, 27_000 * 3600 + 1, 1e18, math.inf])
    def test_nothing_is_longer_than_27000_hours(self, seconds: float) -> None:
        assert encode_timeout(seconds) == b"27000H"

    @given(st.floats(1e-9, 27_000 * 3600, allow_nan=False))
    def test_at_most_eight_digits_and_never_early(self, seconds: float) -> None:
        text = encode_timeout(seconds)
        assert text[:-1].isdigit()
        assert 1 <= len(text) <= 9
        assert int(text[:-1]) > 0
        read = decode_timeout(text)
        assert read is not None
        assert seconds * (1 - 1e-9) - 1e-14 <= read <= seconds * 1.01 + 1e-9


class TestDecode:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            (b"1H", 3600.0),
            (b"2M", 120.0),
            (b"3S", 3.0),
            (b"4m", 0.004),
            (b"5u", 0.000005),
            (b"6n", 0.000000006),
            (b"99999999S", 99_999_999.0),
            (b"00000001S", 1.0),
            (b"0S", 0.0),
        ],
    )
    def test_units(self, text: bytes, seconds: float) -> None:
        assert decode_timeout(text) == pytest.approx(seconds)

    @pytest.mark.parametrize(("text", "seconds"), [(b" 3S ", 3.0), (b"000000000003S", 3.0), (b"1000000000S", 1e9)])
    def test_spaces_and_too_many_digits_are_put_up_with(self, text: bytes, seconds: float) -> None:
        assert decode_timeout(text) == seconds

    @pytest.mark.parametrize("text", [b"1000000001S", b"99999999999H", b"9" * 5000 + b"S"])
    def test_values_beyond_a_thousand_million_are_infinite(self, text: bytes) -> None:
        assert decode_timeout(text) is None

    @pytest.mark.parametrize(
        "text", [b"", b"S", b"3", b"3s", b"-3S", b"+3S", b"3.5S", b"0x3S", b"3 S", b"\xff1S", b"S3"]
    )
    def test_what_is_no_timeout_is_no_limit(self, text: bytes) -> None:
        value: Optional[float] = decode_timeout(text)
        assert value is None
