"""The HTTP/2 invocation link: an invocation End on one side, a channel's connection on the other.

The connection is made when the first operation needs it, and again after it was lost. Operations that come meanwhile
wait; when the attempt fails they fail with what the attempt says, and so do those that come before the next attempt is
due, but for the ones that asked to wait until the channel is ready.

    IDLE --operation--> CONNECTING --settings of the peer--> READY --loss, GOAWAY--> IDLE
                            |  ^
                     failure|  |backoff over, if an operation waits
                            v  |
                     TRANSIENT_FAILURE
"""

from __future__ import annotations

import enum
import random
import threading
from typing import TYPE_CHECKING, Dict, Hashable, List, Optional, Tuple

from grpc._links import _client
from grpc._values import status
from grpc._values.connectivity import ChannelConnectivity
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links, utilities

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc.framework.foundation.environment import Timer

RequestHeaders = _client.RequestHeaders

_COMPLETION = links.Ticket.Termination.COMPLETION

_State = ChannelConnectivity

# Connection backoff, in seconds; the figures of gRPC's connection-backoff document.
_INITIAL_BACKOFF = 1.0
_BACKOFF_MULTIPLIER = 1.6
_MAXIMUM_BACKOFF = 120.0
_JITTER = 0.2

Entry = Tuple["contract.Transport", _client.ClientConnection]


class _Event(enum.Enum):
    """What can happen to the channel's connection."""

    WANTED = "an operation needs it"
    CONNECTED = "the peer's settings have arrived"
    FAILED = "the attempt failed"
    LOST = "it was lost, or takes no more operations"
    BACKOFF_OVER = "the next attempt is due"
    CLOSED = "the channel was closed"


_TRANSITIONS: Dict[Tuple[ChannelConnectivity, _Event], ChannelConnectivity] = {
    (_State.IDLE, _Event.WANTED): _State.CONNECTING,
    (_State.CONNECTING, _Event.CONNECTED): _State.READY,
    (_State.CONNECTING, _Event.FAILED): _State.TRANSIENT_FAILURE,
    (_State.CONNECTING, _Event.LOST): _State.TRANSIENT_FAILURE,
    (_State.READY, _Event.LOST): _State.IDLE,
    (_State.TRANSIENT_FAILURE, _Event.BACKOFF_OVER): _State.IDLE,
    **{(state, _Event.CLOSED): _State.SHUTDOWN for state in _State},
}


