"""Compression algorithms by their names on the wire, and data through them; what comes out is bounded.

A set of algorithms is an integer whose bit n stands for the algorithm with the number n, as in channel arguments.
"""

from __future__ import annotations

import functools
import zlib
from typing import Dict, Optional, Tuple

from grpc._values.compression import Compression
from grpc._values.contexts import Compressed

NAMES: Tuple[bytes, ...] = (b"identity", b"deflate", b"gzip")
"""The names by the numbers of `Compression`."""

_NUMBERS: Dict[bytes, int] = {name: number for number, name in enumerate(NAMES)}

# zlib's `wbits`: deflate means the container of RFC 1950, not a bare deflate stream; gzip that of RFC 1952.
_CONTAINERS: Dict[int, int] = {Compression.Deflate: zlib.MAX_WBITS, Compression.Gzip: zlib.MAX_WBITS + 16}

_IDENTITY_ALONE = 1


class CorruptError(Exception):
    """What was to be inflated is not what its algorithm makes."""


class TooLongError(Exception):
    """What was to be inflated is longer than the limit."""


def number_of(name: bytes, accepted: int) -> Optional[int]:
    """The number of the algorithm that `grpc-encoding` names; None if it is not one of those accepted."""
    number = _NUMBERS.get(name.strip(b" "))
    return number if number is not None and (accepted | _IDENTITY_ALONE) >> number & 1 else None


@functools.lru_cache(maxsize=8)
def encode_accepted(accepted: int) -> bytes:
    """The value of `grpc-accept-encoding` for a set."""
    return b", ".join(name for number, name in enumerate(NAMES) if (accepted | _IDENTITY_ALONE) >> number & 1)


def of_level(level: int, accepted: int) -> int:
    """The number of the algorithm for a level of compression, 1 to 3, among those of a set; 0 if it has none."""
    for number in _PREFERRED[level]:
        if accepted >> number & 1:
            return number
    return Compression.NoCompression


# The two do the same work with a message; gzip adds twelve bytes more, and as for the core it is the lowest level.
_PREFERRED: Dict[int, Tuple[int, ...]] = {
    1: (Compression.Gzip, Compression.Deflate),
    2: (Compression.Deflate, Compression.Gzip),
    3: (Compression.Deflate, Compression.Gzip),
}


@functools.lru_cache(maxsize=64)
def decode_accepted(value: Optional[bytes]) -> int:
    """The set that a peer's `grpc-accept-encoding` names; unknown names count for nothing, None means identity."""
    accepted = _IDENTITY_ALONE
    for name in (value or b"").split(b","):
        number = _NUMBERS.get(name.strip(b" "))
        if number is not None:
            accepted |= 1 << number
    return accepted


def deflate(number: int, data: bytes) -> bytes:
    """Compress in a context of its own."""
    machine = zlib.compressobj(wbits=_CONTAINERS[number])
    return machine.compress(data) + machine.flush()


def inflate(number: int, data: bytes, limit: int) -> bytes:
    """Decompress, and make no more than `limit` bytes and one of whatever comes. What is returned is `Compressed`.

    Raises:
      CorruptError: The data was not made by the algorithm, or is cut off, or something follows it.
      TooLongError: There is more in it.
    """
    machine = zlib.decompressobj(wbits=_CONTAINERS[number])
    try:
        inflated = machine.decompress(data, limit + 1)
    except zlib.error as error:
        raise CorruptError(str(error)) from None
    if len(inflated) > limit:
        raise TooLongError()
    if not machine.eof:
        raise CorruptError("it is cut off")
    if machine.unused_data:
        raise CorruptError("something follows its end")
    return Compressed(inflated)
