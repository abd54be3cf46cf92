"""Messages that say which call they belong to, at which place, and whether they came through whole.

A message is a header and a body. The header names the call, the direction, the place in its stream and the length of
the body, and holds a checksum of all that; whoever reads a stream with a `Reader` finds every message that was lost,
doubled, misplaced, changed or led astray.
"""

from __future__ import annotations

import random
import struct
import zlib

REQUESTS, RESPONSES = 0, 1

# call, direction, place, length of the body, checksum of the four and of the body
_HEADER = struct.Struct(">QBIII")
_WITHOUT_CHECKSUM = struct.Struct(">QBII")
HEADER_BYTES = _HEADER.size

_POOL_BYTES = 1 << 21
_LONGEST_BODY = 1 << 20
_dice = random.Random(2016)
# The first half does not compress, the second half does, so bodies do more or less.
_POOL = _dice.getrandbits(4 * _POOL_BYTES).to_bytes(_POOL_BYTES // 2, "big") + b"layers all the way down, " * (
    _POOL_BYTES // 50 + 1
)


class Flaw(Exception):
    """A message is not what had to come; the text says what is wrong with it."""


def encode_message(call: int, direction: int, place: int, size: int) -> bytes:
    """Make a message.

    Args:
      call: The number of its call, 64 bits.
      direction: `REQUESTS` or `RESPONSES`.
      place: Its place in the stream, from 0 on.
      size: The length of the message in bytes; shorter ones than a header become a header without a body.
    """
    length = max(0, min(size - HEADER_BYTES, _LONGEST_BODY))
    begin = zlib.crc32(_WITHOUT_CHECKSUM.pack(call, direction, place, 0)) % (_POOL_BYTES - length)
    body = _POOL[begin : begin + length]
    checksum = zlib.crc32(body, zlib.crc32(_WITHOUT_CHECKSUM.pack(call, direction, place, length)))
    return _HEADER.pack(call, direction, place, length, checksum) + body


class Reader:
    """Reads one direction of one call; one thread at a time.

    Attributes:
      seen: How many messages have come.
    """

    __slots__ = ("_call", "_direction", "seen")

    def __init__(self, call: int, direction: int) -> None:
        self._call = call
        self._direction = direction
        self.seen = 0

    def accept(self, message: bytes) -> None:
        """Take the next message.

        Raises:
          Flaw: It is not the one that is next.
        """
        if len(message) < HEADER_BYTES:
            raise Flaw(f"a message of {len(message)} bytes came, where {HEADER_BYTES} are the least")
        call, direction, place, length, checksum = _HEADER.unpack_from(message)
        body = memoryview(message)[HEADER_BYTES:]
        if checksum != zlib.crc32(body, zlib.crc32(_WITHOUT_CHECKSUM.pack(call, direction, place, length))):
            raise Flaw(f"the message that came at place {self.seen} was changed on its way")
        if len(body) != length:
            raise Flaw(f"the message at place {place} has {len(body)} bytes of {length}")
        if (call, direction) != (self._call, self._direction):
            raise Flaw(f"a message of call {call:x}, direction {direction}, came to call {self._call:x}")
        if place != self.seen:
            manner = "doubled or late" if place < self.seen else "early, or others were lost"
            raise Flaw(f"the message of place {place} came at place {self.seen}: {manner}")
        self.seen += 1
