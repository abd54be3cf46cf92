"""The `grpc-timeout` header: at most eight digits and a unit."""

from __future__ import annotations

import math
from typing import Optional

# Largest value that eight digits hold.
_LIMIT = 99_999_999

# Finest first, so that the first unit that is coarse enough loses the least.
_UNITS = ((b"n", 1e9), (b"u", 1e6), (b"m", 1e3), (b"S", 1.0), (b"M", 1 / 60), (b"H", 1 / 3600))
_SECONDS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}


def encode_timeout(seconds: float) -> bytes:
    """Write a duration, rounded up, so that the peer does not give up before this side does."""
    if seconds <= 0:
        return b"1n"
    # Milliseconds are as fine as schedulers are; they keep the header short and often the same.
    if 0.1 <= seconds <= 99_999:
        return b"%dm" % math.ceil(seconds * 1e3)
    for unit, per_second in _UNITS:
        amount = math.ceil(seconds * per_second) if seconds * per_second < _LIMIT else _LIMIT + 1
        if amount <= _LIMIT:
            return b"%d%b" % (amount, unit)
    return b"%dH" % _LIMIT


def decode_timeout(value: bytes) -> Optional[float]:
    """Read a duration in seconds; None if it is not one."""
    digits, unit = value[:-1], value[-1:]
    scale = _SECONDS.get(unit)
    if scale is None or not digits.isdigit() or len(digits) > 8:
        return None
    return int(digits) * scale
