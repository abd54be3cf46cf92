"""The connection-level rules of one connection put together: who is asked when, and what follows for the connection.

The rules themselves are each a module of their own: `_keepalive`, `_pings`, `_age`, `_drain`, `_guards`. Here they
meet the events of a connection and its next deadline; what they decide is done by the connection, the `Host`.

The clock is read only where a rule that is on needs the time: once per read for keepalive, when calls begin and end
for the idle time, and at frames that are rare. Two notes are plain attributes, so that taking them costs nothing:
`sent` (HEADERS or DATA went out) and `useful` (something came for a call). They are looked at when a rule asks.
"""

from __future__ import annotations

import abc
import math
from random import random as _by_chance
from typing import Any, Callable, Dict, NamedTuple, Optional, Type

import h2.events

from grpc._links import _age, _drain, _guards, _keepalive, _pings
from grpc._values.connection_options import KeepaliveOptions, ServerOptions

# What a GOAWAY names while the last stream is open to question.
ANY_STREAM_ID = 2**31 - 1

KEEPALIVE_DATA = b"alive?\x00\x00"


class ExcessError(Exception):
    """The peer makes us do too much: to be answered with GOAWAY(ENHANCE_YOUR_CALM).

    Attributes:
      debug_data: For the GOAWAY.
    """

    def __init__(self, reason: str, debug_data: bytes) -> None:
        super().__init__(reason)
        self.debug_data = debug_data


class Host(abc.ABC):
    """What the rules can have done. All methods are called with the connection's lock held."""

    __slots__ = ()

    @property
    @abc.abstractmethod
    def open_streams(self) -> int:
        """How many streams are open."""
        raise NotImplementedError()

    @property
    @abc.abstractmethod
    def highest_stream_id(self) -> int:
        """The highest stream id of the peer's that was accepted."""
        raise NotImplementedError()

    @abc.abstractmethod
    def send_ping(self, data: bytes) -> None:
        """Send a PING."""
        raise NotImplementedError()

    @abc.abstractmethod
    def announce_end(self, debug_data: bytes) -> None:
        """Send a GOAWAY(NO_ERROR) that names no last stream; go on as before."""
        raise NotImplementedError()

    @abc.abstractmethod
    def name_last_stream(self, debug_data: bytes) -> None:
        """Send a GOAWAY(NO_ERROR) with the highest stream id, refuse streams above, close when the last has ended."""
        raise NotImplementedError()

    @abc.abstractmethod
    def abort(self, reason: str) -> None:
        """Be closed at once, whatever has been written; all streams end for the reason."""
        raise NotImplementedError()


