"""A socket with a connection on it: who writes, who reads, who delivers, each one thread at a time.

Writing. Any thread that had the connection produce bytes writes them itself (`settle`). One that finds another
writing leaves: the writer looks for more before it stops, so bytes of many threads share a call. What the socket does
not take waits for the reactor, and the writer's role stays with it until then.

Reading. A server's transport is read by the reactor. A client's is read by whoever needs it most:

    WATCHED    the reactor watches the socket and will read it;
    REACTOR    the reactor is reading;
    CALLER     a caller that waits for its RPC is reading, for everybody, until its own RPC is done;
    UNWATCHED  a caller has just stopped reading. Probably it will be back with its next RPC in microseconds, so
               nobody is told; a timer makes the reactor watch again if nobody comes;
    CLOSED     there is nothing to read any more.

So a thread that makes one blocking call after another needs no other thread at all. A caller that finds another one
reading sleeps, until its RPC is done or the reader, being done, hands the role on.
"""

from __future__ import annotations

import _thread
import collections
import enum
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Deque, Optional, Union

from grpc._io import contract
from grpc._io.threads import _poller
from grpc.framework.foundation.environment import Environment, Waiter, wait_on_lock

if TYPE_CHECKING:
    from grpc._io.threads._reactor import Reactor

_LOGGER = logging.getLogger(__name__)

# One read takes what a loopback socket typically has ready; larger ones cost more for the unused rest of the buffer.
_READ_SIZE = 256 * 1024

# How long a socket may stay unwatched after a caller has read it, in seconds: a moment while others wait for what
# arrives there, longer while nobody does.
_UNWATCHED_BUSY = 0.001
_UNWATCHED_IDLE = 0.05


class Reading(enum.IntEnum):
    """Who reads."""

    WATCHED = 0
    REACTOR = 1
    CALLER = 2
    UNWATCHED = 3
    CLOSED = 4


