"""Whose turn it is to read a client's socket: the callers that wait for their RPCs share that work with the reactor.

    WATCHED    the reactor watches the socket and will read it;
    REACTOR    the reactor is reading;
    CALLER     a caller that waits for its RPC is reading, for everybody, until its own RPC is done;
    UNWATCHED  a caller has just stopped reading. Probably it will be back with its next RPC in microseconds, so
               nobody is told. If somebody begins something and is not about to wait for it (see `GOING_TO_WAIT`), that
               one has the reactor watch at once; and if nobody comes, a timer does;
    CLOSED     there is nothing to read any more.

So a thread that makes one blocking call after another needs no other thread at all. A caller that finds another one
reading sleeps, until its RPC is done or the reader, being done, hands the role on.

Callers of a channel wait at one of its connections, the newest. The others' sockets are the reactor's.

Like writing (see `_writing`), reading may be torn by an exception between any two steps. So the steps that hand the
role on are in an order in which they may be taken again from the beginning.
"""

from __future__ import annotations

import _thread
from typing import TYPE_CHECKING, Dict, Optional

from grpc._io.threads import _poller
from grpc._io.threads._roles import CALLER, CLOSED, UNWATCHED, WATCHED, Sleeper
from grpc._io.threads._writing import WritingTransport
from grpc.framework.foundation.environment import GOING_TO_WAIT, Environment, Waiter, wait_on_lock

if TYPE_CHECKING:
    import socket

    from grpc._io.threads._reactor import Reactor

# How long a socket may stay unwatched after a caller has read it, in seconds: a moment while others wait for what
# arrives there, longer while nobody does.
UNWATCHED_BUSY = 0.001
UNWATCHED_IDLE = 0.05

# The longest single wait, in seconds; systems refuse waits of many weeks.
_LONGEST_WAIT = 24 * 60 * 60.0


