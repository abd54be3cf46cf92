"""How long to wait before what has failed is tried again: longer each time, until it has worked."""

from __future__ import annotations

import random

# The figures of gRPC's connection-backoff document that no channel argument changes.
_MULTIPLIER = 1.6
_JITTER = 0.2


class Backoff:
    """How long from one attempt to the next: longer each time, until `reset`."""

    __slots__ = ("_initial", "_maximum", "_next")

    def __init__(self, initial: float, maximum: float) -> None:
        """Begin afresh; both in seconds."""
        self._initial = self._next = min(initial, maximum)
        self._maximum = maximum

    def advance(self) -> float:
        """The delay to keep now, in seconds, up to a fifth less or more at random so that clients do not come all at
        once; the one after it will be longer."""
        delay = self._next
        self._next = min(delay * _MULTIPLIER, self._maximum)
        return delay * random.uniform(1 - _JITTER, 1 + _JITTER)

    def reset(self) -> None:
        """Begin afresh: an attempt has succeeded."""
        self._next = self._initial
