"""A stream of values that arrives: kept in order, and further ones granted as they are consumed."""

from __future__ import annotations

import collections
from typing import Any, Optional, Sequence

from grpc.framework.crust import _allowance, _rendezvous
from grpc.framework.interfaces.face import face


class Incoming(_rendezvous.Rendezvous):
    """A side to which many values come.

    `_incoming` holds those that have not been consumed. It is filled with the lock held and emptied without: taking
    from a deque is one step, and whoever finds it empty looks again with the lock. `_incoming_complete` says that no
    more follow; it is set after the last was put there, so a thread that reads it first and then finds the deque
    empty knows that there is nothing more. `_window` is None where the one value that may come needs no counting.
    """

    __slots__ = ()

    def _expect_incoming(self, many: bool) -> None:
        """Be ready for values. Done once, before any arrives."""
        self._incoming = collections.deque()
        self._incoming_complete = False
        self._window = _allowance.Window() if many else None

    def _take_in(self, value: Any) -> None:
        """Keep a value that has arrived. The lock is held."""
        if self._window is not None:
            self._window.arrived(value)
        self._incoming.append(value)

    def _take_in_all(self, values: Sequence[Any]) -> None:
        """Keep values that have arrived together. The lock is held."""
        if self._window is not None:
            self._window.arrived_all(values)
        self._incoming.extend(values)

    def _consumed(self) -> None:
        """Grant further values if it is time to; to be called after a value was consumed, without the lock."""
        window = self._window
        if window is None or len(self._incoming) > window.mark:
            return
        with self._lock:
            granted = 0 if self._incoming_complete else window.due(len(self._incoming))
        if granted:
            self._output.advance(None, None, None, granted)


class IncomingIterator(Incoming, face.PassiveSource):
    """A side whose customer draws the values, or takes what is there."""

    __slots__ = ()

    def take(self) -> Optional[Any]:
        """See `face.PassiveSource.take`."""
        incoming = self._incoming
        if not incoming:
            return None
        value = incoming.popleft()
        window = self._window
        if window is not None and len(incoming) <= window.mark:
            self._consumed()
        return value

    def exhausted(self) -> bool:
        """See `face.PassiveSource.exhausted`."""
        return self._incoming_complete and not self._incoming

    def __iter__(self) -> IncomingIterator:
        return self

    def __next__(self) -> Any:
        incoming = self._incoming
        while True:
            try:
                value = incoming.popleft()
            except IndexError:
                self._wait_for_more()
                continue
            window = self._window
            if window is not None and len(incoming) <= window.mark:
                self._consumed()
            return value

    def _wait_for_more(self) -> None:
        """Block until there is a value; or raise, if none is there nor will be, what an iterator raises then."""
        self._wait_until(self._has_more_or_ended)
        if not self._incoming:
            self._raise_end()

    def _has_more_or_ended(self) -> bool:
        return bool(self._incoming) or self._ended

    def _raise_end(self) -> None:
        """Raise what an iterator raises for want of a value. May return if another thread took the last one."""
        raise NotImplementedError
