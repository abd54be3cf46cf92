"""Keepalive: whoever has heard nothing for long asks with a PING, and takes silence for the end (gRFC A8, A9).

One machine for both roles; what differs is in the options. A client usually has no use for a connection without calls
and rests meanwhile; a server always asks. Time is counted from the last byte that was read, never from the last PING
that was sent: a PING proves nothing, an answer does.

    RESTING    no stream is open: nobody would miss the connection
    COUNTING   something may be asked, once it has been quiet for long enough
    ASKED      a PING is on its way; any byte answers it
    ASKED_LAST the same, but the last stream has ended meanwhile
    DEAD       nothing came

PINGs that go out in a row without HEADERS or DATA in between are counted. Beyond what the options allow they go out
once a minute (L116), counted from the last of them: a peer that is gone is still found out.

Nothing here reads a clock. `deadline` may be early, never late: a read moves it, and nobody has to be told.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Dict, Optional, Tuple

if TYPE_CHECKING:
    from grpc._values.connection_options import KeepaliveOptions


class State(enum.Enum):
    """What is being waited for."""

    RESTING = "no stream is open"
    COUNTING = "quiet time is being counted"
    ASKED = "a PING is unanswered"
    ASKED_LAST = "a PING is unanswered, and no stream is open any more"
    DEAD = "the peer is gone"


class Input(enum.Enum):
    """What can happen."""

    CALLS_BEGUN = "the first stream was opened"
    CALLS_OVER = "the last stream ended"
    BYTES = "something was read"
    QUIET = "nothing was read for the keepalive time"
    QUIET_TOO_OFTEN = "the same, but enough PINGs went out since HEADERS or DATA did, and the last a short time ago"
    SILENCE = "nothing was read for the keepalive timeout after a PING"


class Effect(enum.Enum):
    """What is to be done."""

    NOTHING = "nothing"
    PING = "send a PING"
    CLOSE = "close the connection"


_TRANSITIONS: Dict[Tuple[State, Input], Tuple[State, Effect]] = {
    # "No pings while no stream is open, unless 'without calls' is set": with it, CALLS_... is never said.
    (State.RESTING, Input.CALLS_BEGUN): (State.COUNTING, Effect.NOTHING),
    (State.RESTING, Input.BYTES): (State.RESTING, Effect.NOTHING),
    # "After KEEPALIVE_TIME without a byte read, send PING."
    (State.COUNTING, Input.BYTES): (State.COUNTING, Effect.NOTHING),
    (State.COUNTING, Input.CALLS_OVER): (State.RESTING, Effect.NOTHING),
    (State.COUNTING, Input.QUIET): (State.ASKED, Effect.PING),
    # "max_pings_without_data: a later change (L116) throttles to one a minute instead of blocking."
    (State.COUNTING, Input.QUIET_TOO_OFTEN): (State.COUNTING, Effect.NOTHING),
    # "No byte within KEEPALIVE_TIMEOUT: close, calls get UNAVAILABLE."
    (State.ASKED, Input.BYTES): (State.COUNTING, Effect.NOTHING),
    (State.ASKED, Input.CALLS_OVER): (State.ASKED_LAST, Effect.NOTHING),
    (State.ASKED, Input.SILENCE): (State.DEAD, Effect.CLOSE),
    (State.ASKED_LAST, Input.BYTES): (State.RESTING, Effect.NOTHING),
    (State.ASKED_LAST, Input.CALLS_BEGUN): (State.ASKED, Effect.NOTHING),
    (State.ASKED_LAST, Input.SILENCE): (State.DEAD, Effect.CLOSE),
    # What still happens to a connection that is about to be closed.
    **{(State.DEAD, each): (State.DEAD, Effect.NOTHING) for each in Input},
}

# How far apart PINGs are beyond those that may go out without HEADERS or DATA, in seconds: the core's interval.
_THROTTLED_INTERVAL = 60.0

_ASKING = frozenset([State.ASKED, State.ASKED_LAST])


class Keepalive:
    """The keepalive of one connection. Not made at all where the time is infinite."""

    __slots__ = ("_last_read", "_options", "_pinged_at", "_pings_left", "_state", "_withheld_at")

    def __init__(self, options: KeepaliveOptions, now: float) -> None:
        """Begin.

        Args:
          options: The times and limits.
          now: Counts as the last read.
        """
        self._options = options
        self._state = State.COUNTING if options.permit_without_calls else State.RESTING
        self._last_read = self._pinged_at = self._withheld_at = now
        self._pings_left = options.max_pings_without_data

    def __repr__(self) -> str:
        return f"<Keepalive: {self._state.value}>"

    @property
    def state(self) -> State:
        """What is being waited for."""
        return self._state

    @property
    def wants_calls(self) -> bool:
        """Whether it matters here when the first stream opens and the last one ends."""
        return not self._options.permit_without_calls

    @property
    def deadline(self) -> Optional[float]:
        """When `handle_deadline` is due at the earliest; None if never."""
        if self._state is State.COUNTING:
            # One that was withheld is due a time later, as HEADERS or DATA may have been sent by then; or in its turn.
            again = min(self._withheld_at + self._options.time, self._pinged_at + _THROTTLED_INTERVAL)
            return max(self._last_read + self._options.time, again)
        if self._state in _ASKING:
            return self._pinged_at + self._options.timeout
        return None

    def on_read(self, now: float) -> bool:
        """Take the news that bytes were read.

        Returns:
          Whether the deadline may have come nearer: a PING was answered.
        """
        self._last_read = now
        answered = self._state in _ASKING
        if answered:
            self._step(Input.BYTES)
        return answered

    def on_sent(self) -> None:
        """Take the news that HEADERS or DATA were sent since the last PING."""
        self._pings_left = self._options.max_pings_without_data

    def on_calls(self, begun: bool) -> None:
        """Take the news that the first stream was opened, or that the last one has ended. See `wants_calls`.

        After a long quiet time the deadline is over at once with the first stream, so a PING goes out with it.
        """
        self._step(Input.CALLS_BEGUN if begun else Input.CALLS_OVER)

    def handle_deadline(self, now: float) -> Effect:
        """Do what is due; nothing if the deadline has moved."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return Effect.NOTHING
        if self._state in _ASKING:
            return self._step(Input.SILENCE)
        if self._options.max_pings_without_data:
            if self._pings_left:
                self._pings_left -= 1
            elif now < self._pinged_at + _THROTTLED_INTERVAL:
                self._withheld_at = now
                return self._step(Input.QUIET_TOO_OFTEN)
        self._pinged_at = now
        return self._step(Input.QUIET)

    def _step(self, happened: Input) -> Effect:
        self._state, effect = _TRANSITIONS[self._state, happened]
        return effect
