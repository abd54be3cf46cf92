"""Limits on what a peer can make us do for nothing: resets, useless frames, output that it does not read.

HTTP/2 lets a peer cause work with a few bytes and take it back, or ask for answers that it never fetches. Each guard
here counts one such thing, and says when it is too much; then the connection says GOAWAY(ENHANCE_YOUR_CALM) and ends.
Peers with an honest need come nowhere near the figures. Header blocks that never end are refused where frames are
read: h2 takes at most `CONTINUATION_BACKLOG` frames, and `_h2_graceful.MOST_HEADER_BYTES` of them.

What is counted is rare in honest traffic, so nothing here costs anything while calls simply run.
"""

from __future__ import annotations

from typing import List

# Rapid reset (CVE-2023-44487): a stream opened and reset at once costs the peer two frames, and us a request that is
# read, dispatched and begun. Burst and rate are nghttp2's defaults for the same purpose: a client that gives up a
# thousand calls in one moment passes, one that does so again and again is left with 33 a second.
RESET_BURST = 1000.0
RESETS_PER_SECOND = 33.0

# Only streams younger than this, in seconds, count: about a round trip. Who waits longer holds a stream open for that
# time, and that is what the limit on concurrent streams is for. So calls that run into short deadlines do not count.
YOUNG = 0.05

# Frames that ask for work and carry none (PING, SETTINGS: CVE-2019-9512 and -9515; empty DATA: CVE-2019-9518;
# PRIORITY and unknown ones). A peer that measures bandwidth sends one PING per round trip while data flow, which
# refill the bucket; without any data, keepalive at the shortest sensible time needs a hundredth of this rate.
USELESS_BURST = 1000.0
USELESS_PER_SECOND = 100.0

# SETTINGS make us look at every stream, and each is answered: they count as this many.
SETTINGS_COST = 10.0

# Frames on streams that were reset. A peer cannot know at once that this side has reset a stream, and may go on: by as
# much DATA as the stream's window was, and by a frame for each piece that it took or said meanwhile: trailers, its own
# RST_STREAM, a WINDOW_UPDATE for each 4 KiB of 4 MiB under way. So each reset of ours grants that much. The rest is for
# streams that nobody here has reset.
LATE_FRAMES_PER_RESET = 1024
LATE_BURST = 1000.0
LATE_PER_SECOND = 100.0
# What counts as a further frame where more DATA come than were granted.
LATE_BYTES_OF_A_FRAME = 1024

# A driver takes the output after every read, unless the socket takes no more. So after so many reads in a row without
# its being taken, the peer talks but does not listen, and it is worth looking how much waits.
READS_BEFORE_MEASURING = 64

# How many bytes may wait for a peer that goes on talking. All of this are answers to what it says, for DATA wait in
# front of `MOST_AHEAD`: half a million acknowledgements, or all that a hundred thousand refused calls get to hear.
MOST_OUTPUT = 8 * 1024 * 1024

# How many bytes of DATA are made ready to be written before those that were are written. A peer may grant windows of
# 2 GiB and read nothing: what waits in front of this is counted as not admitted yet, and holds up whoever produces it.
# Several times what a socket buffers, so that a writer never runs dry.
MOST_AHEAD = 1024 * 1024


class TokenBucket:
    """So many at once, and so many per second after that."""

    __slots__ = ("_burst", "_filled_at", "_level", "_rate")

    def __init__(self, burst: float, rate: float) -> None:
        """Make a full bucket.

        Args:
          burst: What it holds.
          rate: What flows in per second.
        """
        self._burst = burst
        self._rate = rate
        self._level = burst
        self._filled_at = 0.0

    def __repr__(self) -> str:
        return f"<TokenBucket: {self._level:g} of {self._burst:g}>"

    def take(self, amount: float, now: float) -> bool:
        """Take an amount out at a time; tell whether there was enough."""
        level = min(self._burst, self._level + (now - self._filled_at) * self._rate) - amount
        self._filled_at = now
        self._level = max(level, 0.0)
        return level >= 0.0

    def fill(self) -> None:
        """Fill it to the brim."""
        self._level = self._burst


class ResetGuard:
    """Counts the resets of young streams, without having looked at the clock when they were opened.

    At a reset the clock is read, and now and then the highest stream id of that moment is noted with the time. A
    stream with a higher id than was the highest a while ago is younger than that while. So it may be taken for young
    although nobody noted in time, which the burst makes good, but never the other way round.
    """

    __slots__ = ("_bucket", "_noted_at", "_noted_id", "_old_id")

    def __init__(self) -> None:
        self._bucket = TokenBucket(RESET_BURST, RESETS_PER_SECOND)
        self._noted_at = 0.0
        self._noted_id = 0
        self._old_id = 0

    def allows(self, stream_id: int, highest_stream_id: int, now: float) -> bool:
        """Judge a reset by the peer, or one that it provoked.

        Args:
          stream_id: Of the stream that was reset.
          highest_stream_id: Of all streams that the peer has opened.
          now: When.

        Returns:
          Whether it is to be put up with.
        """
        if now - self._noted_at >= YOUNG:
            self._old_id = self._noted_id
            self._noted_id = highest_stream_id
            self._noted_at = now
        return stream_id <= self._old_id or self._bucket.take(1.0, now)


class UselessGuard:
    """Counts the frames that carry nothing."""

    __slots__ = ("_bucket",)

    def __init__(self) -> None:
        self._bucket = TokenBucket(USELESS_BURST, USELESS_PER_SECOND)

    def allows(self, now: float, cost: float = 1.0) -> bool:
        """Judge a frame; return whether it is to be put up with."""
        return self._bucket.take(cost, now)

    def on_useful(self) -> None:
        """Take the news that the peer has sent something for a call since."""
        self._bucket.fill()


class LateGuard:
    """Counts what comes on streams that were reset."""

    __slots__ = ("_bucket", "_bytes", "_frames")

    def __init__(self) -> None:
        self._bucket = TokenBucket(LATE_BURST, LATE_PER_SECOND)
        self._frames = 0
        self._bytes = 0

    def on_own_reset(self, window: int) -> None:
        """Take the news that this side has reset a stream.

        Args:
          window: How many bytes of DATA the peer may have had leave to send.
        """
        self._frames += LATE_FRAMES_PER_RESET
        self._bytes += window

    def allows(self, frames: int, size: int, now: float) -> bool:
        """Judge what came in one read; return whether it is to be put up with.

        Args:
          frames: How many frames without DATA, or on streams that the peer itself has reset.
          size: How many bytes of DATA.
          now: When.
        """
        if size > self._bytes:
            frames += 1 + (size - self._bytes) // LATE_BYTES_OF_A_FRAME
        self._bytes = max(0, self._bytes - size)
        beyond = frames - self._frames
        self._frames = max(0, -beyond)
        return beyond <= 0 or self._bucket.take(beyond, now)


class OutputGuard:
    """Holds the output that a peer does not fetch, and measures it."""

    __slots__ = ("_chunks", "_size")

    def __init__(self) -> None:
        self._chunks: List[bytes] = []
        self._size = 0

    @property
    def size(self) -> int:
        """How many bytes are held."""
        return self._size

    def put(self, data: bytes) -> bool:
        """Hold output that nobody took; tell whether that much is to be put up with."""
        if data:
            self._chunks.append(data)
            self._size += len(data)
        return self._size <= MOST_OUTPUT

    def take(self, data: bytes) -> bytes:
        """Give everything that is held, and then the data."""
        if not self._chunks:
            return data
        self._chunks.append(data)
        output = b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        return output
