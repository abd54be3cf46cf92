"""How many values the other side may send: a window that fits the size of what arrives.

The receiving side of a stream keeps `granted - consumed` at a window W, counted in values. Before anything has been
seen W is 1, which every direction starts with anyway; then it is as many values of the largest size seen as make
`WINDOW_BYTES`, at least 1, at most `WINDOW_VALUES`. Objects that are not bytes have no size that could be known; they
travel in memory only, and get the largest window.

Granting costs a ticket, so it is done in batches: as soon as half of W has been consumed, not before.
"""

from __future__ import annotations

from typing import Any, Iterable

WINDOW_BYTES = 1 << 20
"""How many bytes may be under way or unconsumed, at one value at least: enough to keep a fast network busy."""

WINDOW_VALUES = 128
"""How many values may be under way or unconsumed: with small ones, a batch is worth more than its cost by then."""

INITIAL = 1
"""How many values each direction may send before it has been granted any; Base says so."""


class Window:
    """The state of one direction, on the side that receives; its owner's lock guards it.

    Attributes:
      size: W.
      mark: Nothing is due as long as more values than this have arrived and wait to be consumed. It may be read
        without the lock: a value's arrival raises it before the value can be consumed, so whoever consumes the last
        one sees what that one did to it.
    """

    __slots__ = ("_largest", "_under_way", "mark", "size")

    def __init__(self) -> None:
        self.size = 1
        self._largest = -1
        self._under_way = INITIAL  # granted and not yet arrived
        self.mark = self.size // 2 - self._under_way

    def __repr__(self) -> str:
        return f"<Window of {self.size}, {self._under_way} under way>"

    def arrived(self, value: Any) -> None:
        """Count a value that has arrived; before it is put where it can be consumed."""
        self.arrived_all((value,))

    def arrived_all(self, values: Iterable[Any]) -> None:
        """Count values that have arrived together."""
        count = 0
        for value in values:
            count += 1
            size = len(value) if isinstance(value, (bytes, bytearray)) else 0
            if size > self._largest:
                self._largest = size
                self.size = max(1, min(WINDOW_VALUES, WINDOW_BYTES // max(1, size)))
        self._under_way -= count
        self.mark = self.size // 2 - self._under_way

    def due(self, waiting: int) -> int:
        """Tell how many values to grant now, and count them as granted.

        Args:
          waiting: How many values have arrived and not been consumed.

        Returns:
          A number of values that brings the window up to its size, or 0 while less than half of it is consumed.
        """
        if waiting > self.mark:
            return 0
        granted = self.size - self._under_way - waiting
        self._under_way += granted
        self.mark -= granted
        return granted
