"""HPACK remembered: while the dynamic table stands still, equal headers are equal bytes, both ways.

A steady client sends, and a steady server receives, one header block again and again, every field of it an index into
the table. So `MemoEncoder` (in `_h2_encoder`) remembers tuples of headers with their bytes, `MemoDecoder` (in
`_h2_decoder`) remembers blocks with their headers, and both forget everything as soon as their table changes in any
way. Here is what they share: how stillness is told, and how much may be remembered.

Fields whose value changes with every call (grpc-timeout) are sent as never-indexed literals and leave the table alone.
They are cut out of what is remembered: the encoder remembers the runs of headers between them, the decoder the block
without their values; only the values are then encoded and decoded anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpack import Decoder, Encoder
from hpack.table import HeaderTable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MAX_SHORT_LENGTH", "BoundedEncoder", "LengthlessDecoder", "Room", "Stillness", "list_size"]

# A peer may let the table for our header blocks grow to 4 GiB, and every header with a new value would stay in it. What
# HPACK begins with is enough for the headers that a connection repeats.
_USUAL_TABLE_BYTES = HeaderTable.DEFAULT_SIZE

# What one coder remembers at most, counted as HPACK counts a table (names, values and 32 octets each) plus the bytes
# of the block and a share for each entry: room for some hundred kinds of calls, and for what a hostile peer may fill.
_MAX_BYTES = 256 * 1024
_MAX_ENTRY_BYTES = 16 * 1024
_ENTRY_SHARE = 256

MAX_SHORT_LENGTH = 126  # the longest length that HPACK codes in one octet


def list_size(headers: Iterable[Any]) -> int:
    """Returns the size of a header list as SETTINGS_MAX_HEADER_LIST_SIZE counts it."""
    return sum(32 + len(header[0]) + len(header[1]) for header in headers)


class BoundedEncoder(Encoder):
    """An hpack Encoder whose table stays small, and that announces every change of its size."""

    def __init__(self) -> None:
        super().__init__()
        self._most = _USUAL_TABLE_BYTES
        self._allowed = HeaderTable.DEFAULT_SIZE  # by the peer, until it says something else

    def bound_table(self, size: int) -> None:
        """Sets the most octets that the dynamic table may have, whatever the peer allows."""
        self._most = size
        self.header_table_size = self._allowed

    @property
    def header_table_size(self) -> int:
        """The limit of the dynamic table in octets; set to what the peer allows, it takes what is sensible."""
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        self._allowed = value
        value = min(value, self._most)
        # Told the same size again, hpack would forget that the change to it is not announced yet.
        if value != self.header_table.maxsize:
            Encoder.header_table_size.fset(self, value)  # type: ignore[attr-defined]  # the property of the base class
            changes = self.table_size_changes
            # "The smallest ... and the final" (RFC 7541, 4.2): one before that may be more than is allowed by now.
            changes[:] = sorted({min(changes), changes[-1]})


class LengthlessDecoder(Decoder):
    """An hpack Decoder that says nothing of content-length.

    h2 ends the connection over one that is no number, or not the number of octets that follow. gRPC has no use for it:
    a message says its own length, and the end of the stream whether something is missing.
    """

    def __init__(self, max_header_list_size: int) -> None:
        super().__init__(max_header_list_size)
        #: Whether the block decoded last had one.
        self.dropped = False

    def decode(self, data: bytes, raw: bool = False) -> Iterable[Any]:
        """Decodes as `hpack.Decoder.decode` does, and drops each content-length."""
        headers = list(super().decode(data, raw))
        kept = [header for header in headers if header[0] != b"content-length"]
        self.dropped = len(kept) != len(headers)
        return kept


class Room:
    """What is left of the bound. Whoever needs more forgets everything and learns again what is in use."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = _MAX_BYTES

    def fits(self, size: int) -> bool:
        """Tells whether an entry of this size may ever be remembered."""
        return size + _ENTRY_SHARE <= _MAX_ENTRY_BYTES

    def take(self, size: int) -> bool:
        """Takes room for an entry; False if there is not enough left."""
        self._left -= size + _ENTRY_SHARE
        return self._left >= 0

    def clear(self) -> None:
        """Makes all room free again."""
        self._left = _MAX_BYTES


class Stillness:
    """Compares a table with itself, later.

    Every addition puts a new tuple in front; so if front, length and limit are the same, so is the table.
    """

    __slots__ = ("_front", "_length", "_limit", "_table")

    def __init__(self, table: HeaderTable) -> None:
        entries = table.dynamic_entries
        self._table = table
        self._front = entries[0] if entries else None
        self._length = len(entries)
        self._limit = table.maxsize

    def holds(self) -> bool:
        """Tells whether the table is as it was."""
        entries = self._table.dynamic_entries
        return (
            len(entries) == self._length
            and (entries[0] if entries else None) is self._front
            and self._table.maxsize == self._limit
        )
