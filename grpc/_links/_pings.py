"""What a server puts up with in PINGs: those that come early are strikes, and too many strikes end it (gRFC A8).

A client that sends PINGs much more often than agreed costs a busy server more than its calls do. One that only
measures the bandwidth of what it receives is innocent: whatever the server sends wipes the slate clean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from grpc._values.connection_options import EnforcementOptions

# What a client says that takes no part in calls: gRFC A8, "the server will enforce two hours".
INTERVAL_WITHOUT_CALLS = 7200.0

# The debug data of the GOAWAY, by which clients know what they have done.
TOO_MANY_PINGS = b"too_many_pings"
_ENHANCE_YOUR_CALM = 11


def complains_of_pings(error_code: Optional[int], debug_data: Optional[bytes]) -> bool:
    """Tell, as a client, whether a GOAWAY means that this side has sent too many PINGs."""
    return error_code == _ENHANCE_YOUR_CALM and debug_data == TOO_MANY_PINGS


class PingEnforcement:
    """The strikes of one client."""

    __slots__ = ("_last_ping", "_options", "_strikes")

    def __init__(self, options: EnforcementOptions) -> None:
        self._options = options
        self._strikes = 0
        self._last_ping: Optional[float] = None

    def __repr__(self) -> str:
        return f"<PingEnforcement: {self._strikes} of {self._options.max_strikes} strikes>"

    def on_sent(self) -> None:
        """Take the news that HEADERS or DATA were sent since the last PING came: all is forgiven."""
        self._strikes = 0
        self._last_ping = None

    def on_ping(self, now: float, calls_open: bool) -> bool:
        """Judge a PING.

        Args:
          now: When it came.
          calls_open: Whether a stream is open.

        Returns:
          Whether it was one too many: the connection is to be closed.
        """
        options = self._options
        last, self._last_ping = self._last_ping, now
        interval = options.min_interval
        if not calls_open and not options.permit_without_calls:
            interval = max(interval, INTERVAL_WITHOUT_CALLS)
        if last is None or now - last >= interval:
            return False
        self._strikes += 1
        return 0 < options.max_strikes < self._strikes
