"""The compression algorithms that the wire format names; the numbers are those of channel arguments."""

from __future__ import annotations

import enum


class Compression(enum.IntEnum):
    """How the messages of a channel, server or call are compressed."""

    NoCompression = 0
    Deflate = 1
    Gzip = 2
