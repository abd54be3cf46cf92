"""How the streams of a connection were closed, remembered for a while."""

from __future__ import annotations

from collections import deque
from typing import Optional

from h2.stream import StreamClosedBy

__all__ = ["ClosedStreams"]

_SEND_END_STREAM = StreamClosedBy.SEND_END_STREAM
_RECV_END_STREAM = StreamClosedBy.RECV_END_STREAM

_MAX_ENDED_STREAMS = 1024


class ClosedStreams(dict[int, Optional[StreamClosedBy]]):
    """How streams were closed, for late frames on them; within bounds, the oldest go first.

    h2 keeps the last 65,536, some nine megabytes of each long connection. A frame on a stream that was reset may well
    come late, and one that h2 does not remember breaks the connection; those are kept as h2 does. A frame on a stream
    that both sides ended breaks the connection either way.
    """

    def __init__(self, most_resets: int) -> None:
        super().__init__()
        self._bounds = most_resets, _MAX_ENDED_STREAMS
        self._ages: tuple[deque[int], deque[int]] = deque(), deque()

    def __setitem__(self, stream_id: int, closed_by: Optional[StreamClosedBy]) -> None:
        super().__setitem__(stream_id, closed_by)
        ended = closed_by is _SEND_END_STREAM or closed_by is _RECV_END_STREAM
        ages = self._ages[ended]
        ages.append(stream_id)
        if len(ages) > self._bounds[ended]:
            self.pop(ages.popleft(), None)
