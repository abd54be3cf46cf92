"""The HTTP/2 service link: a service End on one side, any number of connections on the other."""

from __future__ import annotations

import itertools
import math
import random
import threading
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Tuple

from grpc._links import _server, _upkeep
from grpc._values.connection_options import ServerOptions
from grpc._values.contexts import ServiceContext
from grpc.framework.interfaces.links import links, utilities

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._values.limits import Limits

_Entry = Tuple["contract.Transport", _server.ServerConnection]


class ServiceLink(links.Link):
    """See the module. The driver's listeners feed it transports through `accept_transport`."""

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float],
        options: ServerOptions = ServerOptions(),  # noqa: B008  # immutable
    ) -> None:
        """Make a link without connections.

        Args:
          limits: What to accept and send.
          clock: The driver's `environment.time`.
          options: What to ask of the life of the connections.
        """
        self._limits = limits
        self._clock = clock
        self._options = options
        self._mate: links.Link = utilities.NULL_LINK
        self._numbers = itertools.count(1)
        # Guards the register and the three below. Nothing is called while it is held.
        self._lock = threading.Lock()
        self._connections: Dict[int, _Entry] = {}
        self._going_away = False
        self._hurrying = False
        self._when_empty: Optional[Callable[[], None]] = None

    def join_link(self, link: links.Link) -> None:
        self._mate = link

    def accept_transport(self, transport: contract.Transport) -> contract.Connection:
        """Make the connection for a new transport."""
        number = next(self._numbers)
        keepalive = self._options.keepalive
        if keepalive.time != math.inf:
            transport.set_user_timeout(keepalive.timeout)  # gRFC A18
        connection = _server.ServerConnection(
            self._limits,
            self._mate.accept_ticket,
            number,
            ServiceContext(transport.peer, transport.auth_context),
            self._lost,
            _upkeep.ServerLife(self._clock, transport.close, self._options, random.random),
        )
        with self._lock:
            self._connections[number] = (transport, connection)
            going_away, hurrying = self._going_away, self._hurrying
        if hurrying:
            connection.hurry()
        elif going_away:
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
        """Tell every client to go elsewhere; close each connection when its last operation has ended.

        What a client sends before it can have heard of it is still taken.

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
        _each(entries, _server.ServerConnection.go_away)

    def hurry(self) -> None:
        """After `go_away`: take nothing more, and wait for no client any more than it takes to tell it."""
        with self._lock:
            self._hurrying = True
            entries = list(self._connections.values())
        _each(entries, _server.ServerConnection.hurry)

    def close(self) -> None:
        """Close every connection now."""
        with self._lock:
            entries = list(self._connections.values())
        for transport, _ in entries:
            transport.close("the server stopped")

    def after_fork_in_child(self) -> None:
        """Have the lock anew; see `forking`."""
        self._lock = threading.Lock()

    def _lost(self, number: int) -> None:
        with self._lock:
            self._connections.pop(number, None)
            when_empty = None
            if not self._connections:
                when_empty, self._when_empty = self._when_empty, None
        if when_empty is not None:
            when_empty()


def _each(entries: List[_Entry], action: Callable[[_server.ServerConnection], None]) -> None:
    for transport, connection in entries:
        with transport.lock:
            action(connection)
        transport.settle()
