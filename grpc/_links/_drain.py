"""A server's goodbye in two steps, so that no request is lost on its way (`wire.md` section 9, RFC 9113 section 6.8).

A client that has not read the GOAWAY yet may be opening streams. So the first GOAWAY names no last stream, a PING
follows it, and what arrives before its answer was sent in good faith and is served. Then the second GOAWAY names the
stream that really was the last, and the connection closes when the last of them has ended.

    SERVING ---begin---> ANNOUNCED ---answer, or none for long---> LEAVING     closes when its last stream ends
       |                     |                                        |
       +------ hurry --------+-------------> HURRYING <---- hurry ----+        the same, but within a few seconds
                                                 |
                                                 +--- they are over ---> OVER
"""

from __future__ import annotations

import enum
from typing import Dict, Optional, Tuple

# "On its ACK (core waits at most 20 s)".
ANSWER_TIMEOUT = 20.0

# How long a connection that is to end at once may take to hand over its last bytes. A peer that reads takes a round
# trip; one that does not read would hold up a stopping server for ever.
LINGER = 5.0

# What the PING carries, so that no other PING's answer is taken for its own.
PING_DATA = b"goodbye?"


class State(enum.Enum):
    """How far the goodbye is."""

    SERVING = "not begun"
    ANNOUNCED = "the first GOAWAY is on its way"
    LEAVING = "the last stream is named, running ones finish"
    HURRYING = "the last stream is named, the end is near"
    OVER = "cut off"


class Input(enum.Enum):
    """What can happen."""

    BEGIN = "the connection is to end when its calls have"
    HURRY = "the connection is to end now"
    ANSWER = "the PING was answered"
    NO_ANSWER = "the PING was not answered for long"
    LINGERED = "the last bytes have found no taker"


class Effect(enum.Enum):
    """What is to be done."""

    NOTHING = "nothing"
    ANNOUNCE = "send a GOAWAY without last stream, and a PING"
    NAME_LAST = "send a GOAWAY with the last stream, refuse what comes after it, close when the last has ended"
    ABORT = "close the connection at once"


_TRANSITIONS: Dict[Tuple[State, Input], Tuple[State, Effect]] = {
    # "GOAWAY(NO_ERROR, 2^31-1) + PING;"
    (State.SERVING, Input.BEGIN): (State.ANNOUNCED, Effect.ANNOUNCE),
    (State.SERVING, Input.HURRY): (State.HURRYING, Effect.NAME_LAST),
    # "on its ACK (core waits at most 20 s) GOAWAY with the real last id;"
    (State.ANNOUNCED, Input.ANSWER): (State.LEAVING, Effect.NAME_LAST),
    (State.ANNOUNCED, Input.NO_ANSWER): (State.LEAVING, Effect.NAME_LAST),
    (State.ANNOUNCED, Input.HURRY): (State.HURRYING, Effect.NAME_LAST),
    # "close when the last stream ends": a connection with a named last stream does that by itself.
    (State.LEAVING, Input.HURRY): (State.HURRYING, Effect.NOTHING),
    (State.HURRYING, Input.LINGERED): (State.OVER, Effect.ABORT),
}


class Drain:
    """The goodbye of one server connection. An input without a row in the table has come too early or too late."""

    __slots__ = ("_deadline", "_state")

    def __init__(self) -> None:
        self._state = State.SERVING
        self._deadline: Optional[float] = None

    def __repr__(self) -> str:
        return f"<Drain: {self._state.value}>"

    @property
    def state(self) -> State:
        """How far the goodbye is."""
        return self._state

    @property
    def deadline(self) -> Optional[float]:
        """When `handle_deadline` is due; None if never."""
        return self._deadline

    def begin(self, now: float) -> Effect:
        """Begin the goodbye, unless it has begun."""
        effect = self._step(Input.BEGIN)
        if effect is Effect.ANNOUNCE:
            self._deadline = now + ANSWER_TIMEOUT
        return effect

    def hurry(self, now: float) -> Effect:
        """Skip what is left of the goodbye: name the last stream now, and do not wait long for anything."""
        if self._state is not State.HURRYING and self._state is not State.OVER:
            self._deadline = now + LINGER
        return self._step(Input.HURRY)

    def on_ping_ack(self, data: bytes) -> Effect:
        """Take the answer of any PING."""
        if data != PING_DATA or self._state is not State.ANNOUNCED:
            return Effect.NOTHING
        self._deadline = None
        return self._step(Input.ANSWER)

    def handle_deadline(self, now: float) -> Effect:
        """Do what is due."""
        if self._deadline is None or now < self._deadline:
            return Effect.NOTHING
        self._deadline = None
        return self._step(Input.NO_ANSWER if self._state is State.ANNOUNCED else Input.LINGERED)

    def _step(self, happened: Input) -> Effect:
        self._state, effect = _TRANSITIONS.get((self._state, happened), (self._state, Effect.NOTHING))
        return effect
