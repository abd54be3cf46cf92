"""The half of a transport that writes, delivers and keeps the connection's deadline.

Writing. Any thread that had the connection produce bytes writes them itself (`settle`). One that finds another
writing leaves: the writer looks for more before it stops, so bytes of many threads share a call. What the socket does
not take waits for the reactor, and the writer's role stays with it until then. Where a write fails, what has arrived
is read before the loss is told: perhaps the peer says why it has closed. If another thread is just reading, the reactor
tries again, and fails again, unless that reader finds the end by itself.

Delivering. The role is tried for, never waited for. Who gives it back looks once more whether something was added in
the last moment, by somebody who found it taken.

A thread may be torn out of all this by an exception that is not its fault: Ctrl-C raises KeyboardInterrupt between any
two steps of the main thread. In the middle of reading or writing nobody can tell then which bytes have gone, so the
connection is given up; a delivery is done again by the reactor, once.
"""

from __future__ import annotations

import _thread
import abc
import collections
import logging
import math
import socket
import threading
from typing import TYPE_CHECKING, Any, Deque, Dict, Optional, Union

from grpc._io import contract, pieces, securable
from grpc._io.threads import _timers
from grpc._io.threads._roles import CLOSED, UNWATCHED, WATCHED, Reading
from grpc.framework.foundation.environment import POURING

if TYPE_CHECKING:
    from grpc._io.threads._reactor import Reactor
    from grpc.framework.foundation import environment

_LOGGER = logging.getLogger(__name__)

# Messages that follow one another within so many seconds are a burst, and who sends them need not write each alone.
BURST_GAP = 100e-6

# How long the reactor may be kept from writing them, which needs the interpreter's lock for it, before a sender does.
LONGEST_DELAY = 1e-3

_TORN_OUT = "a thread was interrupted while it worked on the connection"
_DEFECT = "internal error"


