"""Messages in a stream of bytes: a flag byte, four bytes of length, the payload.

DATA frame boundaries carry no meaning; but most often a frame is a message, and that case is the short one here.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, List, Optional, Tuple, Union

from grpc._links import _compression
from grpc._values import status
from grpc._values.contexts import Uncompressed

if TYPE_CHECKING:
    from grpc.framework.interfaces.links import links

PREFIX = 5

LONGEST = 2**32 - 1
"""What four bytes of length can say."""

LONG = 16 * 1024
"""From how many bytes on a message is worth some trouble for not being copied once more."""

Data = Union[bytes, memoryview]

_UNPACK_PREFIX = struct.Struct(">BI").unpack_from


class MessageError(Exception):
    """What a peer sent cannot be read as messages, or what was to be sent cannot be made one.

    Attributes:
      code: The status number that says so.
      details: A sentence for the status.
    """

    def __init__(self, code: int, details: str) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


# ---------------------------------------------------------------- out


def frame_message(payload: bytes) -> bytes:
    """A message as it stands in the stream, uncompressed."""
    return b"\0" + len(payload).to_bytes(4, "big") + payload


def frame_long(payload: bytes) -> Tuple[bytes, bytes]:
    """The same in two pieces, none of which the caller can change afterwards; bytes are not copied."""
    return b"\0" + len(payload).to_bytes(4, "big"), bytes(payload)


def frame_compressed(payload: bytes, algorithm: int) -> bytes:
    """A message as it stands in the stream, compressed if that is allowed and makes it smaller."""
    if payload and type(payload) is not Uncompressed:
        compressed = _compression.deflate(algorithm, payload)
        if len(compressed) < len(payload):
            return b"\1" + len(compressed).to_bytes(4, "big") + compressed
    return frame_message(payload)


def check_sendable(payload: bytes, limit: int) -> None:
    """Make sure that a payload may become a message.

    Args:
      payload: What a serializer made.
      limit: The longest message in bytes.

    Raises:
      MessageError: It is longer, or is no bytes at all.
    """
    if not isinstance(payload, (bytes, bytearray, memoryview)):
        raise MessageError(status.INTERNAL, f"a message is sent as bytes, not as {type(payload).__name__}")
    if len(payload) > limit:
        raise MessageError(
            status.RESOURCE_EXHAUSTED,
            f"message to be sent of {len(payload)} bytes exceeds the limit of {limit}; raise it with "
            "'grpc.max_send_message_length'",
        )


def check_prescribed(ticket: links.Ticket, limit: Optional[int]) -> None:
    """Make sure that the payloads of a ticket are no longer than the service config lets them be.

    Args:
      ticket: A client's.
      limit: The longest message in bytes; None if the config does not say.

    Raises:
      MessageError: One of them is.
    """
    if limit is None or ticket.payload is None:
        return
    longest = max(map(len, (ticket.payload, *ticket.further_payloads)))
    if longest > limit:
        raise MessageError(
            status.RESOURCE_EXHAUSTED,
            f"message to be sent of {longest} bytes exceeds the limit of {limit}; {PRESCRIBED}",
        )


PRESCRIBED = "the service config sets it for this method"
_RAISE_IT = "raise it with 'grpc.max_receive_message_length'"

# ---------------------------------------------------------------- in


class _LongMessage:
    """A long message on its way into one buffer, which becomes the payload without being copied again."""

    __slots__ = ("_buffer", "_capacity", "_length", "flag")

    def __init__(self, flag: int, length: int) -> None:
        self.flag = flag
        self._length = length
        self._buffer = io.BytesIO()
        self._capacity = 0

    def write(self, data: Data) -> None:
        """Append what has arrived."""
        needed = self._buffer.tell() + len(data)
        if needed > self._capacity:
            self._reserve(needed)
        self._buffer.write(data)

    def _reserve(self, needed: int) -> None:
        # A few large steps, as each may move what is there. A length that was only announced costs nothing: there is
        # never more than four times of what has arrived.
        self._capacity = min(self._length, 4 * needed)
        position = self._buffer.tell()
        self._buffer.seek(self._capacity - 1)
        self._buffer.write(b"\0")
        self._buffer.seek(position)

    def payload(self) -> bytes:
        """The whole message."""
        return self._buffer.getvalue()


class MessageReader:
    """Cuts a stream of bytes into messages, as many as are asked for; what remains is kept as it came.

    Nothing is inflated before it is asked for, so what is kept is never more than what arrived.
    """

    __slots__ = ("_advice", "_chunks", "_head", "_long", "_start", "_wanted", "algorithm", "failed", "held", "limit")

    def __init__(self, limit: int, algorithm: int, advice: str = _RAISE_IT) -> None:
        """Make a reader.

        Args:
          limit: The longest message in bytes, compressed and inflated.
          algorithm: The number of that which `grpc-encoding` names; 0 for none. May be set until a message arrives.
          advice: Where the limit comes from, for people who meet it.
        """
        self.limit = limit
        self._advice = advice
        self.algorithm = algorithm
        # What is kept, in order: a long message as far as it has arrived, if one was asked for, else the head from
        # the start on; then the chunks. They are joined only when there is enough for the next step.
        self._long: Optional[_LongMessage] = None
        self._head: Data = b""
        self._start = 0
        self._chunks: List[Data] = []
        self.held = 0
        self._wanted = PREFIX
        self.failed = False
        """Whether `take` has found an error behind messages that it gave; it will raise it when asked for more."""

    def feed(self, data: Data) -> None:
        """Take bytes that arrived. If they are a view of a buffer, call `own` before that is used again."""
        if not data:
            return
        missing = self._wanted - self.held
        self.held += len(data)
        if self._long is not None and missing > 0:
            if len(data) <= missing:
                self._long.write(data)
                return
            self._long.write(memoryview(data)[:missing])
            data = data[missing:]
        self._chunks.append(data)

    def own(self) -> None:
        """Copy what is left of a view that was fed last."""
        if type(self._head) is not bytes:
            self._head = bytes(self._head[self._start :])
            self._start = 0
        if self._chunks and type(self._chunks[-1]) is not bytes:
            self._chunks[-1] = bytes(self._chunks[-1])

    @property
    def ready(self) -> bool:
        """Whether there is a next message, or an error in its place."""
        try:
            return self._complete()
        except MessageError:
            return True

    @property
    def missing(self) -> int:
        """How many bytes are to come of what is wanted next; meaningful after `take` has found it incomplete."""
        return self._wanted - self.held

    def take(self, count: int, room: int = LONGEST) -> List[bytes]:
        """Give the payloads of the next messages that are complete.

        Args:
          count: How many at most.
          room: From how many bytes on no further one is given; compressed ones count as what they are inflated to.

        Raises:
          MessageError: The next message, and it is the first one, is longer than the limit, or cannot be inflated.
        """
        payloads: List[bytes] = []
        try:
            while len(payloads) < count and room > 0 and self._complete():
                if self._long is not None:
                    payload = self._take_long()
                elif self._head[self._start]:
                    payload = self._take_flagged()
                else:
                    room -= self._take_plain(payloads, count, room)
                    continue
                payloads.append(payload)
                room -= PREFIX + len(payload)
        except MessageError:
            if not payloads:
                raise
            self.failed = True  # what came before it can be read, and comes first
        return payloads

    def _take_plain(self, payloads: List[bytes], count: int, room: int) -> int:
        """Take the message that the head begins with, and those right behind it that are as ordinary.

        Returns:
          How many bytes they are.
        """
        length = self._wanted - PREFIX
        if type(self._head) is not bytes:
            if length >= LONG:
                payloads.append(bytes(self._head[self._start + PREFIX : self._start + self._wanted]))
                self._drop(self._wanted)
                return PREFIX + length
            self.own()  # to cut small pieces out of a view takes longer
        head, start, size, limit = self._head, self._start, len(self._head), self.limit
        end = start + PREFIX + length
        room += start
        while True:
            payloads.append(head[start + PREFIX : end])  # type: ignore[arg-type]  # no view by now
            start = end
            if start >= room or len(payloads) >= count or start + PREFIX > size:
                break
            flag, length = _UNPACK_PREFIX(head, start)
            end = start + PREFIX + length
            if flag or end > size or length > limit:
                break
        taken = start - self._start
        self._drop(taken)
        return taken

    def _take_flagged(self) -> bytes:
        """Take the message that the head begins with, whose flag is not 0."""
        start = self._start
        payload = self._inflate(self._head[start], bytes(self._head[start + PREFIX : start + self._wanted]))
        self._drop(self._wanted)
        return payload

    def _take_long(self) -> bytes:
        """Take the long message, which has arrived."""
        assert self._long is not None
        payload = self._long.payload()
        if self._long.flag:
            payload = self._inflate(self._long.flag, payload)
        self._long = None
        self.held -= self._wanted
        self._wanted = PREFIX
        return payload

    def _drop(self, size: int) -> None:
        """Forget as much of the head, which are whole messages."""
        self._wanted = PREFIX
        self.held -= size
        self._start += size
        if self._start == len(self._head):
            self._head = b""
            self._start = 0

    def _complete(self) -> bool:
        """Whether the next message is there, `_wanted` bytes long: as the long one, or at the head's beginning."""
        if self.held < self._wanted:
            return False
        if self._long is not None:
            return True
        if self._wanted == PREFIX:
            self._gather()
            flag, length = _UNPACK_PREFIX(self._head, self._start)
            self._wanted = PREFIX + self._measured(length)
            if self.held < self._wanted:
                if length >= LONG:
                    self._begin_long(flag, length)
                return False
        self._gather()
        return True

    def _gather(self) -> None:
        """Have as much in the head as is wanted."""
        rest = len(self._head) - self._start
        if rest < self._wanted:
            if not rest and len(self._chunks) == 1:
                self._head = self._chunks[0]
            else:
                self._head = b"".join((memoryview(self._head)[self._start :], *self._chunks))
            self._start = 0
            self._chunks = []

    def _begin_long(self, flag: int, length: int) -> None:
        """Put all that is kept into a buffer of its own: it is the beginning of a long message."""
        message = self._long = _LongMessage(flag, length)
        message.write(memoryview(self._head)[self._start + PREFIX :])
        for chunk in self._chunks:
            message.write(chunk)
        self._head = b""
        self._start = 0
        self._chunks = []

    def _measured(self, length: int) -> int:
        if length > self.limit:
            raise self._too_long(f"received message of {length} bytes")
        return length

    def _inflate(self, flag: int, payload: bytes) -> bytes:
        """The payload of a message whose flag is not 0."""
        if flag != 1:
            details = f"received a message with the compressed flag {flag}, which means nothing"
            raise MessageError(status.INTERNAL, details)
        if not self.algorithm:
            raise MessageError(status.INTERNAL, "received a compressed message, and no grpc-encoding that says how")
        try:
            return _compression.inflate(self.algorithm, payload, self.limit)
        except _compression.TooLongError:
            raise self._too_long(
                f"received message of {len(payload)} bytes, inflated more than {self.limit},"
            ) from None
        except _compression.CorruptError as error:
            name = _compression.NAMES[self.algorithm].decode("ascii")
            raise MessageError(status.INTERNAL, f"received a message that is not {name}: {error}") from None

    def _too_long(self, what: str) -> MessageError:
        return MessageError(status.RESOURCE_EXHAUSTED, f"{what} exceeds the limit of {self.limit}; {self._advice}")


def single(data: Data, limit: int) -> Optional[bytes]:
    """The payload of bytes that are exactly one uncompressed message, else None: the common case, done shortly."""
    length = len(data) - PREFIX
    if 0 <= length <= limit and not data[0] and int.from_bytes(data[1:PREFIX], "big") == length:
        return bytes(data[PREFIX:])
    return None
