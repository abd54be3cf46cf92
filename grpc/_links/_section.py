"""A lock that says what is to be done once it has been released.

What belongs to a channel is decided under one lock, and acted upon after it: connections are made, tickets passed on,
watchers told. The acts of one section happen in the order in which they were decided, in the thread that decided.
"""

from __future__ import annotations

import threading
from typing import Callable, List

Act = Callable[[], None]


class Section:
    """Enter it to read or change what it guards; not reentrant."""

    __slots__ = ("_acts", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._acts: List[Act] = []

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exc_info: object) -> None:
        acts = self._acts
        if acts:
            self._acts = []
        self._lock.release()
        for act in acts:
            act()

    def after_fork_in_child(self) -> None:
        """Be empty and open: whoever was inside may not exist in this process."""
        self._lock = threading.Lock()
        self._acts = []

    def later(self, act: Act) -> None:
        """Have something done once the section is left. The caller is inside."""
        assert self._lock.locked()
        self._acts.append(act)