class InvocationLink(links.Link):
    """See the module."""

    def __init__(self, driver: contract.Driver, target: str, headers: RequestHeaders, limits: Limits) -> None:
        """Make a link without a connection.

        Args:
          driver: Connects, and gives the clock. Closed by whoever made it.
          target: Where to connect to.
          headers: Gives the request headers of a method.
          limits: What to accept and send.
        """
        self._driver = driver
        self._target = target
        self._headers = headers
        self._limits = limits
        self._mate: links.Link = utilities.NULL_LINK
        # The connection for new operations, or None. Written under the lock, read without: whoever reads a stale one
        # learns from the connection itself that it takes no more operations.
        self._current: Optional[Entry] = None
        # Guards everything below. Nothing is called while it is held but the connection `send` (see `_connected`).
        self._lock = threading.Lock()
        self._state = _State.IDLE
        self._connections: List[Entry] = []
        self._waiting: Dict[Hashable, List[links.Ticket]] = {}
        self._attempt: Optional[contract.Attempt] = None
        self._attempt_began = 0.0
        self._backoff = _INITIAL_BACKOFF
        self._failure = ""
        self._timer: Optional[Timer] = None

    def __repr__(self) -> str:
        return f"<InvocationLink to {self._target!r}, {self._state.name}, {len(self._waiting)} operations waiting>"

    def join_link(self, link: links.Link) -> None:
        self._mate = link

    # ------------------------------------------------------------ tickets

    def accept_ticket(self, ticket: links.Ticket) -> None:
        current = self._current
        if current is not None:
            transport, connection = current
            with transport.lock:
                taken = connection.open if ticket.sequence_number == 0 else connection.holds(ticket.operation_id)
                if taken:
                    connection.send(ticket)
            if taken:
                transport.settle()
                return
        self._accept_elsewhere(ticket)

    def _accept_elsewhere(self, ticket: links.Ticket) -> None:
        """Take a ticket that is not for the current connection: the operation waits, or runs on an older one."""
        connect = False
        refused = False
        with self._lock:
            if ticket.sequence_number == 0:
                if self._state is _State.SHUTDOWN or (
                    self._state is _State.TRANSIENT_FAILURE and not _waits_for_ready(ticket)
                ):
                    refused = True
                else:
                    self._waiting[ticket.operation_id] = [ticket]
                    connect = self._state is _State.IDLE
                    if connect:
                        self._change(_Event.WANTED)
                others: List[Entry] = []
            elif ticket.operation_id in self._waiting:
                if ticket.termination is None or ticket.termination is _COMPLETION:
                    self._waiting[ticket.operation_id].append(ticket)
                else:
                    del self._waiting[ticket.operation_id]  # given up before it began
                others = []
            else:
                others = [entry for entry in self._connections if entry is not self._current]
                if self._current is not None:
                    others.append(self._current)  # it may have become the current one since
        if refused:
            self._fail(ticket.operation_id, self._failure)
        if connect:
            self._connect()
        for transport, connection in others:
            with transport.lock:
                held = connection.holds(ticket.operation_id)
                if held:
                    connection.send(ticket)
            if held:
                transport.settle()
                return

    def _fail(self, operation_id: Hashable, reason: str) -> None:
        self._mate.accept_ticket(_client.failure(operation_id, 0, status.UNAVAILABLE, reason))

    def _deliver(self, ticket: links.Ticket) -> None:
        self._mate.accept_ticket(ticket)

    # ------------------------------------------------------------ the connection

    def _change(self, event: _Event) -> None:
        """Follow the table. The lock is held."""
        self._state = _TRANSITIONS[self._state, event]

    def _connect(self) -> None:
        self._attempt_began = self._driver.environment.time()
        attempt = self._driver.connect(self._target, self._opened, self._failed)
        with self._lock:
            self._attempt = attempt
            closed = self._state is _State.SHUTDOWN
        if closed:
            attempt.cancel()

    def _opened(self, transport: contract.Transport) -> contract.Connection:
        """A socket is open: speak HTTP/2 on it, and wait for the peer's settings."""
        entry: List[Entry] = []
        connection = _client.ClientConnection(
            self._limits,
            self._mate.accept_ticket,
            self._headers,
            lambda: self._connected(entry[0]),
            lambda: self._going_away(entry[0]),
            lambda reason, cause: self._lost(entry[0], reason),
        )
        entry.append((transport, connection))
        with self._lock:
            self._attempt = None
            self._connections.append(entry[0])
            closed = self._state is _State.SHUTDOWN
        if closed:
            connection.go_away()
        return connection

    def _connected(self, entry: Entry) -> None:
        """The peer's settings have arrived: what waits goes out, in order, before anything newer."""
        transport, connection = entry
        with self._lock:
            if self._state is not _State.CONNECTING:
                return
            self._change(_Event.CONNECTED)
            self._backoff = _INITIAL_BACKOFF
            waiting, self._waiting = self._waiting, {}
            # The one place where this lock is held around the transport's: nobody takes them the other way round,
            # as a transport calls upwards without its lock. So a ticket that finds `_current` set, or its operation
            # no longer waiting, finds the connection holding it.
            with transport.lock:
                for tickets in waiting.values():
                    for ticket in tickets:
                        connection.send(ticket)
            self._current = entry
        transport.settle()

    def _going_away(self, entry: Entry) -> None:
        with self._lock:
            if self._current is entry:
                self._current = None
                self._change(_Event.LOST)
        self._connect_if_wanted()

    def _lost(self, entry: Entry, reason: str) -> None:
        with self._lock:
            if entry in self._connections:
                self._connections.remove(entry)
            if self._current is entry:
                self._current = None
                self._change(_Event.LOST)
                during_handshake = False
            else:
                during_handshake = self._state is _State.CONNECTING and not entry[1].was_ready
        if during_handshake:
            self._failed(f"failed to connect to {self._target!r}: {reason}", None)
        else:
            self._connect_if_wanted()

    def _connect_if_wanted(self) -> None:
        with self._lock:
            wanted = bool(self._waiting) and self._state is _State.IDLE
            if wanted:
                self._change(_Event.WANTED)
        if wanted:
            self._connect()

    def _failed(self, reason: str, cause: Optional[BaseException]) -> None:
        """No connection came about: fail who does not wait for better times, and try again later for who does."""
        environment = self._driver.environment
        with self._lock:
            self._attempt = None
            if self._state is not _State.CONNECTING:
                return
            self._change(_Event.FAILED)
            self._failure = reason
            failed = [key for key, tickets in self._waiting.items() if not _waits_for_ready(tickets[0])]
            for operation_id in failed:
                del self._waiting[operation_id]
            # Counted from the beginning of the attempt, as the backoff document has it.
            when = self._attempt_began + self._backoff * random.uniform(1 - _JITTER, 1 + _JITTER)
            self._backoff = min(self._backoff * _BACKOFF_MULTIPLIER, _MAXIMUM_BACKOFF)
            self._timer = environment.call_at(when, self._backoff_over)
        for operation_id in failed:
            self._fail(operation_id, reason)

    def _backoff_over(self) -> None:
        with self._lock:
            self._timer = None
            if self._state is not _State.TRANSIENT_FAILURE:
                return
            self._change(_Event.BACKOFF_OVER)
        self._connect_if_wanted()

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """Say goodbye on every connection and close it; the operations have ended before."""
        with self._lock:
            self._change(_Event.CLOSED)
            self._failure = "the channel is closed"
            self._current = None
            entries = list(self._connections)
            attempt, self._attempt = self._attempt, None
            timer, self._timer = self._timer, None
            waiting, self._waiting = self._waiting, {}
        if timer is not None:
            timer.cancel()
        if attempt is not None:
            attempt.cancel()
        for operation_id in waiting:
            self._fail(operation_id, self._failure)
        for transport, connection in entries:
            with transport.lock:
                connection.go_away()
            transport.settle()
            transport.close("the channel was closed")


def _waits_for_ready(ticket: links.Ticket) -> bool:
    return ticket.protocol is not None and bool(ticket.protocol.value.wait_for_ready)
