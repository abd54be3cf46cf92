"""The HTTP/2 service link: a service End on one side, any number of connections on the other."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Tuple

from grpc._links import _server
from grpc._values.contexts import ServiceContext
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links, utilities

if TYPE_CHECKING:
    from grpc._io import contract



class ServiceLink(links.Link):
    """See the module. The driver's listeners feed it transports through `accept_transport`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._mate: links.Link = utilities.NULL_LINK
        self._numbers = itertools.count(1)
        # Guards the register and the two below. Nothing is called while it is held.
        self._lock = threading.Lock()
        self._connections: Dict[int, Tuple[contract.Transport, _server.ServerConnection]] = {}
        self._going_away = False
        self._when_empty: Optional[Callable[[], None]] = None

    def join_link(self, link: links.Link) -> None:
        self._mate = link

    def accept_transport(self, transport: contract.Transport) -> contract.Connection:
        """Make the connection for a new transport."""
        number = next(self._numbers)
        connection = _server.ServerConnection(
            self._limits, self._mate.accept_ticket, number, ServiceContext(transport.peer), self._lost
        )
        with self._lock:
            self._connections[number] = (transport, connection)
            going_away = self._going_away
        if going_away:
            connection.go_away()
        return connection

    def accept_ticket(self, ticket: links.Ticket) -> None:
        entry = self._connections.get(ticket.operation_id >> _server.STREAM_ID_BITS)  # type: ignore[operator]
        if entry is None:
            return  # the connection is gone, and its operations have been told
        transport, connection = entry
        with transport.lock:
            connection.send(ticket)
        transport.settle()

    def go_away(self, when_empty: Callable[[], None]) -> None:
        """Take no new operations, close each connection when its last one has ended.

        Args:
          when_empty: Called once, when the last connection is gone; at once if there is none.
        """
        with self._lock:
            self._going_away = True
            entries = list(self._connections.values())
            if entries:
                self._when_empty = when_empty
        if not entries:
            when_empty()
        for transport, connection in entries:
            with transport.lock:
                connection.go_away()
            transport.settle()

    def close(self) -> None:
        """Close every connection now."""
        for transport in self._transports():
            transport.close("the server stopped")

    def _transports(self) -> List[contract.Transport]:
        with self._lock:
            return [transport for transport, _ in self._connections.values()]

    def _lost(self, number: int) -> None:
        with self._lock:
            self._connections.pop(number, None)
            when_empty = None
            if not self._connections:
                when_empty, self._when_empty = self._when_empty, None
        if when_empty is not None:
            when_empty()