class Transport(contract.Transport):
    """See the module."""

    __slots__ = (
        "__weakref__",
        "_connection",
        "_deliveries",
        "_delivering",
        "_fd",
        "_gate",
        "_heir",
        "_left_at",
        "_on_close",
        "_peer",
        "_queue",
        "_reactor",
        "_reading",
        "_shared",
        "_socket",
        "_unsent",
        "_watch_at",
        "_write_blocked",
        "_writing",
        "lock",
    )

    def __init__(self, reactor: Reactor, sock: socket.socket, peer: str, *, callers_read: bool) -> None:
        """Take over a connected, non-blocking socket; `run` begins.

        Args:
          reactor: Watches the socket. The transport's owner has acquired it.
          sock: Closed by the transport from now on.
          peer: The other end as an address string.
          callers_read: Whether waiting callers may read: client transports only.
        """
        self._reactor = reactor
        self._socket = sock
        self._fd = sock.fileno()
        self._peer = peer
        self._shared = callers_read
        # Guards the connection and everything below. Never held while the connection is called to deliver, nor
        # during a system call on the socket.
        self.lock = threading.Lock()
        self._connection: contract.Connection = None  # type: ignore[assignment]  # set by `run`, before anything else
        self._deliveries: Deque[Any] = collections.deque()
        self._delivering = False
        self._writing = False
        self._write_blocked = False
        self._unsent: Union[bytes, memoryview] = b""
        self._reading = Reading.WATCHED
        self._gate: Optional[_poller.Gate] = None
        self._queue: Deque[Waiter] = collections.deque()
        self._heir: Optional[Waiter] = None
        self._left_at = 0.0
        self._watch_at = 0.0

    def __repr__(self) -> str:
        return f"<Transport to {self._peer}, reading: {self._reading.name.lower()}>"

    @property
    def peer(self) -> str:
        return self._peer

    @property
    def closed(self) -> bool:
        """Whether nothing is read or written any more."""
        return self._reading is Reading.CLOSED

    def run(self, connection: contract.Connection) -> None:
        """Give the socket its connection and begin to read and write."""
        self._connection = connection
        self._deliveries = connection.deliveries
        self._reactor.add(self._fd, self._on_events, _poller.READ, once=self._shared)
        self.settle()

    # ------------------------------------------------------------ writing and delivering

    def settle(self) -> None:
        if not self._writing:
            self._write()
        if self._deliveries:
            self._deliver()

    def _write(self) -> None:
        """Write all there is, unless another thread is at it."""
        lock = self.lock
        connection = self._connection
        with lock:
            if self._writing or self._reading is Reading.CLOSED:
                return
            data: Union[bytes, memoryview] = connection.data_to_send()
            if not data and not connection.finished:
                return
            self._writing = True
        self._write_on(data)

    def _write_on(self, data: Union[bytes, memoryview]) -> None:
        """Write, as the only thread that does, until nothing is left or the socket takes no more."""
        connection = self._connection
        while True:
            sent = 0
            if data:
                try:
                    sent = self._socket.send(data)
                except (BlockingIOError, InterruptedError):
                    pass
                except OSError as error:
                    self._lose(f"{self._peer}: {error.strerror or error}", error)
            with self.lock:
                if self._reading is Reading.CLOSED:
                    self._writing = False
                    self._close_socket()
                    return
                if sent < len(data):
                    self._unsent = memoryview(data)[sent:]
                    self._write_blocked = True
                    self._watch()
                    return
                data = connection.data_to_send()
                if not data:
                    self._writing = False
                    if not connection.finished:
                        return
                    break
        self._lose(f"{self._peer}: closed by this side", None)

    def _deliver(self) -> None:
        """Pass upwards all there is, unless another thread is at it."""
        deliveries = self._deliveries
        with self.lock:
            if self._delivering:
                return
            self._delivering = True
        deliver = self._connection.deliver
        while True:
            try:
                while deliveries:
                    deliver(deliveries.popleft())
            except Exception:
                _LOGGER.exception("Delivering from a connection raised: this is a defect of the library")
            with self.lock:
                if not deliveries:
                    self._delivering = False
                    return

    # ------------------------------------------------------------ reading

    def _read(self) -> None:
        """Read once and do everything that follows from it. The calling thread has the reader's role."""
        try:
            data = self._socket.recv(_READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(f"{self._peer}: {error.strerror or error}", error)
            return
        if not data:
            self._lose(f"{self._peer}: the peer closed the connection", None)
            return
        with self.lock:
            if self._reading is Reading.CLOSED:
                return
            self._connection.receive_data(data)
        self.settle()

    def _on_events(self, events: int) -> None:
        """What the reactor calls."""
        if events & _poller.WRITE and self._write_blocked:
            with self.lock:
                self._write_blocked = False
                data, self._unsent = self._unsent, b""
                if not self._shared:
                    self._watch()
            self._write_on(data)
        if not self._shared:
            if events & _poller.READ:
                self._read()
            return
        with self.lock:
            if self._reading is not Reading.WATCHED:
                if self._write_blocked:
                    self._watch()
                return  # a caller has taken over in the meantime
            if events & _poller.READ:
                self._reading = Reading.REACTOR
        if self._reading is Reading.REACTOR:
            self._read()
        heir = None
        with self.lock:
            if self._reading is Reading.REACTOR:
                heir = self._next_heir()
                self._reading = Reading.WATCHED if heir is None else Reading.CALLER
            if self._reading is not Reading.CLOSED:
                self._watch()
        _wake(heir)

    def _watch(self) -> None:
        """Tell the reactor what to watch for now. The lock is held."""
        interest = _poller.WRITE if self._write_blocked else 0
        if not self._shared or self._reading is Reading.WATCHED:
            interest |= _poller.READ
        self._reactor.change(self._fd, interest, once=self._shared)

    # ------------------------------------------------------------ callers that read

    def wait(self, environment: Environment, waiter: Waiter, deadline: Optional[float]) -> bool:
        """Block until a waiter is set, reading the socket meanwhile if nobody else does; see `Environment.wait`."""
        with self.lock:
            reading = self._reading
            if reading is Reading.UNWATCHED:
                self._reading = Reading.CALLER
            elif reading is Reading.WATCHED:
                self._reading = Reading.CALLER
                self._watch()
            elif reading is not Reading.CLOSED:
                self._queue.append(waiter)
        if reading is Reading.CLOSED:
            return wait_on_lock(environment, waiter, deadline)
        if reading is Reading.UNWATCHED or reading is Reading.WATCHED or self._inherit(waiter, deadline):
            self._read_until(waiter, deadline)
        if not waiter.ready and self._reading is Reading.CLOSED:
            return wait_on_lock(environment, waiter, deadline)
        return waiter.ready

    def _inherit(self, waiter: Waiter, deadline: Optional[float]) -> bool:
        """Sleep until the waiter is set, or time is up, or the reader's role is handed to this thread."""
        asleep = _thread.allocate_lock()
        asleep.acquire()

        def wake() -> None:
            # Whoever sets the waiter and whoever hands the role on may both come.
            try:
                asleep.release()
            except RuntimeError:
                pass

        waiter.wake = wake
        while True:
            timeout = -1.0 if deadline is None else min(deadline - time.monotonic(), _thread.TIMEOUT_MAX)
            if not waiter.ready and self._heir is not waiter and (deadline is None or timeout > 0):
                try:
                    asleep.acquire(True, timeout)
                except BaseException:
                    self._decline(waiter)
                    raise
            with self.lock:
                if self._heir is waiter:
                    self._heir = None
                    return True
                if waiter.ready or self._reading is Reading.CLOSED or (deadline is not None and timeout <= 0):
                    if waiter in self._queue:
                        self._queue.remove(waiter)
                    return False

    def _decline(self, waiter: Waiter) -> None:
        """Leave the queue, or hand on the role that has come meanwhile: this thread was torn out of its wait."""
        with self.lock:
            if self._heir is not waiter:
                if waiter in self._queue:
                    self._queue.remove(waiter)
                return
            self._heir = None
        self._stop_reading()

    def _read_until(self, waiter: Waiter, deadline: Optional[float]) -> None:
        """Read for everybody until the waiter is set or time is up. This thread has the role."""
        gate = self._gate
        if gate is None:
            gate = self._gate = _poller.Gate(self._fd)
        try:
            timeout = None
            while not waiter.ready and self._reading is Reading.CALLER:
                waiter.wake = gate.wake
                if waiter.ready:
                    break
                if deadline is not None:
                    timeout = deadline - time.monotonic()
                    if timeout <= 0:
                        break
                readable = gate.wait(timeout)
                # While this thread is awake it need not be woken: it looks at the waiter before it sleeps again.
                waiter.wake = None
                if readable:
                    self._read()
        finally:
            waiter.wake = None
            self._stop_reading()

    def _stop_reading(self) -> None:
        """Hand the role on: to a caller that sleeps, else to nobody for a moment."""
        when = None
        with self.lock:
            if self._reading is Reading.CLOSED:
                heir = None
                self._reading_over()
            else:
                heir = self._next_heir()
                if heir is None:
                    self._reading = Reading.UNWATCHED
                    now = self._left_at = time.monotonic()
                    soon = now + (_UNWATCHED_BUSY if self._connection.busy else _UNWATCHED_IDLE)
                    if not now < self._watch_at <= soon:
                        when = self._watch_at = soon
        if heir is not None:
            _wake(heir)
        elif when is not None:
            self._reactor.call_at(when, self._watch_again)

    def _watch_again(self) -> None:
        """Have the reactor watch the socket, if callers have left it alone for long enough."""
        when = None
        with self.lock:
            self._watch_at = 0.0
            if self._reading is Reading.UNWATCHED:
                due = self._left_at + (_UNWATCHED_BUSY if self._connection.busy else _UNWATCHED_IDLE)
                if due <= time.monotonic():
                    self._reading = Reading.WATCHED
                    self._watch()
                else:
                    when = self._watch_at = due
        if when is not None:
            self._reactor.call_at(when, self._watch_again)

    def _next_heir(self) -> Optional[Waiter]:
        """Choose the caller that reads next, if any sleeps. The lock is held."""
        queue = self._queue
        while queue:
            heir = queue.popleft()
            if not heir.ready:
                self._heir = heir
                return heir
        return None

    # ------------------------------------------------------------ the end

    def close(self, reason: str) -> None:
        self._lose(f"{self._peer}: {reason}", None)

    def _lose(self, reason: str, cause: Optional[BaseException]) -> None:
        """Stop reading and writing for good, and let the connection and everybody who waits know."""
        with self.lock:
            if self._reading is Reading.CLOSED:
                return
            read_by_caller = self._reading is Reading.CALLER
            self._reading = Reading.CLOSED
            self._reactor.remove(self._fd)
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the peer was faster
            if self._write_blocked:
                self._write_blocked = self._writing = False
            self._unsent = b""
            self._connection.connection_lost(reason, cause)
            sleepers = list(self._queue)
            self._queue.clear()
            if read_by_caller:
                if self._gate is not None:
                    self._gate.wake()
            else:
                self._reading_over()
        self._deliver()
        for sleeper in sleepers:
            _wake(sleeper)

    def _reading_over(self) -> None:
        """No caller reads any more, nor ever will. The lock is held."""
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.close()
        self._shared = False
        self._close_socket()

    def _close_socket(self) -> None:
        """Close the descriptor once nobody is inside a system call on it. The lock is held."""
        if not self._writing and not self._shared:
            self._socket.close()


def _wake(waiter: Optional[Waiter]) -> None:
    if waiter is not None:
        wake = waiter.wake
        if wake is not None:
            wake()
