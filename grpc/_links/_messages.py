"""Messages in a stream of bytes: a flag byte, four bytes of length, the payload.

DATA frame boundaries carry no meaning; but most often a frame is a message, and that case is the short one here.
"""

from __future__ import annotations

from typing import List, Optional

from grpc._values import status

_PREFIX = 5


class MessageError(Exception):
    """What a peer sent cannot be read as messages.

    Attributes:
      code: The status number that says so.
    """

    def __init__(self, code: int, details: str) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


def frame_message(payload: bytes) -> bytes:
    """A message as it stands in the stream, uncompressed."""
    return b"\0" + len(payload).to_bytes(4, "big") + payload


class MessageReader:
    """Cuts a stream of bytes into messages; holds at most one incomplete message."""

    __slots__ = ("_chunks", "_held", "_limit", "_wanted")

    def __init__(self, limit: int) -> None:
        """Make a reader.

        Args:
          limit: The longest message in bytes.
        """
        self._limit = limit
        self._chunks: List[bytes] = []
        self._held = 0
        self._wanted = _PREFIX

    @property
    def incomplete(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._held > 0

    def feed(self, data: bytes) -> List[bytes]:
        """Take bytes, give the payloads that are complete with them.

        Raises:
          MessageError: A message is longer than the limit, or compressed.
        """
        held = self._held + len(data)
        if held < self._wanted:
            # Joined only when there is enough, so that a long message in many pieces is copied once.
            if data:
                self._chunks.append(data)
                self._held = held
            return []
        if self._held:
            self._chunks.append(data)
            data = b"".join(self._chunks)
            self._chunks = []
            self._held = 0
        self._wanted = _PREFIX
        payloads: List[bytes] = []
        start = 0
        while held - start >= _PREFIX:
            end = start + self._measure(data, start)
            if end > held:
                self._wanted = end - start
                break
            payloads.append(data[start + _PREFIX : end])
            start = end
        if start < held:
            self._chunks = [data[start:]]
            self._held = held - start
        return payloads

    def _measure(self, data: bytes, start: int) -> int:
        """The length of the message that begins at `start`, its prefix included."""
        length = int.from_bytes(data[start + 1 : start + _PREFIX], "big")
        if data[start]:
            raise MessageError(
                status.INTERNAL if data[start] > 1 else status.UNIMPLEMENTED,
                f"a message has the compressed flag {data[start]}, and no grpc-encoding names an algorithm known here",
            )
        if length > self._limit:
            raise MessageError(
                status.RESOURCE_EXHAUSTED,
                f"received message of {length} bytes exceeds the limit of {self._limit}; raise it with "
                "'grpc.max_receive_message_length'",
            )
        return _PREFIX + length


def single(data: bytes, limit: int) -> Optional[bytes]:
    """The payload of bytes that are exactly one uncompressed message, else None: the common case, done shortly."""
    length = len(data) - _PREFIX
    if 0 <= length <= limit and not data[0] and int.from_bytes(data[1:_PREFIX], "big") == length:
        return data[_PREFIX:]
    return None
