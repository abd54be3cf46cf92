"""A socket with a connection on it: who writes, who reads, who delivers, each one thread at a time.

How it is written to is the subject of `_writing`. A server's transport is read by the reactor. A client's is read by
whoever needs it most:

    WATCHED    the reactor watches the socket and will read it;
    REACTOR    the reactor is reading;
    CALLER     a caller that waits for its RPC is reading, for everybody, until its own RPC is done;
    UNWATCHED  a caller has just stopped reading. Probably it will be back with its next RPC in microseconds, so
               nobody is told; a timer makes the reactor watch again if nobody comes;
    CLOSED     there is nothing to read any more.

So a thread that makes one blocking call after another needs no other thread at all. A caller that finds another one
reading sleeps, until its RPC is done or the reader, being done, hands the role on.

A descriptor is closed when nobody is inside a system call on it: its number may be another socket's the moment after.
Whoever is, closes it when coming out and finding the transport closed.

Like writing (see `_writing`), reading may be torn by an exception between any two steps. So the steps that hand the
role on are in an order in which they may be taken again from the beginning.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Callable, Dict, Optional, Tuple

from grpc._io.threads import _forking, _poller
from grpc._io.threads._roles import CALLER, CLOSED, REACTOR, UNWATCHED, WATCHED, Sleeper
from grpc._io.threads._writing import WritingTransport
from grpc.framework.foundation.environment import Environment, Waiter, wait_on_lock

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._io.threads._reactor import Reactor

# How much is read at once, in bytes. A buffer of 128 KiB or more is mapped into memory by glibc for this one read and
# out again, which takes ten times as long as a read of a few bytes; where a read was full, that pays.
_READ_SIZE = 64 * 1024
_FULL_READ_SIZE = 512 * 1024

# How long a socket may stay unwatched after a caller has read it, in seconds: a moment while others wait for what
# arrives there, longer while nobody does.
UNWATCHED_BUSY = 0.001
UNWATCHED_IDLE = 0.05

# The longest single wait, in seconds; systems refuse waits of many weeks.
_LONGEST_WAIT = 24 * 60 * 60.0


class Transport(WritingTransport, _forking.Member):
    """See the module."""

    __slots__ = (
        "__weakref__",
        "_caller_inside",
        "_fd",
        "_gate",
        "_heir",
        "_left_at",
        "_loss",
        "_on_close",
        "_read_size",
        "_reader",
        "_receiving",
        "_shared",
        "_sleepers",
        "_watch_at",
    )

    def __init__(
        self,
        reactor: Reactor,
        sock: socket.socket,
        peer: str,
        *,
        callers_read: bool,
        on_close: Optional[Callable[[Transport], None]] = None,
    ) -> None:
        """Take over a connected, non-blocking socket; `run` begins.

        Args:
          reactor: Watches the socket. The transport's owner has acquired it.
          sock: Closed by the transport from now on.
          peer: The other end as an address string.
          callers_read: Whether waiting callers may read: client transports only.
          on_close: Called once at the end, with the lock held.
        """
        super().__init__(reactor, sock, peer)
        self._fd = sock.fileno()
        self._shared = callers_read
        self._on_close = on_close
        self._loss: Tuple[str, Optional[BaseException]] = ("", None)
        # Whether a thread is about to read or reading; set without the lock, see `_read`.
        self._receiving = False
        # Whether a caller still had the reader's role when the transport was closed.
        self._caller_inside = False
        self._read_size = _READ_SIZE
        # What the caller that reads waits for.
        self._reader: Optional[Waiter] = None
        self._gate: Optional[_poller.Gate] = None
        # Those who wait for the reader's role, in order, and the one whom it was given to but who still sleeps.
        self._sleepers: Dict[Sleeper, None] = {}
        self._heir: Optional[Sleeper] = None
        self._left_at = 0.0
        self._watch_at = 0.0
        reactor.members[self] = None

    def __repr__(self) -> str:
        return f"<Transport to {self._peer}, reading: {self._reading.name.lower()}>"

    def run(self, connection: contract.Connection) -> None:
        """Give the socket its connection and begin to read and write."""
        with self.lock:
            self._set_connection(connection)
            if self._reading is not CLOSED:
                self._writing = False
                self._reactor.add(self._fd, self._on_events, _poller.READ, once=self._shared)
        self.settle()

    def exchange(self, connection: contract.Connection) -> None:
        with self.lock:
            self._set_connection(connection)
            if self._reading is not CLOSED:
                connection.receive_data(b"")
        self.settle()

    def _set_connection(self, connection: contract.Connection) -> None:
        self._connection = connection
        self._deliveries = connection.deliveries
        if self._reading is CLOSED:
            connection.connection_lost(*self._loss)

    # ------------------------------------------------------------ reading

    def _read(self) -> None:
        """Read once and do everything that follows from it. The calling thread has the reader's role."""
        try:
            # The order against `_lose`, which sets `_reading` and then looks at `_receiving`, makes sure that the
            # descriptor is open during the read, and that it is closed by one of the two.
            self._receiving = True
            data: Optional[bytes] = None
            reason = "the peer closed the connection"
            cause: Optional[BaseException] = None
            if self._reading is not CLOSED:
                try:
                    data = self._socket.recv(self._read_size)
                except (BlockingIOError, InterruptedError):
                    pass
                except OSError as error:
                    data = b""
                    # Whoever keeps the error must not keep this thread's frames, and with them our descriptors.
                    reason, cause = error.strerror or str(error), error.with_traceback(None)
            with self.lock:
                self._receiving = False
                if self._reading is CLOSED:
                    self._close_if_free()
                    return
                if data:
                    self._read_size = _READ_SIZE if len(data) < _READ_SIZE else _FULL_READ_SIZE
                    self._connection.receive_data(data)
        except BaseException as error:
            with self.lock:
                self._receiving = False
                if self._reading is CLOSED:
                    self._close_if_free()
            self._torn_out(error, False)
            return
        if data:
            self.settle()
        elif data is not None:
            self._lose(f"{self._peer}: {reason}", cause)

    def _on_events(self, events: int) -> None:
        """What the reactor calls."""
        if events & _poller.WRITE and self._write_blocked:
            self._write_again()
        if not self._shared:
            if events & _poller.READ:
                self._read()
            return
        with self.lock:
            if self._reading is not WATCHED or not events & _poller.READ:
                # A caller has taken over in the meantime, or there was only something to write.
                if self._write_blocked or self._reading is WATCHED:
                    self._watch()
                return
            self._reading = REACTOR
        self._read()
        with self.lock:
            if self._reading is REACTOR and not self._appoint_heir():
                self._reading = WATCHED
            if self._write_blocked or self._reading is WATCHED:
                self._watch()

    def _watch(self) -> None:
        """Tell the reactor what to watch for now. The lock is held."""
        if self._reading is CLOSED:
            return
        interest = _poller.WRITE if self._write_blocked else 0
        if not self._shared or self._reading is WATCHED:
            interest |= _poller.READ
        self._reactor.change(self._fd, interest, once=self._shared)

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
                self._reading = WATCHED
                self._watch()
            elif not self._appoint_heir():
                now = self._left_at = self._reactor.time()
                soon = now + (UNWATCHED_BUSY if self._connection.busy else UNWATCHED_IDLE)
                if not now < self._watch_at <= soon:
                    self._reactor.call_at(soon, self._watch_again)
                    self._watch_at = soon
                self._reading = UNWATCHED
            self._reader = None

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

    def _watch_again(self) -> None:
        """Have the reactor watch the socket, if callers have left it alone for long enough."""
        with self.lock:
            self._watch_at = 0.0
            if self._reading is UNWATCHED:
                due = self._left_at + (UNWATCHED_BUSY if self._connection.busy else UNWATCHED_IDLE)
                if due <= self._reactor.time():
                    self._reading = WATCHED
                    self._watch()
                else:
                    self._reactor.call_at(due, self._watch_again)
                    self._watch_at = due

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

    # ------------------------------------------------------------ the end

    def close(self, reason: str) -> None:
        self._lose(f"{self._peer}: {reason}", None, politely=True)

    def _take_leave(self) -> None:
        """Write the connection's last words if the socket takes them now. The lock is held."""
        if not self._writing:
            farewell = self._connection.farewell()
            if farewell:
                with contextlib.suppress(OSError):  # it would have been a courtesy
                    self._socket.send(farewell)

    def _lose(self, reason: str, cause: Optional[BaseException], *, politely: bool = False) -> None:
        mine = False
        try:
            with self.lock:
                if self._reading is CLOSED:
                    return
                if politely:
                    self._take_leave()
                self._loss = (reason, cause)
                self._caller_inside = self._reading is CALLER
                mine = True
                self._reading = CLOSED
            self._bury()
        except BaseException:
            if mine:
                self._reactor.call_soon(self._bury)
            raise

    def _bury(self) -> None:
        """Do what follows from the transport's having been closed. May be begun again by another thread."""
        with self.lock:
            self._reactor.remove(self._fd)
            with contextlib.suppress(OSError):  # the peer was faster
                self._socket.shutdown(socket.SHUT_RDWR)
            self._tell_loss()
            if self._gate is not None:
                self._gate.wake()
            self._close_if_free()
        self._deliver()
        while self._sleepers:
            self._sleepers.popitem()[0].wake()

    def _tell_loss(self) -> None:
        """Let the connection know, and forget what there was to do. The lock is held."""
        self._reactor.members.pop(self, None)
        if self._write_blocked:
            self._write_blocked = self._writing = False
        self._unsent = b""
        timer, self._deadline_timer = self._deadline_timer, None
        if timer is not None:
            timer.cancel()
        if self._on_close is not None:
            self._on_close(self)
        if self._connection is not None:
            self._connection.connection_lost(*self._loss)

    def _close_if_free(self) -> None:
        if not (self._writing and self._connection is not None) and not self._receiving and not self._caller_inside:
            self._gate = None
            self._socket.close()

    # ------------------------------------------------------------ forking

    def hold(self, timeout: float) -> Callable[[], None]:
        me = object()
        end = time.monotonic() + timeout
        while self._deliverer.setdefault(None, me) is not me and time.monotonic() < end:
            time.sleep(0.0005)
        locked = self.lock.acquire(timeout=max(0.0, end - time.monotonic()))

        def let_go() -> None:
            if locked:
                self.lock.release()
            self._give_back(me)
            if self._deliveries:
                self._reactor.call_soon(self._deliver)

        return let_go

    def after_fork_in_child(self) -> Optional[Callable[[], None]]:
        self.lock = threading.Lock()
        self._deliverer = {}
        self._socket.close()
        self._gate = None
        if self._reading is CLOSED:
            return None
        self._reading = CLOSED
        self._loss = (f"{self._peer}: {_forking.FORKED}", None)
        self._sleepers.clear()
        self._tell_loss()
        # A server's calls had their handlers in threads that do not exist here: telling them would run, in this
        # process, what their customers meant for the other one. Closing the server delivers what there is to say.
        return self._deliver if self._shared else None
