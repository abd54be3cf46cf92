"""An HPACK decoder with a memory: blocks that were received before are not decoded again.

Reached into, because hpack has no public name for it: `HeaderTable.dynamic_entries`, and the functions
`decode_integer` and `decode_huffman`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from hpack import HPACKError
from hpack.hpack import decode_integer
from hpack.huffman_table import decode_huffman
from hpack.table import HeaderTable

from grpc._links._h2_hpack import MAX_SHORT_LENGTH, LengthlessDecoder, Room, Stillness, list_size

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MemoDecoder"]

# Huffman coded values of literals, most often tokens that stay the same for long.
_MAX_VALUES = 128
_MAX_VALUE_BYTES = 2048

# HeaderTuple and its subclass without the call to their own __new__, which is written in Python.
_new_header: Callable[[type[Any], tuple[bytes, bytes]], Any] = tuple.__new__

_indexed_run = re.compile(rb"[\x81-\xfe]+").match


class _Template(NamedTuple):
    """A block whose literals may have any value."""

    pieces: tuple[bytes, ...]  # the block without the values, cut where they were
    places: tuple[int, ...]  # of the headers whose values they are
    headers: list[Any]
    size: int  # of the header list, without those values


def _cut(block: bytes) -> Optional[tuple[tuple[bytes, ...], list[int], list[bytes]]]:
    """Cuts the values of the literals that leave the table alone out of a block.

    Returns:
        The pieces that remain, the numbers of the fields that were cut, and their values as they were coded. None for
        a block that changes the table, has no such literal, is broken, or codes a number in an unusual length.
    """
    pieces: list[bytes] = []
    places: list[int] = []
    values: list[bytes] = []
    kept = position = field = 0
    try:
        while position < len(block):
            octet = block[position]
            if octet > 0x80:
                run = _indexed_run(block, position)
                if run is None:
                    return None
                field += run.end() - position
                position = run.end()
                continue
            if octet > 0x1F:
                return None
            position += 1
            if not octet & 0x0F:
                length = block[position] & 0x7F
                if length > MAX_SHORT_LENGTH:
                    return None
                position += 1 + length
            elif octet & 0x0F == 0x0F:
                if block[position] > 0x7F:
                    return None
                position += 1
            pieces.append(block[kept:position])
            kept = position
            length = block[kept] & 0x7F
            position += 1 + length
            if length > MAX_SHORT_LENGTH:
                length, octets = decode_integer(block[kept : kept + 8], 7)
                position = kept + octets + length
            places.append(field)
            values.append(block[kept:position])
            field += 1
            kept = position
    except (IndexError, HPACKError):
        return None
    if not values or position > len(block):
        return None
    pieces.append(block[kept:])
    return tuple(pieces), places, values


def _cut_alike(block: bytes, pieces: tuple[bytes, ...]) -> Optional[list[bytes]]:
    """Cuts a block that has, but for one short value, these pieces; None for any other."""
    if len(pieces) != 2:
        return None
    head, tail = pieces
    start = len(head)
    stop = len(block) - len(tail)
    if (
        start < stop
        and block[start] & 0x7F == stop - start - 1 <= MAX_SHORT_LENGTH
        and block.startswith(head)
        and block.endswith(tail)
    ):
        return [block[start:stop]]
    return None


def _uncode(coded: bytes) -> bytes:
    """Decodes the value of a literal, its length in front."""
    _, octets = decode_integer(coded, 7)
    return bytes(decode_huffman(coded[octets:]) if coded[0] & 0x80 else coded[octets:])


class MemoDecoder(LengthlessDecoder):
    """An hpack Decoder with a memory of header blocks that mean nothing special to h2.

    `decode` works as ever; whoever has looked at its result may call `learn`, and `recall` is the short way.
    """

    def __init__(self, max_header_list_size: int) -> None:
        #: The remembered blocks that are the same to the last byte, by kind (see `_h2_checks`). Read only.
        self.blocks: tuple[dict[bytes, list[Any]], ...] = ({}, {}, {})
        self._templates: tuple[dict[tuple[bytes, ...], _Template], ...] = ({}, {}, {})
        self._last: list[Optional[_Template]] = [None, None, None]
        self._values: dict[bytes, bytes] = {}
        self._room = Room()
        self._still = False
        self._max_header_list_size = max_header_list_size
        self._max_allowed_table_size = HeaderTable.DEFAULT_SIZE
        super().__init__(max_header_list_size)

    def forget(self) -> None:
        """Empties the memory; needed whenever the table or a limit is changed by anything but `decode`."""
        for blocks, templates in zip(self.blocks, self._templates):
            blocks.clear()
            templates.clear()
        self._last = [None, None, None]
        self._room.clear()

    @property
    def max_header_list_size(self) -> int:
        """The largest header list to accept; setting it empties the memory, for it may hold larger ones."""
        return self._max_header_list_size

    @max_header_list_size.setter
    def max_header_list_size(self, value: int) -> None:
        self.forget()
        self._max_header_list_size = value

    @property
    def max_allowed_table_size(self) -> int:
        """The largest table the peer may use; setting it empties the memory, for the next block must be checked."""
        return self._max_allowed_table_size

    @max_allowed_table_size.setter
    def max_allowed_table_size(self, value: int) -> None:
        self.forget()
        self._max_allowed_table_size = value

    @property
    def header_table_size(self) -> int:
        """The limit of the dynamic table in octets; setting it empties the memory."""
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        self.forget()
        LengthlessDecoder.header_table_size.fset(self, value)  # type: ignore[attr-defined]  # the property of the base class

    def decode(self, data: bytes, raw: bool = False) -> Iterable[Any]:
        """Decodes as `LengthlessDecoder.decode` does, and forgets everything if that changes the table."""
        stillness = Stillness(self.header_table)
        self._still = False
        try:
            return super().decode(data, raw)
        finally:
            self._still = stillness.holds()
            if not self._still:
                self.forget()

    def learn(self, kind: int, block: bytes, headers: list[Any]) -> None:
        """Remembers the block decoded last, unless decoding it has changed the table.

        Args:
            kind: REQUEST, RESPONSE or TRAILERS.
            block: What was decoded.
            headers: What it means; no informational response.
        """
        size = list_size(headers)
        if not self._still or not self._room.fits(size + len(block)):
            return
        cut = _cut(block)
        if cut is not None:
            pieces, places, _ = cut
            # A pseudo-header may mean more with another value; and where a header was dropped the places are wrong.
            if self.dropped or any(headers[place][0][:1] == b":" for place in places):
                return
        if not self._room.take(size + len(block)):
            self.forget()
            self._room.take(size + len(block))
        if cut is None:
            self.blocks[kind][block] = headers[:]
        else:
            size -= sum(len(headers[place][1]) for place in places)
            self._templates[kind][pieces] = _Template(pieces, tuple(places), headers[:], size)

    def recall(self, kind: int, block: bytes) -> Optional[list[Any]]:
        """Decodes a block with literals from memory.

        Args:
            kind: REQUEST, RESPONSE or TRAILERS.
            block: A block that is not in `blocks`.

        Returns:
            The headers, a new list; None for a block that is not known.
        """
        template = self._last[kind]
        values = None if template is None else _cut_alike(block, template.pieces)
        if values is None:
            if not self._templates[kind]:
                return None
            cut = _cut(block)
            if cut is None:
                return None
            template, values = self._templates[kind].get(cut[0]), cut[2]
            self._last[kind] = template
        if template is None:
            return None
        _, places, headers, size = template
        headers = headers[:]
        for place, coded in zip(places, values):
            value = coded[1:] if coded[0] <= MAX_SHORT_LENGTH else self._long_value(coded)
            if value is None:
                return None
            size += len(value)
            header = headers[place]
            headers[place] = _new_header(type(header), (header[0], value))
        return headers if size <= self._max_header_list_size else None

    def _long_value(self, coded: bytes) -> Optional[bytes]:
        value = self._values.get(coded)
        if value is None:
            try:
                value = _uncode(coded)
            except HPACKError:
                return None
            if len(value) <= _MAX_VALUE_BYTES:
                if len(self._values) >= _MAX_VALUES:
                    self._values.clear()
                self._values[coded] = value
        return value