class Upkeep:
    """The rules of one connection. Called with its lock held; nothing blocks."""

    __slots__ = (
        "_age",
        "_clock",
        "_debug_data",
        "_drain",
        "_enforcement",
        "_handshake_deadline",
        "_host",
        "_keepalive",
        "_late",
        "_output",
        "_resets",
        "_settings_seen",
        "_useless",
        "deadline",
        "handlers",
        "sent",
        "useful",
        "watches_calls",
        "watches_reads",
    )

    def __init__(
        self,
        host: Host,
        clock: Callable[[], float],
        now: float,
        keepalive: KeepaliveOptions,
        enforcement: Optional[_pings.PingEnforcement] = None,
        age: Optional[_age.Age] = None,
        handshake_timeout: float = math.inf,
    ) -> None:
        """Put the rules together; `ClientLife` and `ServerLife` know which.

        Args:
          host: Does what is decided.
          clock: Gives the time in seconds.
          now: The time.
          keepalive: Its options; off if its time is infinite.
          enforcement: Judges the peer's PINGs, if any are to be judged.
          age: Ends the connection one day, if it is to be ended.
          handshake_timeout: How long the peer's settings may take.
        """
        self._host = host
        self._clock = clock
        self._keepalive = None if keepalive.time == math.inf else _keepalive.Keepalive(keepalive, now)
        self._enforcement = enforcement
        self._age = age
        self._drain = _drain.Drain()
        self._debug_data = b""
        self._handshake_deadline: Optional[float] = now + handshake_timeout
        self._settings_seen = False
        # Most connections live and die without the need for these.
        self._useless: Optional[_guards.UselessGuard] = None
        self._resets: Optional[_guards.ResetGuard] = None
        self._late: Optional[_guards.LateGuard] = None
        self._output: Optional[_guards.OutputGuard] = None
        self.sent = False
        """Set by the connection when it sends HEADERS or DATA."""
        self.useful = False
        """Set by the connection when something has come for a call."""
        self.watches_reads = self._keepalive is not None
        """Whether `on_read` is to be called."""
        self.watches_calls = (self._keepalive is not None and self._keepalive.wants_calls) or (
            age is not None and age.wants_calls
        )
        """Whether `on_calls` is to be called."""
        self.deadline: Optional[float] = None
        """When `handle_deadline` is to be called, or earlier than that; None if not."""
        self.handlers: Dict[Type[h2.events.Event], Callable[[Any], None]] = {
            h2.events.PingReceived: self._on_ping,
            h2.events.PingAckReceived: self._on_ping_ack,
            h2.events.SettingsAcknowledged: self._on_useless,
            h2.events.PriorityUpdated: self._on_useless,
            h2.events.UnknownFrameReceived: self._on_useless,
        }
        """The h2 events that only matter here."""
        self._reschedule()

    def __repr__(self) -> str:
        rules = [rule for rule in (self._keepalive, self._enforcement, self._age, self._drain) if rule is not None]
        return f"<Upkeep: {', '.join(map(repr, rules))}>"

    # ------------------------------------------------------------ what happens

    def on_read(self) -> None:
        """Take the news that bytes were read, if `watches_reads`."""
        assert self._keepalive is not None
        if self._keepalive.on_read(self._clock()):
            self._reschedule()

    def on_calls(self, begun: bool) -> None:
        """Take the news that the first stream was opened, or that the last one has ended, if `watches_calls`."""
        if self._keepalive is not None and self._keepalive.wants_calls:
            self._keepalive.on_calls(begun)
        if self._age is not None and self._age.wants_calls:
            self._age.on_calls(begun, self._clock())
        self._reschedule()

    def on_settings(self) -> None:
        """Take the news that the peer's settings have come.

        Raises:
          ExcessError: They come too often.
        """
        if self._settings_seen:
            self.on_useless(_guards.SETTINGS_COST)
        else:
            self._settings_seen = True
            self._handshake_deadline = None
            self._reschedule()

    def on_useless(self, cost: float = 1.0) -> None:
        """Take a frame that carries nothing.

        Raises:
          ExcessError: There were too many.
        """
        if self._useless is None:
            self._useless = _guards.UselessGuard()
        if self.useful:
            self.useful = False
            self._useless.on_useful()
        if not self._useless.allows(self._clock(), cost):
            raise ExcessError("the peer sent too many frames that carry nothing", b"too_many_control_frames")

    def on_reset(self, stream_id: int) -> None:
        """Take the news that the peer has reset a stream, or has made us reset it.

        Raises:
          ExcessError: It does so too often, too soon.
        """
        if self._resets is None:
            self._resets = _guards.ResetGuard()
        if not self._resets.allows(stream_id, self._host.highest_stream_id, self._clock()):
            raise ExcessError("the peer reset too many streams right after it had opened them", b"too_many_resets")

    def on_own_reset(self, window: int) -> None:
        """Take the news that this side has reset a stream; see `_guards.LateGuard`."""
        if self._late is None:
            self._late = _guards.LateGuard()
        self._late.on_own_reset(window)

    def on_late(self, frames: int, size: int) -> None:
        """Take the news that frames came on streams that were reset; see `_guards.LateGuard`.

        Raises:
          ExcessError: There were too many.
        """
        if self._late is None:
            self._late = _guards.LateGuard()
        if not self._late.allows(frames, size, self._clock()):
            raise ExcessError("the peer sent too much on streams that had been reset", b"too_many_late_frames")

    def _on_useless(self, event: h2.events.Event) -> None:
        self.on_useless()

    def _on_ping(self, event: h2.events.PingReceived) -> None:
        self.on_useless()
        if self._enforcement is not None:
            self._note_sent()
            if self._enforcement.on_ping(self._clock(), self._host.open_streams > 0):
                raise ExcessError("the peer sent more pings than are permitted", _pings.TOO_MANY_PINGS)

    def _on_ping_ack(self, event: h2.events.PingAckReceived) -> None:
        self._obey(self._drain.on_ping_ack(event.ping_data or b""))

    def _note_sent(self) -> None:
        """Pass the note on to all who ask, as it is there once only."""
        if self.sent:
            self.sent = False
            if self._keepalive is not None:
                self._keepalive.on_sent()
            if self._enforcement is not None:
                self._enforcement.on_sent()

    # ------------------------------------------------------------ output that nobody takes

    def hold_output(self, data: bytes) -> None:
        """Keep output that the driver has not taken for long; see `_guards.READS_BEFORE_MEASURING`.

        Raises:
          ExcessError: That much is not kept for a peer that does not read.
        """
        if self._output is None:
            self._output = _guards.OutputGuard()
        if not self._output.put(data):
            raise ExcessError("the peer does not read what it asks for", b"unread_output")

    def with_held_output(self, data: bytes) -> bytes:
        """Put what was kept in front of the output that is being taken now."""
        return data if self._output is None else self._output.take(data)

    # ------------------------------------------------------------ the end

    def leave(self) -> None:
        """Begin the goodbye: two GOAWAYs around a PING, and the end when the last stream has ended."""
        self._obey(self._drain.begin(self._clock()))

    def hurry(self) -> None:
        """Name the last stream at once, and end soon after."""
        self._obey(self._drain.hurry(self._clock()))

    def expire(self) -> None:
        """Take the news that the connection is closed as soon as everything has been written: not to wait for ever."""
        self._drain.hurry(self._clock())
        self._reschedule()

    # ------------------------------------------------------------ deadlines

    def handle_deadline(self, now: float) -> None:
        """Do what is due.

        Args:
          now: The time.
        """
        if self._handshake_deadline is not None and now >= self._handshake_deadline:
            self._handshake_deadline = None
            self._host.abort("the HTTP/2 handshake took too long")
        if self._keepalive is not None:
            self._note_sent()
            effect = self._keepalive.handle_deadline(now)
            if effect is _keepalive.Effect.PING:
                self._host.send_ping(KEEPALIVE_DATA)
            elif effect is _keepalive.Effect.CLOSE:
                self._host.abort("keepalive watchdog timeout")
        if self._age is not None:
            self._grow_old(self._age.handle_deadline(now), now)
        self._obey(self._drain.handle_deadline(now))

    def _grow_old(self, effect: _age.Effect, now: float) -> None:
        if effect is _age.Effect.CLOSE:
            self._host.abort("the connection has reached its age, and its grace is over")
        elif effect is not _age.Effect.NOTHING:
            self._debug_data = _age.MAX_AGE if effect is _age.Effect.LEAVE_OLD else _age.MAX_IDLE
            self._obey(self._drain.begin(now))

    def _obey(self, effect: _drain.Effect) -> None:
        host = self._host
        if effect is _drain.Effect.ANNOUNCE:
            host.announce_end(self._debug_data)
            host.send_ping(_drain.PING_DATA)
        elif effect is _drain.Effect.NAME_LAST:
            host.name_last_stream(self._debug_data)
        elif effect is _drain.Effect.ABORT:
            host.abort("the connection was closed by this side")
        self._reschedule()

    def _reschedule(self) -> None:
        deadlines = [rule.deadline for rule in (self._keepalive, self._age, self._drain) if rule is not None]
        deadlines.append(self._handshake_deadline)
        earliest = min((deadline for deadline in deadlines if deadline is not None), default=math.inf)
        self.deadline = None if earliest == math.inf else earliest


