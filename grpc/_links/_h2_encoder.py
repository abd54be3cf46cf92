"""An HPACK encoder with a memory: headers that were sent before are not encoded again.

Reached into, because hpack has no public name for it: `HeaderTable.dynamic_entries`, `.resized` and
`.STATIC_TABLE_MAPPING`, `Encoder.add`, and the function `encode_integer`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Optional

from hpack import NeverIndexedHeaderTuple
from hpack.hpack import encode_integer
from hpack.table import HeaderTable

from grpc._links._h2_hpack import MAX_SHORT_LENGTH, BoundedEncoder, Room, Stillness, list_size

__all__ = ["EncodedBlock", "MemoEncoder"]

# Tuples of headers that are known by identity: those that a program keeps, one or two for each method.
_MAX_SAME = 128

_INDEX_NEVER = 0x10

# An encoded block and what h2 reads out of a request: the bytes, `:method`, `:authority`. A bare tuple: one is made
# for each call with a never-indexed header.
EncodedBlock = tuple[bytes, Optional[bytes], Optional[bytes]]


class _SensitiveName(NamedTuple):
    """How a never-indexed field of a name begins, and with which values it would be an index after all."""

    prefix: bytes
    prefixes: tuple[bytes, ...]  # with each of the short lengths
    indexed_values: frozenset[bytes]


def _is_usual(header: Any) -> bool:
    return isinstance(header, tuple) and len(header) == 2 and type(header[0]) is type(header[1]) is bytes


class MemoEncoder(BoundedEncoder):
    """An hpack Encoder with a memory. `encode` learns, `recall` is the short way for what is known."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: dict[tuple[Any, ...], EncodedBlock] = {}
        self._same: dict[
            int, tuple[tuple[Any, ...], EncodedBlock]
        ] = {}  # by the id of a tuple, kept so that the id is its own
        self._sensitive: dict[bytes, _SensitiveName] = {}
        self._room = Room()

    def forget(self) -> None:
        """Empties the memory; needed whenever the table is changed by anything but `encode`."""
        self._runs.clear()
        self._same.clear()
        self._sensitive.clear()
        self._room.clear()

    @property
    def header_table_size(self) -> int:
        """The limit of the dynamic table in octets; setting it empties the memory."""
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        self.forget()
        BoundedEncoder.header_table_size.fset(self, value)  # type: ignore[attr-defined]  # the property of the base

    def recall(self, headers: tuple[Any, ...]) -> Optional[EncodedBlock]:
        """Encodes headers from memory.

        Args:
            headers: Pairs of bytes; `NeverIndexedHeaderTuple` marks values that change with each call. Passing the
                same tuple object again is fastest.

        Returns:
            The block, to be sent as it is; or None if any part of the headers is not known (then `encode` them).

        Raises:
            TypeError: The headers are not hashable.
        """
        same = self._same.get(id(headers))
        if same is not None:
            return same[1]
        # Never-indexed and ordinary headers compare equal, so all have to be looked at.
        for position, header in enumerate(headers):
            if type(header) is NeverIndexedHeaderTuple:
                return self._recall_around(headers, position)
        known = self._runs.get(headers)
        if known is not None and len(self._same) < _MAX_SAME:
            self._same[id(headers)] = headers, known
        return known

    def _recall_around(self, headers: tuple[Any, ...], position: int) -> Optional[EncodedBlock]:
        """Encodes headers of which the one at the position is the first that is never indexed."""
        data, method, authority = b"", None, None
        start = 0
        while True:
            if start < position:
                known = self._runs.get(headers[start:position])
                if known is None:
                    return None
                if start:
                    data += known[0]
                else:
                    data, method, authority = known
            if position == len(headers):
                return data, method, authority
            name, value = headers[position]
            way = self._sensitive.get(name)
            if way is None or value in way.indexed_values:
                return None
            # Without Huffman coding: a few bytes more on the wire, and a tenth of the time on either side.
            if len(value) <= MAX_SHORT_LENGTH:
                data += way.prefixes[len(value)] + value
            else:
                data += way.prefix + encode_integer(len(value), 7) + value
            start = position = position + 1
            for header in headers[start:]:
                if type(header) is NeverIndexedHeaderTuple:
                    break
                position += 1

    def encode(self, headers: Any, huffman: bool = True) -> bytes:
        """Encodes as `hpack.Encoder.encode` does, and remembers whatever may be."""
        table = self.header_table
        if table.resized or isinstance(headers, dict) or not huffman:
            self.forget()
            return super().encode(headers, huffman)
        headers = tuple(headers)
        if not all(map(_is_usual, headers)):
            self.forget()
            return super().encode(headers, huffman)
        stillness = Stillness(table)
        parts = [
            # Raw binary values begin with NUL; Huffman codes, made for text, would double them.
            self.add(
                (header[0], header[1]), isinstance(header, NeverIndexedHeaderTuple), huffman and header[1][:1] != b"\0"
            )
            for header in headers
        ]
        if stillness.holds():
            self._learn(headers, parts)
        else:
            self.forget()
        return b"".join(parts)

    def _learn(self, headers: tuple[Any, ...], parts: list[bytes]) -> None:
        start = 0
        for position, header in enumerate((*headers, None)):
            sensitive = type(header) is NeverIndexedHeaderTuple
            if header is None or sensitive:
                if start < position:
                    self._learn_run(headers[start:position], b"".join(parts[start:position]))
                start = position + 1
            if header is not None and sensitive:
                self._learn_sensitive(header[0])

    def _take_room(self, size: int) -> bool:
        if not self._room.fits(size):
            return False
        if not self._room.take(size):
            self.forget()
            self._room.take(size)
        return True

    def _learn_run(self, run: tuple[Any, ...], data: bytes) -> None:
        firsts: dict[bytes, bytes] = {}
        for name, value in run:
            firsts.setdefault(name, value)
        if firsts.get(b":status", b"").startswith(b"1"):
            return  # an informational response changes another state; h2 has to see it
        if self._take_room(list_size(run) + len(data)):
            self._runs[run] = data, firsts.get(b":method"), firsts.get(b":authority")

    def _learn_sensitive(self, name: bytes) -> None:
        if name in self._sensitive or name.startswith(b":"):
            return
        values = {value for known, value in self.header_table.dynamic_entries if known == name}
        values.update(HeaderTable.STATIC_TABLE_MAPPING.get(name, (0, {}))[1])
        match = self.header_table.search(name, b"")
        if match is None:
            encoded = self.huffman_coder.encode(name)
            length = encode_integer(len(encoded), 7)
            length[0] |= 0x80
            prefix = bytes([_INDEX_NEVER]) + bytes(length) + encoded
        else:
            index = encode_integer(match[0], 4)
            index[0] |= _INDEX_NEVER
            prefix = bytes(index)
        prefixes = tuple(prefix + bytes([length]) for length in range(MAX_SHORT_LENGTH + 1))
        if self._take_room((1 + len(prefixes)) * (64 + len(prefix)) + sum(map(len, values))):
            self._sensitive[name] = _SensitiveName(prefix, prefixes, frozenset(values))
