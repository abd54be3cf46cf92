"""How long a server keeps a connection: idle time, age with jitter, and the grace that follows (gRFC A9).

    BUSY / IDLE   a stream is open, or none is
    LEAVING       goodbye was said, running calls have their grace
    OVER          the grace is used up
"""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Dict, Optional, Tuple

if TYPE_CHECKING:
    from grpc._values.connection_options import AgeOptions

# "Jittered +-10 % per connection", so that clients that came together do not all come back together.
JITTER = 0.1

# The debug data of the GOAWAYs.
MAX_IDLE = b"max_idle"
MAX_AGE = b"max_age"


class State(enum.Enum):
    """How the connection stands."""

    IDLE = "no stream is open"
    BUSY = "streams are open"
    LEAVING = "the grace runs"
    OVER = "nothing is waited for any more"


class Input(enum.Enum):
    """What can happen."""

    CALLS_BEGUN = "the first stream was opened"
    CALLS_OVER = "the last stream ended"
    IDLE_TOO_LONG = "no stream was open for the idle time"
    TOO_OLD = "the age was reached"
    GRACE_OVER = "the grace after that is over"


class Effect(enum.Enum):
    """What is to be done."""

    NOTHING = "nothing"
    LEAVE_IDLE = "say goodbye because of idleness"
    LEAVE_OLD = "say goodbye because of age"
    CLOSE = "close the connection whatever runs on it"


_TRANSITIONS: Dict[Tuple[State, Input], Tuple[State, Effect]] = {
    (State.IDLE, Input.CALLS_BEGUN): (State.BUSY, Effect.NOTHING),
    (State.BUSY, Input.CALLS_OVER): (State.IDLE, Effect.NOTHING),
    # "Max idle: after that time with no call -> GOAWAY(NO_ERROR, max_idle)." No call, so no grace is needed.
    (State.IDLE, Input.IDLE_TOO_LONG): (State.OVER, Effect.LEAVE_IDLE),
    # "Max age -> GOAWAY(NO_ERROR, max_age), then grace, then hard close."
    (State.IDLE, Input.TOO_OLD): (State.LEAVING, Effect.LEAVE_OLD),
    (State.BUSY, Input.TOO_OLD): (State.LEAVING, Effect.LEAVE_OLD),
    (State.LEAVING, Input.GRACE_OVER): (State.OVER, Effect.CLOSE),
    # What runs out meanwhile changes nothing.
    **{
        (state, each): (state, Effect.NOTHING)
        for state in (State.LEAVING, State.OVER)
        for each in (Input.CALLS_BEGUN, Input.CALLS_OVER)
    },
}


class Age:
    """The age of one connection. Not made at all where neither idle time nor age is limited."""

    __slots__ = ("_grace", "_grace_over", "_idle_since", "_max_idle", "_state", "_too_old")

    def __init__(self, options: AgeOptions, now: float, jitter: float) -> None:
        """Begin.

        Args:
          options: The times.
          now: When the connection was made; idle from then on.
          jitter: Between -1 and 1: where in the range of ages that JITTER leaves this connection's lies.
        """
        self._state = State.IDLE
        self._max_idle = options.max_idle
        self._grace = options.grace
        self._idle_since = now
        self._too_old = now + options.max_age * (1 + JITTER * jitter)
        self._grace_over = math.inf

    def __repr__(self) -> str:
        return f"<Age: {self._state.value}>"

    @property
    def state(self) -> State:
        """How the connection stands."""
        return self._state

    @property
    def wants_calls(self) -> bool:
        """Whether it matters here when the first stream opens and the last one ends."""
        return self._max_idle != math.inf

    @property
    def deadline(self) -> Optional[float]:
        """When `handle_deadline` is due; None if never."""
        deadline = math.inf
        if self._state is State.BUSY:
            deadline = self._too_old
        elif self._state is State.IDLE:
            deadline = min(self._too_old, self._idle_since + self._max_idle)
        elif self._state is State.LEAVING:
            deadline = self._grace_over
        return None if deadline == math.inf else deadline

    def on_calls(self, begun: bool, now: float) -> None:
        """Take the news that the first stream was opened, or that the last one has ended. See `wants_calls`."""
        if begun:
            self._step(Input.CALLS_BEGUN)
        else:
            self._idle_since = now
            self._step(Input.CALLS_OVER)

    def handle_deadline(self, now: float) -> Effect:
        """Do what is due."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return Effect.NOTHING
        if self._state is State.LEAVING:
            return self._step(Input.GRACE_OVER)
        if now < self._too_old:
            return self._step(Input.IDLE_TOO_LONG)
        self._grace_over = now + self._grace
        return self._step(Input.TOO_OLD)

    def _step(self, happened: Input) -> Effect:
        self._state, effect = _TRANSITIONS[self._state, happened]
        return effect