class WritingTransport(securable.SecurableTransport):
    """See the module; how it is read and how it ends is up to the subclass."""

    __slots__ = (
        "_auth_context",
        "_connection",
        "_deadline_timer",
        "_deliverer",
        "_deliveries",
        "_due",
        "_peer",
        "_poured_at",
        "_promised_at",
        "_reactor",
        "_reading",
        "_socket",
        "_torn_delivery",
        "_unsent",
        "_write_blocked",
        "_writing",
        "lock",
    )

    def __init__(self, reactor: Reactor, sock: socket.socket, peer: str) -> None:
        self._reactor = reactor
        self._socket = sock
        self._peer = peer
        # Guards the connection and everything below. Never held while the connection is called to deliver, nor
        # during a read or write.
        self.lock: threading.Lock = threading.Lock()
        self._connection: contract.Connection = None  # type: ignore[assignment]  # the subclass's `run` sets it
        self._deliveries: Deque[Any] = collections.deque()
        # The deliverer under the one key `None`. Taken by `setdefault`: that is one step, and even a thread that was
        # torn out right after it can see that the role is its own, as it could not with a lock.
        self._deliverer: Dict[None, object] = {}
        self._torn_delivery: Any = None
        # Taken until there is a connection: those who know of the transport before may settle it.
        self._writing = True
        self._write_blocked = False
        self._unsent: pieces.Rest = b""
        # When a thread that sends a stream came by last, and when the reactor was asked to write; 0: it is not.
        self._poured_at = self._promised_at = 0.0
        self._due = _timers.NEVER
        self._deadline_timer: Optional[environment.Timer] = None
        self._reading: Reading = WATCHED
        self._auth_context: Optional[contract.AuthContext] = None

    @property
    def peer(self) -> str:
        return self._peer

    @property
    def auth_context(self) -> Optional[contract.AuthContext]:
        return self._auth_context

    def set_auth_context(self, auth_context: contract.AuthContext) -> None:
        self._auth_context = auth_context

    def set_user_timeout(self, seconds: Optional[float]) -> None:
        option = getattr(socket, "TCP_USER_TIMEOUT", None)
        if option is None or self._socket.family not in (socket.AF_INET, socket.AF_INET6):
            return
        with self.lock:
            if self._reading is not CLOSED:
                milliseconds = 0 if seconds is None else min(max(1, math.ceil(seconds * 1000)), 2**31 - 1)
                self._socket.setsockopt(socket.IPPROTO_TCP, option, milliseconds)

    # ------------------------------------------------------------ what the other half does

    @abc.abstractmethod
    def _watch(self) -> None:
        """Tell the reactor what to watch for now. The lock is held."""
        raise NotImplementedError()

    @abc.abstractmethod
    def _look_out(self) -> None:
        """See that an answer to what this thread is about to write will be read. The lock is not held."""
        raise NotImplementedError()

    @abc.abstractmethod
    def _hear_out(self) -> bool:
        """Read what has arrived, as a write has failed; tell whether that is done: not if another thread is reading.

        Never blocks. The calling thread has the writer's role, the lock is not held, and a loss has to follow.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def _lose(self, reason: str, cause: Optional[BaseException]) -> None:
        """Stop reading and writing for good, and let the connection and everybody who waits know."""
        raise NotImplementedError()

    @abc.abstractmethod
    def _close_if_free(self) -> None:
        """Close the descriptor of a closed transport once nobody is inside a system call on it. The lock is held."""
        raise NotImplementedError()

    # ------------------------------------------------------------ writing

    def settle(self) -> None:
        if self._reading is UNWATCHED:
            self._look_out()
        if not self._writing:
            if not (POURING.threads and _thread.get_ident() in POURING and self._leave_to_reactor()):
                self._write()
        elif self._write_blocked:
            with self.lock:
                self._keep_deadline()
        if self._deliveries:
            self._deliver()

    def _leave_to_reactor(self) -> bool:
        """Tell whether what this thread has to write, which sends one message after another, is going to be written.

        The first of a burst is written by its own thread, at once. A system call for each of the others would be most
        of what they cost, so the reactor writes them, all that there are when it comes to it. Needs no lock: what a
        thread wants written is there before it comes here, and the promise is taken back before the reactor looks.
        """
        now = self._reactor.time()
        last, self._poured_at = self._poured_at, now
        promised_at = self._promised_at
        if promised_at:
            return now - promised_at < LONGEST_DELAY
        if now - last > BURST_GAP:
            return False
        self._promised_at = now
        self._reactor.call_soon(self._keep_promise)
        return True

    def _keep_promise(self) -> None:
        """Write what others have left. On the reactor's thread."""
        self._promised_at = 0.0
        self.settle()

    def _write(self) -> None:
        """Write all there is, unless another thread is at it."""
        mine = False
        try:
            with self.lock:
                if self._writing or self._reading is CLOSED:
                    return
                data = self._connection.pieces_to_send()
                if not data and not self._connection.finished:
                    self._keep_deadline()
                    return
                self._writing = mine = True
            self._write_on(data)
        except BaseException as error:
            self._torn_out(error, mine)

    def _write_on(self, data: Union[contract.Pieces, pieces.Rest]) -> None:
        """Write, as the only thread that does, until nothing is left or the socket takes no more."""
        while True:
            rest: Union[contract.Pieces, pieces.Rest] = data
            if data:
                try:
                    if type(data) is bytes:
                        sent = self._socket.send(data)
                        rest = b"" if sent == len(data) else memoryview(data)[sent:]
                    else:
                        rest = pieces.send(self._socket, data)
                except (BlockingIOError, InterruptedError):
                    pass
                except OSError as error:
                    if self._hear_out():
                        self._lose(f"{self._peer}: {error.strerror or error}", error.with_traceback(None))
            with self.lock:
                if self._reading is CLOSED:
                    self._writing = False
                    self._close_if_free()
                    return
                if rest:
                    self._unsent = rest
                    self._write_blocked = True
                    self._watch()
                    self._keep_deadline()
                    return
                data = self._connection.pieces_to_send()
                if not data:
                    self._writing = False
                    if not self._connection.finished:
                        self._keep_deadline()
                        return
                    break
        self._lose(f"{self._peer}: closed by this side", None)

    def _write_again(self) -> None:
        """Go on with what the socket did not take. On the reactor's thread."""
        try:
            with self.lock:
                if not self._write_blocked:
                    return  # closed meanwhile
                self._write_blocked = False
                data, self._unsent = self._unsent, b""
                self._watch()
            self._write_on(data)
        except BaseException as error:
            self._torn_out(error, True)

    def _torn_out(self, error: BaseException, writing: bool) -> None:
        """Give the connection up, whose state nobody knows. Re-raises what is not the library's fault.

        Args:
          error: What has torn the thread out.
          writing: Whether the thread was the writer.
        """
        if writing:
            with self.lock:
                self._writing = False
                if self._reading is CLOSED:
                    self._close_if_free()
        if isinstance(error, Exception):
            _LOGGER.error("Working on a connection raised: this is a defect of the library", exc_info=error)
            self._lose(f"{self._peer}: {_DEFECT}: {error!r}", error.with_traceback(None))
        else:
            self._lose(f"{self._peer}: {_TORN_OUT}", None)
            try:
                raise error
            finally:
                del error  # else this frame and the error's traceback would keep each other, and descriptors, alive

    # ------------------------------------------------------------ delivering

    def _deliver(self) -> None:
        """Pass upwards all there is, unless another thread is at it."""
        while self._deliveries:
            me = object()
            try:
                try:
                    if self._deliverer.setdefault(None, me) is not me:
                        return
                    self._deliver_all()
                finally:
                    self._give_back(me)
            except BaseException:
                self._give_back(me)  # before the reactor tries for it
                self._reactor.call_soon(self._deliver)
                raise

    def _give_back(self, me: object) -> None:
        if self._deliverer.get(None) is me:
            del self._deliverer[None]

    def _deliver_all(self) -> None:
        while self._deliveries:
            deliveries = self._deliveries  # another one after `exchange`
            deliver = self._connection.deliver
            while deliveries:
                delivery = deliveries[0]
                try:
                    deliver(delivery)
                except Exception:
                    _LOGGER.exception("Delivering from a connection raised: this is a defect of the library")
                except BaseException:
                    if self._torn_delivery is delivery:
                        deliveries.popleft()
                    self._torn_delivery = delivery
                    raise
                deliveries.popleft()

    # ------------------------------------------------------------ the connection's deadline

    def _keep_deadline(self) -> None:
        """Set the timer if the connection's deadline is earlier than what is set. The lock is held."""
        due = self._connection.next_deadline()
        if due is not None and due < self._due and self._reading is not CLOSED:
            timer, self._deadline_timer = self._deadline_timer, self._reactor.call_at(due, self._on_deadline)
            self._due = due
            if timer is not None:
                timer.cancel()

    def _on_deadline(self) -> None:
        try:
            with self.lock:
                if self._reading is CLOSED:
                    return
                self._due = _timers.NEVER
                self._deadline_timer = None
                now = self._reactor.time()
                due = self._connection.next_deadline()
                if due is not None and due <= now:
                    self._connection.handle_deadline(now)
                self._keep_deadline()
        except BaseException as error:
            self._torn_out(error, False)
        self.settle()
