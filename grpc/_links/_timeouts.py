"""The `grpc-timeout` header: at most eight digits and a unit."""

from __future__ import annotations

import math
from typing import Optional

# Largest value that eight digits hold.
_LIMIT = 99_999_999

# Finest first, so that the first unit in which the digits suffice loses the least.
_UNITS = ((b"n", 1e9), (b"u", 1e6), (b"m", 1e3), (b"S", 1.0), (b"M", 1 / 60), (b"H", 1 / 3600))
_SECONDS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}

# Longer ones are not told from infinity; the core's figure. Three years.
_CAP_HOURS = 27_000

# From here on milliseconds will do: they are as fine as schedulers are, and keep the header short.
_MILLISECONDS_FROM = 0.1
_MILLISECONDS_TO = 99_999.0

# What floating-point arithmetic may add to a whole number; far less than what anybody can measure.
_NOISE = 1e-6


def encode_timeout(seconds: float) -> bytes:
    """Write a duration, rounded up, so that the peer does not give up before this side does."""
    if _MILLISECONDS_FROM <= seconds <= _MILLISECONDS_TO:
        amount = math.ceil(seconds * 1e3 - _NOISE)
        return b"%dm" % amount if amount % 1000 else b"%dS" % (amount // 1000)
    if seconds <= 0:
        return b"1n"
    if seconds >= _CAP_HOURS * 3600:
        return b"%dH" % _CAP_HOURS
    return _in_finest_unit(seconds)


def _in_finest_unit(seconds: float) -> bytes:
    for unit, per_second in _UNITS:
        amount = max(1, math.ceil(seconds * per_second - _NOISE))
        if amount <= _LIMIT:
            return b"%d%b" % (amount, unit)
    raise AssertionError("the cap in hours has less than eight digits")


def decode_timeout(value: bytes) -> Optional[float]:
    """Read a duration in seconds; None, which is no limit, for what is not one.

    Like the core's, this reader puts up with spaces around it and with more digits than eight.
    """
    value = value.strip(b" ")
    scale = _SECONDS.get(value[-1:])
    digits = value[:-1]
    if scale is None or not digits.isdigit() or len(digits) > 18:
        return None
    amount = int(digits)
    return None if amount > 10**9 else amount * scale
