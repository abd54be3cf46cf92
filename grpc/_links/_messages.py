"""Messages in a stream of bytes: a flag byte, four bytes of length, the payload.

DATA frame boundaries carry no meaning; but most often a frame is a message, and that case is the short one here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

from grpc._links import _compression
from grpc._values import status
from grpc._values.contexts import Uncompressed

if TYPE_CHECKING:
    from grpc.framework.interfaces.links import links

PREFIX = 5

LONGEST = 2**32 - 1
"""What four bytes of length can say."""


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


class MessageReader:
    """Cuts a stream of bytes into messages, as many as are asked for; what remains is kept as it came.

    Nothing is inflated before it is asked for, so what is kept is never more than what arrived.
    """

    __slots__ = ("_advice", "_chunks", "_head", "_limit", "_start", "_wanted", "algorithm", "held")

    def __init__(self, limit: int, algorithm: int, advice: str = _RAISE_IT) -> None:
        """Make a reader.

        Args:
          limit: The longest message in bytes, compressed and inflated.
          algorithm: The number of that which `grpc-encoding` names; 0 for none. May be set until a message arrives.
          advice: Where the limit comes from, for people who meet it.
        """
        self._limit = limit
        self._advice = advice
        self.algorithm = algorithm
        # What is kept: the head from the start on, then the chunks. They are joined only when there is enough for
        # the next step, so that a long message in many pieces is copied once.
        self._head = b""
        self._start = 0
        self._chunks: List[bytes] = []
        self.held = 0
        self._wanted = PREFIX

    def feed(self, data: bytes) -> None:
        """Take bytes that arrived."""
        if data:
            self._chunks.append(data)
            self.held += len(data)

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
          MessageError: The next message is longer than the limit, or cannot be inflated.
        """
        payloads: List[bytes] = []
        while len(payloads) < count and room > 0 and self._complete():
            start = self._start
            end = start + self._wanted
            payload = self._head[start + PREFIX : end]
            if self._head[start]:
                payload = self._inflate(payload)
            payloads.append(payload)
            room -= PREFIX + len(payload)
            self.held -= self._wanted
            self._start = end
            self._wanted = PREFIX
            if not self.held:
                self._head = b""
                self._start = 0
        return payloads

    def _complete(self) -> bool:
        """Whether the next message is there; then the head begins with it, and it is `_wanted` bytes long."""
        if self.held < self._wanted:
            return False
        if self._wanted == PREFIX:
            self._gather()
            start = self._start
            self._wanted = PREFIX + self._measured(int.from_bytes(self._head[start + 1 : start + PREFIX], "big"))
            if self.held < self._wanted:
                return False
        self._gather()
        return True

    def _gather(self) -> None:
        """Have as much in the head as is wanted."""
        if len(self._head) - self._start < self._wanted:
            self._head = b"".join((memoryview(self._head)[self._start :], *self._chunks))
            self._start = 0
            self._chunks = []

    def _measured(self, length: int) -> int:
        if length > self._limit:
            raise self._too_long(f"received message of {length} bytes")
        return length

    def _inflate(self, payload: bytes) -> bytes:
        """The payload of a message whose flag is not 0."""
        flag = self._head[self._start]
        if flag != 1:
            details = f"received a message with the compressed flag {flag}, which means nothing"
            raise MessageError(status.INTERNAL, details)
        if not self.algorithm:
            raise MessageError(status.INTERNAL, "received a compressed message, and no grpc-encoding that says how")
        try:
            return _compression.inflate(self.algorithm, payload, self._limit)
        except _compression.TooLongError:
            raise self._too_long(
                f"received message of {len(payload)} bytes, inflated more than {self._limit},"
            ) from None
        except _compression.CorruptError as error:
            name = _compression.NAMES[self.algorithm].decode("ascii")
            raise MessageError(status.INTERNAL, f"received a message that is not {name}: {error}") from None

    def _too_long(self, what: str) -> MessageError:
        return MessageError(status.RESOURCE_EXHAUSTED, f"{what} exceeds the limit of {self._limit}; {self._advice}")


def single(data: bytes, limit: int) -> Optional[bytes]:
    """The payload of bytes that are exactly one uncompressed message, else None: the common case, done shortly."""
    length = len(data) - PREFIX
    if 0 <= length <= limit and not data[0] and int.from_bytes(data[1:PREFIX], "big") == length:
        return data[PREFIX:]
    return None
