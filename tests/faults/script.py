"""What befalls one connection on its way through the proxy: a script, made by the dice or written by a test.

Faults wait at places of the byte stream, not at times, so that a script does the same whatever the machine's speed:

    delay     nothing passes this way for some tenths of a second
    split     some of the next bytes pass one by one
    stall     nothing passes either way for some seconds
    mute      nothing passes either way for so long that keepalive must notice; then the connection is reset
    cut       both ends hear the end of the stream, what is under way is lost
    half      the receiving end hears the end of the stream; the other way goes on for a while, then all is cut
    reset     both ends hear a reset
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Tuple

if TYPE_CHECKING:
    import random


class Kind(enum.Enum):
    """What happens."""

    DELAY = "delay"
    SPLIT = "split"
    STALL = "stall"
    MUTE = "mute"
    CUT = "cut"
    HALF = "half"
    RESET = "reset"


class Fault(NamedTuple):
    """One thing that happens to one direction of a connection.

    Attributes:
      at: When so many bytes have passed in this direction.
      kind: What happens.
      amount: For how many seconds; for `SPLIT` to how many bytes.
    """

    at: int
    kind: Kind
    amount: float = 0.0


class Script(NamedTuple):
    """All that happens to a connection.

    Attributes:
      greeting: What happens as soon as it is accepted, before the server hears of it: `RESET`, `CUT`, `MUTE`, or None.
      up: What happens to bytes from the client, in order of `at`.
      down: What happens to bytes from the server.
    """

    greeting: Optional[Fault]
    up: Tuple[Fault, ...]
    down: Tuple[Fault, ...]


FINE = Script(None, (), ())

_GREETINGS = (
    [None] * 12 + [Fault(0, Kind.RESET), Fault(0, Kind.CUT), Fault(0, Kind.MUTE, 1.5), Fault(0, Kind.STALL, 0.5)]
)  # fmt: skip

# kind, weight, least and greatest amount
_CHOICES: Tuple[Tuple[Kind, int, float, float], ...] = (
    (Kind.DELAY, 8, 0.005, 0.3),
    (Kind.SPLIT, 6, 1, 3000),
    (Kind.STALL, 2, 0.3, 1.5),
    (Kind.MUTE, 1, 3.0, 5.0),
    (Kind.CUT, 3, 0, 0),
    (Kind.HALF, 2, 0.05, 1.0),
    (Kind.RESET, 3, 0, 0),
)
_FINAL = (Kind.MUTE, Kind.CUT, Kind.HALF, Kind.RESET)


def _faults(dice: random.Random) -> Tuple[Fault, ...]:
    """One direction: faults at places between the first bytes and some megabytes, until one ends the connection."""
    place = 0
    found: List[Fault] = []
    while len(found) < 12:
        place += int(10 ** dice.uniform(0.5, 6.3))
        kind, _, least, most = dice.choices(_CHOICES, [choice[1] for choice in _CHOICES])[0]
        found.append(Fault(place, kind, dice.uniform(least, most)))
        if kind in _FINAL:
            break
    return tuple(found)


def make_script(dice: random.Random) -> Script:
    """Throw the dice for a connection."""
    return Script(dice.choice(_GREETINGS), _faults(dice), _faults(dice))
