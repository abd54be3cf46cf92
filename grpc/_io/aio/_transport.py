"""A connection on a transport of asyncio's: everything happens on the loop's thread, in order, without locks.

Reading. `buffer_updated` feeds the connection, and then delivers everything that came of it before it returns. All
transports share the buffers to read into; a fresh one for every read, as `data_received` would get, costs a unary
call a seventh of its CPU time, and one for each connection costs memory while nothing is read.

Writing. What is said during one turn of the loop should leave together, and still soon. A turn cannot be seen from
inside, but its end can be booked: what is passed to `call_soon` runs after everything that was passed to it before.
So what is said out of the blue is written at once, and `_flush` is booked for whatever else this turn will say; what
is said while a read is delivered is written when all of it is delivered. Either way `_BATCH` settlements are enough
for a write. That is for the peer, who can be at work on the first of a hundred calls while the last ones are being
made. Measured with 100 calls in flight between two processes, calls/s and the client's CPU per call:

    one write per settlement            27,900    33 us
    one write per turn                  17,100    27 us     the two processes take turns
    first at once, then one per turn    21,200    28 us
    the same, but every 16th as well    31,000    30 us

When the peer does not read, `pause_writing` comes, and nothing more is taken from the connection until
`resume_writing`: its own bounds then hold up whoever produces.
"""

from __future__ import annotations

import asyncio
import collections
import contextvars
import logging
import math
import socket
from typing import TYPE_CHECKING, Any, Callable, ContextManager, Deque, Optional, Tuple, cast

from grpc._io import buffers, contract, securable
from grpc._io.aio import _last_reads, _lock, _pieces
from grpc._io.aio._environment import Timer
from grpc._io.aio._words import what_happened

if TYPE_CHECKING:
    from grpc._io.aio._registry import Registry

_LOGGER = logging.getLogger(__name__)

_NEVER = math.inf

# From how many bytes on what was read is not copied before the connection has looked at it.
_LONG_READ = 16 * 1024

# From how many bytes on what is written should not pass through asyncio's buffer.
_LONG_WRITE = 64 * 1024

# How many settlements share a write at most; from 8 to 32 it makes no difference that can be measured.
_BATCH = 16

# How much may wait in asyncio's buffer before the connection is no longer asked for more, and how little before it is
# asked again, in bytes: with less than this a socket on loopback runs dry before the loop comes round.
_HIGH_WATER = 256 * 1024
_LOW_WATER = 64 * 1024

# How long a transport that was told to close may take to write what it still holds, and to say goodbye in TLS, in
# seconds. Its connection knows that it is lost at once; this is for the peer.
_LINGER = 1.0

Opened = Callable[["Transport"], Optional[contract.Connection]]