class SharedTransport(WritingTransport):
    """See the module; how it is read, once it is clear by whom, is up to the subclass."""

    __slots__ = (
        "_caller_inside",
        "_fd",
        "_gate",
        "_heir",
        "_left_at",
        "_left_busy",
        "_reader",
        "_shared",
        "_sleepers",
        "_watch_at",
        "callers_come",
    )

    def __init__(self, reactor: Reactor, sock: socket.socket, peer: str, callers_read: bool) -> None:
        super().__init__(reactor, sock, peer)
        self._fd = sock.fileno()
        self._shared = callers_read
        self.callers_come = True
        """Whether the next callers that wait will come here. When they will not any more, call `watch_if_left`."""
        # Whether a caller still had the reader's role when the transport was closed.
        self._caller_inside = False
        # What the caller that reads waits for.
        self._reader: Optional[Waiter] = None
        self._gate: Optional[_poller.Gate] = None
        # Those who wait for the reader's role, in order, and the one whom it was given to but who still sleeps.
        self._sleepers: Dict[Sleeper, None] = {}
        self._heir: Optional[Sleeper] = None
        # When the last caller left, and whether somebody waited for something else then.
        self._left_at = 0.0
        self._left_busy = False
        self._watch_at = 0.0

    @property
    def closed(self) -> bool:
        """Whether nothing is read or written any more."""
        return self._reading is CLOSED

    def _read(self) -> None:
        """Read once and do everything that follows from it. The calling thread has the reader's role."""
        raise NotImplementedError()

    # ------------------------------------------------------------ the reactor's turn

    def _watch(self, read: bool = False) -> None:
        if self._reading is CLOSED:
            return
        interest = _poller.WRITE if self._write_blocked else 0
        if read or not self._shared or self._reading is WATCHED:
            interest |= _poller.READ
        self._reactor.change(self._fd, interest, once=self._shared)

    def _watch_on(self) -> None:
        """Have the reactor watch a socket that nobody watches. The lock is held."""
        self._watch(read=True)  # first, for the reverse order must not be torn apart: nobody would ever read
        self._reading = WATCHED

    def _look_out(self) -> None:
        # Where others waited already, a timer is set for so short a time that theirs may do for this answer too: it is
        # not worth a call of the system for every message of a stream.
        if self._left_busy or _thread.get_ident() in GOING_TO_WAIT:
            return
        self.watch_if_left()

    def watch_if_left(self) -> None:
        """Have the reactor watch the socket if a caller has left it to the next one."""
        with self.lock:
            if self._reading is UNWATCHED:
                self._watch_on()

    def _watch_again(self) -> None:
        """Have the reactor watch the socket, if callers have left it alone for long enough."""
        with self.lock:
            self._watch_at = 0.0
            if self._reading is UNWATCHED:
                self._left_busy = self._connection.busy
                due = self._left_at + (UNWATCHED_BUSY if self._left_busy else UNWATCHED_IDLE)
                if due <= self._reactor.time():
                    self._watch_on()
                else:
                    self._reactor.call_at(due, self._watch_again)
                    self._watch_at = due

    # ------------------------------------------------------------ callers that read

    def wait(self, environment: Environment, waiter: Waiter, deadline: Optional[float]) -> bool:
        """Block until a waiter is set, reading the socket meanwhile if nobody else does; see `Environment.wait`."""
        sleeper: Optional[Sleeper] = None
        try:
            with self.lock:
                reading = self._reading
                if reading is UNWATCHED or reading is WATCHED:
                    self._reader = waiter
                    self._reading = CALLER
                    if reading is WATCHED:
                        self._watch()
                elif reading is not CLOSED:
                    sleeper = Sleeper(waiter)
                    self._sleepers[sleeper] = None
            if reading is not CLOSED:
                able = True
                if sleeper is None or self._inherit(sleeper, deadline):
                    able = self._read_until(waiter, deadline)
                if waiter.ready or (able and self._reading is not CLOSED):
                    return waiter.ready
        except BaseException:
            self._leave(waiter)
            raise
        # Whoever closed the transport, or a thread that delivers what was read before, or the reactor, will set it.
        return wait_on_lock(environment, waiter, deadline)

    def _inherit(self, sleeper: Sleeper, deadline: Optional[float]) -> bool:
        """Sleep until the waiter is set, or time is up, or the reader's role is handed to this thread."""
        waiter = sleeper.waiter
        waiter.wake = sleeper.wake
        while True:
            timeout = -1.0 if deadline is None else deadline - self._reactor.time()
            in_time = deadline is None or timeout > 0
            if in_time and not waiter.ready and self._heir is not sleeper and self._reading is not CLOSED:
                sleeper.sleep(timeout)
            with self.lock:
                if self._heir is sleeper:
                    self._reader = waiter
                    self._heir = None
                    return True
                if waiter.ready or not in_time or self._reading is CLOSED:
                    self._sleepers.pop(sleeper, None)
                    return False

    def _read_until(self, waiter: Waiter, deadline: Optional[float]) -> bool:
        """Read for everybody until the waiter is set or time is up. This thread has the role.

        Returns:
          Whether that could be done; if not, the reactor has the role.
        """
        gate = self._gate
        if gate is None:
            try:
                gate = self._gate = _poller.Gate(self._fd)
            except OSError:  # no descriptors are left
                self._stop_reading(for_long=True)
                return False
        timeout = None
        while not waiter.ready and self._reading is CALLER:
            waiter.wake = gate.wake
            if waiter.ready:
                break
            if deadline is not None:
                timeout = min(deadline - self._reactor.time(), _LONGEST_WAIT)
                if timeout <= 0:
                    break
            readable = gate.wait(timeout)
            # While this thread is awake it need not be woken: it looks at the waiter before it sleeps again.
            waiter.wake = None
            if readable:
                self._read()
        waiter.wake = None
        self._stop_reading()
        return True

    def _stop_reading(self, for_long: bool = False) -> None:
        """Hand the role on: to a caller that sleeps, else to nobody for a moment, or to the reactor if for long."""
        with self.lock:
            if self._reading is CLOSED:
                self._gate = None
                self._caller_inside = False
                self._close_if_free()
            elif for_long:
                self._watch_on()
            elif not self._appoint_heir():
                if self.callers_come:
                    self._leave_alone()
                else:
                    self._watch_on()
            self._reader = None

    def _leave_alone(self) -> None:
        """Let nobody read for a moment. The lock is held."""
        now = self._left_at = self._reactor.time()
        self._left_busy = self._connection.busy
        soon = now + (UNWATCHED_BUSY if self._left_busy else UNWATCHED_IDLE)
        if not now < self._watch_at <= soon:
            self._reactor.call_at(soon, self._watch_again)
            self._watch_at = soon
        self._reading = UNWATCHED

    def _leave(self, waiter: Waiter) -> None:
        """Undo a wait whose thread was torn out of it: give back the role, or the place among the sleepers."""
        with self.lock:
            waiter.wake = None
            for sleeper in [sleeper for sleeper in self._sleepers if sleeper.waiter is waiter]:
                del self._sleepers[sleeper]
            if self._heir is not None and self._heir.waiter is waiter:
                self._reader = waiter
                self._heir = None
            mine = self._reader is waiter
        if mine:
            self._stop_reading()

    def _appoint_heir(self) -> bool:
        """Give the role to the caller that has slept longest, if one sleeps. The lock is held."""
        if self._heir is None:
            for sleeper in self._sleepers:
                if not sleeper.waiter.ready:
                    self._heir = sleeper
                    break
            else:
                return False
        heir = self._heir
        self._reading = CALLER
        heir.wake()
        self._sleepers.pop(heir, None)
        return True
