"""How many values the other side may send: a window of values, given back exactly as they are consumed.

The receiving side of a stream grants `WINDOW` values when it consumes the first one, which every direction may send
anyway; after that it grants what it has consumed, no more and no less. So `granted - consumed` is `WINDOW` whenever a
grant is due, and beneath this layer a link can tell from the grants alone what has been consumed: that is how memory
stays bounded in bytes, which are not counted here.

Granting costs a ticket, so it is done in batches: of `BATCH_VALUES` values, or fewer if they are `BATCH_BYTES` or more.
A batch that is not complete yet is what a link cannot know of; it has to be prepared for that much.
"""

from __future__ import annotations

import collections
from typing import Any, Deque, Iterable

WINDOW = 128
"""How many values may be under way or unconsumed: with small ones, a batch is worth more than its cost by then."""

BATCH_VALUES = WINDOW // 2
"""How many consumed values are granted anew at once."""

BATCH_BYTES = 64 * 1024
"""From how many bytes on fewer values are granted at once; objects that are not bytes have no size."""

INITIAL = 1
"""How many values each direction may send before it has been granted any; Base says so."""


class Window:
    """The state of one direction, on the side that receives; its owner's lock guards it.

    Attributes:
      mark: Nothing is due as long as more values than this have arrived and wait to be consumed. It may be read
        without the lock: a value's arrival raises it before the value can be consumed, so whoever consumes the last
        one of a batch sees what that one did to it.
    """

    __slots__ = ("_arrived", "_batch", "_bytes", "_ends", "_granted", "_values", "mark")

    def __init__(self) -> None:
        self._arrived = 0
        self._granted = INITIAL
        # The batch that values join now: its size so far, and how many values make one.
        self._values = self._bytes = 0
        self._batch = INITIAL
        # Of the batches that are complete and not granted anew: the number of the last value.
        self._ends: Deque[int] = collections.deque()
        self.mark = -1

    def __repr__(self) -> str:
        return f"<Window: {self._arrived} arrived, {self._granted} granted>"

    def arrived(self, value: Any) -> None:
        """Count a value that has arrived; before it is put where it can be consumed."""
        self.arrived_all((value,))

    def arrived_all(self, values: Iterable[Any]) -> None:
        """Count values that have arrived together."""
        for value in values:
            self._arrived += 1
            self._values += 1
            if isinstance(value, (bytes, bytearray)):
                self._bytes += len(value)
            if self._values >= self._batch or self._bytes >= BATCH_BYTES:
                self._ends.append(self._arrived)
                self._values = self._bytes = 0
                self._batch = BATCH_VALUES
        if self._ends:
            self.mark = self._arrived - self._ends[0]

    def due(self, waiting: int) -> int:
        """Tell how many values to grant now, and count them as granted.

        Args:
          waiting: How many values have arrived and not been consumed.

        Returns:
          As many as the batches have that were consumed meanwhile; 0 if no batch was.
        """
        ends = self._ends
        consumed = self._arrived - waiting
        last = 0
        while ends and ends[0] <= consumed:
            last = ends.popleft()
        self.mark = self._arrived - ends[0] if ends else -1
        if not last:
            return 0
        granted = last + WINDOW - self._granted
        self._granted += granted
        return granted
