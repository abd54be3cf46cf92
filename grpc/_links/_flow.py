"""How much may be sent, and how much is given back: the arithmetic of flow control, without any frame.

Above a link flow is counted in payloads (`allowance`), beneath it in bytes (HTTP/2's windows); here they meet.

Receiving. An End's allowance is a promise to take that many payloads, whatever their size. So what belongs to a
payload that is allowed is given back to the peer as it arrives, and a message may be larger than the window. What
arrives beyond the allowance is held as it came and keeps its share of the stream's window, so a peer that runs ahead of
a slow reader is stopped by that window. The connection's window is given back at once, so that one slow reader stops
nobody else, until the connection as a whole holds more than `HELD_BOUND`; what is held above that is kept from it.

Sending. A stream's `Outbox` keeps what the peer's windows do not admit yet. As long as there is little in it the End
has leave to send on, up to `LEAVE` payloads ahead; its leave is renewed in large steps, not payload by payload.
"""

from __future__ import annotations

import collections
from typing import Deque, List, Union

Data = Union[bytes, memoryview]

DEFAULT_WINDOW = 65_535
"""What HTTP/2 begins with, on every connection and stream."""

CONNECTION_WINDOW = 64 * 1024 * 1024
"""How much a peer may have under way on a connection: some sixteen streams' worth, so that none waits for another."""

HELD_BOUND = 64 * 1024 * 1024
"""From how many held bytes on a connection's window is not given back any more."""

LEAVE = 64
"""How many payloads an End may be ahead of what the peer has admitted, while the outbox is nearly empty."""

OUTBOX_BOUND = 64 * 1024
"""From how many waiting bytes on an End gets no leave for more; the write buffer that gRPC's core keeps per stream."""


def quarter(window: int) -> int:
    """How much is saved up before it is given back: few frames, and still most of the window open to the peer."""
    return max(1, window // 4)


def stream_due(owed: int, held: int, step: int) -> int:
    """How much of a stream's window to give back now.

    Args:
      owed: What has arrived and was not given back, in bytes as HTTP/2 counts them.
      held: How much of that belongs to payloads that are not allowed yet.
      step: The least to be given back at once.
    """
    due = owed - held
    return due if due >= step else 0


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


class Outbox:
    """Bytes of one stream that wait for the windows, in order; `size` is how many."""

    __slots__ = ("_chunks", "size")

    def __init__(self, data: Data) -> None:
        """Begin with what waits first."""
        self._chunks: Deque[Data] = collections.deque((data,))
        self.size = len(data)

    def put(self, data: Data) -> None:
        """Append what waits next."""
        self._chunks.append(data)
        self.size += len(data)

    def take(self, room: int) -> Data:
        """Remove as much as fits into `room` bytes, which is at least one; small pieces come joined."""
        chunks = self._chunks
        first = chunks[0]
        if len(first) > room:
            whole = memoryview(first)
            chunks[0] = whole[room:]
            self.size -= room
            return whole[:room]
        taken: List[Data] = []
        size = 0
        while chunks and size + len(chunks[0]) <= room:
            size += len(chunks[0])
            taken.append(chunks.popleft())
        self.size -= size
        return taken[0] if len(taken) == 1 else b"".join(taken)