class Transport(asyncio.BufferedProtocol, securable.SecurableTransport):
    """See the module. asyncio calls the methods of the protocol, the layers above those of the contract."""

    __slots__ = (
        "__weakref__",
        "_auth_context",
        "_buffer",
        "_connection",
        "_context",
        "_deadline",
        "_deliveries",
        "_delivering",
        "_finishing",
        "_flush_booked",
        "_linger",
        "_loop",
        "_loss",
        "_lost",
        "_opened",
        "_paused",
        "_peer",
        "_pieces",
        "_registry",
        "_timer",
        "_transport",
        "_unwritten",
        "_write",
        "lock",
        "sock",
    )

    def __init__(self, registry: Registry, peer: str, opened: Opened) -> None:
        """Make the protocol for a connected socket.

        Args:
          registry: Holds the transport while it is open.
          peer: The other end as an address string.
          opened: Called when bytes can flow; gives the connection, or None if nobody wants one any more.
        """
        self._registry = registry
        self._loop = registry.loop
        self._peer = peer
        self._opened = opened
        self.lock: ContextManager[Any] = _lock.CheckingLock() if self._loop.get_debug() else _lock.NO_LOCK
        # asyncio copies the current context for every handle that is not given one.
        self._context = contextvars.copy_context()
        self._connection: contract.Connection = None  # type: ignore[assignment]  # set before anything else happens
        self._transport: asyncio.Transport = None  # type: ignore[assignment]  # likewise
        self._write: Callable[[bytes], None]
        self.sock: Optional[socket.socket] = None
        """What asyncio is about to make its transport of: much at once is written straight to it."""
        self._pieces: _pieces.PieceWriter
        self._auth_context: Optional[contract.AuthContext] = None
        # Between asking for a buffer and saying how much is in it, asyncio has it.
        self._buffer: Optional[memoryview] = None
        self._deliveries: Deque[Any] = collections.deque()
        self._delivering = False
        self._unwritten = 0
        self._flush_booked = False
        self._paused = False
        self._finishing = False
        self._lost = True  # until there is a connection
        self._loss: Tuple[str, Optional[BaseException]] = ("", None)
        self._deadline = _NEVER
        self._timer: Optional[Timer] = None
        self._linger: Optional[asyncio.TimerHandle] = None

    def __repr__(self) -> str:
        return f"<asyncio Transport to {self._peer}, {'lost' if self._lost else 'paused' if self._paused else 'open'}>"

    @property
    def peer(self) -> str:
        return self._peer

    @property
    def auth_context(self) -> Optional[contract.AuthContext]:
        return self._auth_context

    # ------------------------------------------------------------ the beginning

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._write = self._transport.write
        self._transport.set_write_buffer_limits(_HIGH_WATER, _LOW_WATER)
        self._pieces = _pieces.PieceWriter(self._transport, self.sock)
        self._registry.add(self)
        try:
            connection = self._opened(self)
        except Exception:
            _LOGGER.exception("Opening a connection raised: this is a defect of the library")
            connection = None
        if connection is None:
            self._transport.abort()
            return
        self._connection = connection
        self._deliveries = connection.deliveries
        self._lost = False
        self.settle()

    def set_auth_context(self, auth_context: contract.AuthContext) -> None:
        self._auth_context = auth_context

    def exchange(self, connection: contract.Connection, data: Optional[bytes] = b"") -> None:
        self._connection = connection
        self._deliveries = connection.deliveries
        if self._lost:
            connection.connection_lost(*self._loss)
        elif data is not None:
            connection.receive_data(data)

    def set_user_timeout(self, seconds: Optional[float]) -> None:
        option = getattr(socket, "TCP_USER_TIMEOUT", None)
        sock = self._transport.get_extra_info("socket")
        if self._lost or option is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
            return
        milliseconds = 0 if seconds is None else min(max(1, math.ceil(seconds * 1000)), 2**31 - 1)
        sock.setsockopt(socket.IPPROTO_TCP, option, milliseconds)

    # ------------------------------------------------------------ reading and delivering

    def get_buffer(self, sizehint: int) -> memoryview:
        buffer = self._buffer
        if buffer is None:  # else there was nothing to read after all, the last time
            buffer = self._buffer = buffers.take()
        return buffer

    def buffer_updated(self, nbytes: int) -> None:
        buffer, self._buffer = self._buffer, None
        assert buffer is not None
        if not self._lost:
            self._receive(buffer, nbytes)
        buffers.give_back(buffer)

    def _receive(self, buffer: memoryview, nbytes: int) -> None:
        try:
            connection = self._connection
            data = buffer[:nbytes]
            views = nbytes >= _LONG_READ and connection.takes_views
            connection.receive_data(data if views else bytes(data))  # type: ignore[arg-type]  # it takes them
            self._settle_all()
        except Exception as error:
            self._break_off(error)

    def _settle_all(self) -> None:
        """Deliver and write until neither leaves anything to do."""
        while True:
            if self._deliveries:
                self._deliver()
            self._write_due()
            if not self._deliveries or self._delivering:
                return

    def _deliver(self) -> None:
        """Pass upwards all there is, unless that is just being done further up the stack."""
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._deliveries:
                self._deliver_until_defect()
        finally:
            self._delivering = False

    def _deliver_until_defect(self) -> None:
        deliveries = self._deliveries
        deliver = self._connection.deliver
        try:
            while deliveries:
                deliver(deliveries.popleft())
        except Exception:
            _LOGGER.exception("Delivering from a connection raised: this is a defect of the library")

    # ------------------------------------------------------------ writing

    def settle(self) -> None:
        if self._delivering or self._flush_booked:
            self._unwritten += 1
            if self._unwritten >= _BATCH:
                self._write_due()
        elif self._write_due():
            self._book_flush()
        if self._deliveries and not self._delivering:
            self._settle_all()

    def _book_flush(self) -> None:
        if not self._flush_booked:
            self._flush_booked = True
            self._loop.call_soon(self._flush, context=self._context)

    def _flush(self) -> None:
        """Write what this turn of the loop has said."""
        self._flush_booked = False
        if self._unwritten:
            self._settle_all()

    def _write_due(self) -> bool:
        """Write all there is, unless the peer does not read; tell whether there was anything."""
        self._unwritten = 0
        if self._lost:
            return False
        try:
            return self._write_what_is_due()
        except Exception as error:
            self._break_off(error)
            return False

    def _write_what_is_due(self) -> bool:
        connection = self._connection
        data: contract.Pieces = b""
        if self._transport.is_closing():
            return False  # the socket has failed and `connection_lost` is to come: asyncio warns of writes until then
        if not self._paused and (not self._pieces.rest or self._go_on_writing()):
            data = connection.pieces_to_send()
            if len(data) >= _LONG_WRITE or type(data) is not bytes:
                self._pieces.write(data)
            elif data:
                self._write(data)
            if connection.finished:
                self._finish()
                return False
        deadline = connection.next_deadline()
        if deadline is not None and deadline < self._deadline:
            self._set_timer(deadline)
        return bool(data)

    def _go_on_writing(self) -> bool:
        """Write what was too much before; tell whether that is done."""
        self._pieces.go_on()
        if self._paused:
            return False
        if not self._finishing:
            self._transport.set_write_buffer_limits(_HIGH_WATER, _LOW_WATER)
        return True

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        # Not here and now: asyncio's transport calls this half way through its own work, and would not bear a close.
        self._unwritten += 1
        self._book_flush()

    # ------------------------------------------------------------ the clock

    def _set_timer(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._deadline = deadline
        self._timer = Timer(self._loop, deadline, self._on_deadline)
        self._timer.start()

    def _on_deadline(self) -> None:
        """Let the connection do what is due, unless that has been put off; settling sets the timer again."""
        self._timer = None
        self._deadline = _NEVER
        try:
            deadline = self._connection.next_deadline()
            now = self._loop.time()
            if deadline is not None and deadline <= now:
                self._connection.handle_deadline(now)
            self._settle_all()
        except Exception as error:
            self._break_off(error)

    # ------------------------------------------------------------ the end

    def close(self, reason: str) -> None:
        if self._lost:
            return
        self._write_due()
        if self._lost:
            return  # the connection was about to end anyway
        if self._paused:
            self._transport.abort()  # the peer does not read: it would not hear a goodbye either
        else:
            farewell = self._connection.farewell()
            if farewell:
                self._write(farewell)
            self._close_gently()
        self._lose(f"{self._peer}: {reason}", None)

    def abandon(self) -> None:
        """End because the driver is closed; its owner should have closed the transport before."""
        self.close("the driver was closed")

    def _finish(self) -> None:
        """Close as soon as asyncio's buffer is empty: the connection has said its last."""
        if not self._finishing:
            self._finishing = True
            self._transport.set_write_buffer_limits(0)  # pauses at once if anything is left, resumes when it is not
        if not self._paused:
            self._close_gently()
            self._lose(f"{self._peer}: closed by this side", None)

    def _close_gently(self) -> None:
        self._transport.close()
        self._linger = self._loop.call_later(_LINGER, self._transport.abort)

    def eof_received(self) -> None:
        if not self._lost:
            self._close_gently()
            self._lose(f"{self._peer}: the peer closed the connection", None)

    def give_up(self) -> None:
        """The task was cancelled that has made the transport; uvloop drops it then, and tells nobody."""
        if self._transport is not None:
            self._transport.abort()
            self.connection_lost(None)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        self._registry.discard(self)
        _last_reads.hear_out(self, self.sock, exc)
        if not self._lost:
            self._lose(f"{self._peer}: {what_happened(exc)}", exc)

    def _break_off(self, error: Exception) -> None:
        """Give the connection up, whose state nobody knows: it has raised where it may not."""
        _LOGGER.error("Working on a connection raised: this is a defect of the library", exc_info=error)
        if not self._lost:
            self._transport.abort()
            self._lose(f"{self._peer}: internal error: {error!r}", error)

    def _lose(self, reason: str, cause: Optional[BaseException]) -> None:
        """Stop reading and writing for good, and let the connection know."""
        self._lost = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._loss = (reason, cause)
        self._connection.connection_lost(reason, cause)
        self._deliver()
