"""How much may be sent, and how much is given back: the arithmetic of flow control, without any frame.

Above a link flow is counted in payloads (`allowance`), beneath it in bytes (HTTP/2's windows); here they meet.

Receiving. A stream's window is given back as its End consumes payloads; so what a stream holds is at most the window,
and a message more: one that has begun to arrive, and is allowed, may always arrive as a whole, however long it is. What
an End has consumed shows in the leave that it gives: see `Unconsumed`. Beyond the allowance nothing is taken apart; it
is held as it came. The connection's window is given back at once, so that one slow reader stops nobody else, until the
connection as a whole holds more than `HELD_BOUND`; what is held above that is kept from it.

Sending. A stream's `Outbox` keeps what the peer's windows do not admit yet. As long as there is little in it the End
has leave to send on, up to `LEAVE` payloads ahead; its leave is renewed in large steps, not payload by payload.
"""

from __future__ import annotations

import collections
from typing import Deque, List, Union

Data = Union[bytes, memoryview]

LONG = 64 * 1024
"""From how many bytes on a payload is sent without being copied on the way. To copy less takes no longer than to keep
account of one piece more."""

_BEGINNING = 16 * 1024  # how much of a long piece is copied, so that the short ones in front of it need no own frame

DEFAULT_WINDOW = 65_535
"""What HTTP/2 begins with, on every connection and stream."""

CONNECTION_WINDOW = 64 * 1024 * 1024
"""How much a peer may have under way on a connection: some sixteen streams' worth, so that none waits for another."""

HELD_BOUND = 64 * 1024 * 1024
"""From how many held bytes on a connection's window is not given back any more."""

UNTOLD = 68 * 1024
"""How many bytes of payloads an End may have consumed and not said so yet: `crust` gives leave anew after 64 KiB, or 64
payloads, each of which has its prefix. A window must not be used up by these, nor by messages that are long gone."""

LEAVE = 64
"""How many payloads an End may be ahead of what the peer has admitted, while the outbox is nearly empty."""

OUTBOX_BOUND = 64 * 1024
"""From how many waiting bytes on an End gets no leave for more; the write buffer that gRPC's core keeps per stream."""


def quarter(window: int) -> int:
    """How much is saved up before it is given back: few frames, and still most of the window open to the peer."""
    return max(1, window // 4)


def slack(window: int) -> int:
    """How many unconsumed bytes to overlook in a stream with such a window, because they may have been consumed."""
    return 0 if window >= 2 * UNTOLD else UNTOLD


def stream_due(owed: int, held: int, step: int) -> int:
    """How much of a stream's window to give back now.

    Args:
      owed: What has arrived and was not given back, in bytes as HTTP/2 counts them.
      held: How many bytes have arrived and were not consumed; more than is owed, if a long message got its way.
      step: The least to be given back at once.
    """
    due = owed - held
    return due if due >= step else 0


def arrival_due(owed: int, missing: int, window: int, step: int) -> int:
    """How much of a stream's window to give back for the sake of a message that has begun to arrive.

    Args:
      owed: As above.
      missing: How many bytes of the message are to come.
      window: The stream's window.
      step: The least to be given back at once, unless that is all it takes.
    """
    lack = missing - (window - owed)
    if lack <= 0:
        return 0
    due = min(lack, owed)
    return due if due == lack or due >= step else 0


def connection_due(owed: int, held: int, step: int) -> int:
    """How much of the connection's window to give back now; the arguments are sums over its streams."""
    excess = held - HELD_BOUND
    due = owed - excess if excess > 0 else owed
    return due if due >= step else 0


def leave_due(leave: int, waiting: int) -> int:
    """How many further payloads to let an End send.

    Args:
      leave: How many it may still send.
      waiting: How many bytes wait in the outbox.
    """
    return LEAVE - leave if leave <= LEAVE // 2 and waiting < OUTBOX_BOUND else 0


class Unconsumed:
    """The sizes of payloads that an End was given, as far as it is not known to have consumed them.

    An End that keeps `granted - consumed` at a constant, as `crust` does, shows with each grant how much it has
    consumed: the constant is the most payloads that it ever allowed ahead of what it was given, and all payloads that
    this leaves no room for are gone.

    Attributes:
      size: How many bytes they are in all.
    """

    __slots__ = ("_sizes", "_window", "size")

    def __init__(self, allowed: int) -> None:
        """Begin before the first payload is given, so many being allowed."""
        self._window = allowed
        self._sizes: Deque[int] = collections.deque()
        self.size = 0

    def add(self, size: int) -> None:
        """Count a payload that the End is given."""
        self._sizes.append(size)
        self.size += size

    def allow(self, allowed: int) -> None:
        """Learn how many payloads the End takes now that it has raised that."""
        if allowed > self._window:
            self._window = allowed
        sizes = self._sizes
        for _ in range(len(sizes) - (self._window - allowed)):
            self.size -= sizes.popleft()


class Outbox:
    """Bytes of one stream that wait for the windows, in order; `size` is how many."""

    __slots__ = ("_chunks", "size")

    def __init__(self, *pieces: Data) -> None:
        """Begin with what waits first; of a view the bytes may not change."""
        self._chunks: Deque[Data] = collections.deque(pieces)
        self.size = sum(map(len, pieces))

    def put(self, data: Framed) -> None:
        """Append what waits next."""
        if isinstance(data, Outbox):
            self._chunks += data._chunks
            self.size += data.size
        else:
            self._chunks.append(data)
            self.size += len(data)

    def take(self, room: int) -> Data:
        """Remove as much as should be sent next, within `room` bytes, of which there is at least one.

        Small pieces come joined; a long one is cut, not copied, except for the beginning of one behind small ones.
        """
        chunks = self._chunks
        if len(chunks[0]) >= min(LONG, room):
            return self._cut(room)
        taken: List[Data] = []
        size = 0
        while chunks and size + len(chunks[0]) <= room and len(chunks[0]) < LONG:
            size += len(chunks[0])
            taken.append(chunks.popleft())
        self.size -= size
        if chunks and len(chunks[0]) >= LONG and size < min(room, _BEGINNING):
            taken.append(self._cut(min(room, _BEGINNING) - size))
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def _cut(self, room: int) -> Data:
        """Remove as much of the first piece as fits, uncopied."""
        first = self._chunks[0]
        if len(first) <= room:
            self._chunks.popleft()
            self.size -= len(first)
            return first
        whole = memoryview(first)
        self._chunks[0] = whole[room:]
        self.size -= room
        return whole[:room]


Framed = Union[Data, Outbox]
"""Messages as they stand in a stream: in one piece, or long ones in several."""
