"""A socket with a connection on it: who writes, who reads, who delivers, each one thread at a time.

How it is written to is the subject of `_writing`. A server's transport is read by the reactor. A client's is read by
whoever needs it most, see `_sharing`.

A descriptor is closed when nobody is inside a system call on it: its number may be another socket's the moment after.
Whoever is, closes it when coming out and finding the transport closed.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Callable, Optional, Tuple, Union

from grpc._io import buffers
from grpc._io.threads import _forking, _poller
from grpc._io.threads._roles import CALLER, CLOSED, REACTOR, WATCHED
from grpc._io.threads._sharing import SharedTransport

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._io.threads._reactor import Reactor

# How much is read at once, in bytes. Bytes objects of 128 KiB or more are mapped into memory by glibc for this one read
# and out again, page by page, which takes longer than to fill them. So where a read was full, the next one goes into a
# buffer.
_READ_SIZE = 64 * 1024

# How often at most to read what arrived before a write failed: 8 MiB, while Linux lets 6 wait by default (tcp_rmem). Of
# a socket that is broken no more can come; but not every error means that.
_LAST_READS = 128


class Transport(SharedTransport, _forking.Member):
    """See the module."""

    __slots__ = (
        "__weakref__",
        "_hearing_out",
        "_loss",
        "_on_close",
        "_reads_full",
        "_receiving",
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
        super().__init__(reactor, sock, peer, callers_read)
        self._on_close = on_close
        self._loss: Tuple[str, Optional[BaseException]] = ("", None)
        # Whether a thread is about to read or reading; set without the lock, see `_read`.
        self._receiving = False
        # Whether nobody but the writer may read, since a write has failed; set without the lock, see `_hear_out`.
        self._hearing_out = False
        # Whether the last read found as much as it could take.
        self._reads_full = False
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

    def exchange(self, connection: contract.Connection, data: Optional[bytes] = b"") -> None:
        with self.lock:
            self._set_connection(connection)
            if self._reading is not CLOSED and data is not None:
                connection.receive_data(data)
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
            # descriptor is open during the read, and that it is closed by one of the two. It is the same against
            # `_hear_out`, so that two never read at once.
            self._receiving = True
            data: Union[bytes, memoryview, None] = None
            buffer: Optional[memoryview] = None
            reason = "the peer closed the connection"
            cause: Optional[BaseException] = None
            if self._reading is not CLOSED and not self._hearing_out:
                try:
                    if self._reads_full and self._connection.takes_views:
                        buffer = buffers.take()
                        data = buffer[: self._socket.recv_into(buffer)]
                    else:
                        data = self._socket.recv(_READ_SIZE)
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
                    self._reads_full = len(data) >= _READ_SIZE
                    self._connection.receive_data(data)  # type: ignore[arg-type]  # it takes views
            if buffer is not None:
                buffers.give_back(buffer)
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

    def _hear_out(self) -> bool:
        self._hearing_out = True
        if self._receiving:
            self._hearing_out = False
            return False
        for _ in range(_LAST_READS):
            try:
                data = self._socket.recv(_READ_SIZE)
            except OSError:  # there is no more
                break
            with self.lock:
                if not data or self._reading is CLOSED:
                    break
                self._connection.receive_data(data)
        return True

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
