"""A few large buffers to read into, for whoever reads much: making one for every read takes longer than filling it.

A buffer belongs to whoever took it until it is given back, and is given back when nothing refers to its bytes any more.
Any thread may take and give; each is one step, so no lock is needed.
"""

from __future__ import annotations

from typing import List

SIZE = 256 * 1024
"""How many bytes each holds: what a loopback socket typically has ready when much is under way."""

# How many are kept when nobody uses them; who finds none makes one.
_MOST_SPARE = 4
_spare: List[memoryview] = []


def take() -> memoryview:
    """Give a buffer with anything in it."""
    try:
        return _spare.pop()
    except IndexError:
        return memoryview(bytearray(SIZE))


def give_back(buffer: memoryview) -> None:
    """Let others use it. A buffer that is not given back is freed like any object."""
    if len(_spare) < _MOST_SPARE:
        _spare.append(buffer)
