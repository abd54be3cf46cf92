"""The compression algorithms that the wire format names; the numbers are those of channel arguments."""

from __future__ import annotations

import enum
from typing import Any


class Compression(enum.IntEnum):
    """How the messages of a channel, server or call are compressed."""

    NoCompression = 0
    Deflate = 1
    Gzip = 2


def number(compression: Any) -> int:
    """The number of an algorithm that a caller chose.

    Args:
      compression: A `Compression`, or its number.

    Raises:
      TypeError: It is something else.
    """
    try:
        return int(Compression(compression))
    except ValueError:
        raise TypeError(f"compression is chosen as grpc.Compression.Gzip or the like, not as {compression!r}") from None