def _no_time() -> float:
    return 0.0


def _no_transport(reason: str) -> None:
    pass


def _nobody() -> None:
    pass


def _middle() -> float:
    return 0.5

_TIMELESS = ServerOptions(KeepaliveOptions(), handshake_timeout=math.inf)


class ClientLife(NamedTuple):
    """What a channel's connection needs to look after itself. By default no time passes for it.

    Attributes:
      clock: Gives the time in seconds.
      close: Closes the transport at once, for a reason.
      keepalive: When to ask whether the server is there.
      warn: Called without the lock when the server complains of too many pings.
      random: Gives numbers from 0 to below 1, for the sizes of header blocks.
    """

    clock: Callable[[], float] = _no_time
    close: Callable[[str], None] = _no_transport
    keepalive: KeepaliveOptions = KeepaliveOptions()
    warn: Callable[[], None] = _nobody
    random: Callable[[], float] = _by_chance

    def upkeep(self, host: Host) -> Upkeep:
        """Put the rules together."""
        return Upkeep(host, self.clock, self.clock(), self.keepalive)


class ServerLife(NamedTuple):
    """What a server's connection needs to look after itself. By default no time passes for it.

    Attributes:
      clock: Gives the time in seconds.
      close: Closes the transport at once, for a reason.
      options: What the server asks of its connections.
      random: Gives numbers from 0 to below 1, for the jitter of the age and for the sizes of header blocks.
    """

    clock: Callable[[], float] = _no_time
    close: Callable[[str], None] = _no_transport
    options: ServerOptions = _TIMELESS
    random: Callable[[], float] = _middle

    def upkeep(self, host: Host) -> Upkeep:
        """Put the rules together."""
        options = self.options
        now = self.clock()
        age = None
        if options.age.max_idle != math.inf or options.age.max_age != math.inf:
            age = _age.Age(options.age, now, 2 * self.random() - 1)
        enforcement = _pings.PingEnforcement(options.enforcement) if options.enforcement.max_strikes else None
        return Upkeep(host, self.clock, now, options.keepalive, enforcement, age, options.handshake_timeout)
