"""A loopback proxy that does to each connection what its script says, and nothing else.

One thread, non-blocking sockets. The k-th connection lives the k-th script. While the proxy is calm, connections pass
through untouched: new ones get no script, and faults of old ones are put off.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import selectors
import socket
import struct
import threading
import time
from typing import Callable, Counter, Deque, Dict, List, Optional, Tuple

from tests.faults.script import FINE, Fault, Kind, Script

_CHUNK = 1 << 16
_MOST_BUFFERED = 1 << 18
_LINGER_NOT = struct.pack("ii", 1, 0)  # closing resets
# Seconds. A connection that is cut hears its ends out for so long: closing over unread bytes would reset.
_HEARING_OUT = 0.3
_IDLE = 0.5


class _Way:
    """One direction of a connection."""

    def __init__(self, source: socket.socket, sink: socket.socket, faults: Tuple[Fault, ...]) -> None:
        self.source = source
        self.sink = sink
        self.faults: Deque[Fault] = collections.deque(faults)
        self.buffer = bytearray()
        self.passed = 0
        self.singly = 0
        self.paused_until = 0.0
        self.ended = False  # the source has said its last
        self.finished = False  # the sink has been told so
        self.lost = False  # what comes is thrown away


class _Connection:
    """Both directions, and how it goes on with them."""

    def __init__(self, number: int, client: socket.socket, server: socket.socket, script: Script) -> None:
        self.number = number
        self.client = client
        self.server = server
        self.up = _Way(client, server, script.up)
        self.down = _Way(server, client, script.down)
        self.ways = (self.up, self.down)
        self.connected = False
        self.ends_at: Optional[float] = None
        self.ends_by_reset = False
        self.over = False


class Proxy:
    """See the module. Made, then used as a context manager; any thread may use `calm`, `target` and `count`."""

    def __init__(self, target: Tuple[str, int], script_of: Callable[[int], Script], name: str = "proxy") -> None:
        """Listen; connections are served between entry and exit.

        Args:
          target: Host and port of the server.
          script_of: Gives the script of the n-th connection, from 0 on.
          name: For people.
        """
        self.calm = False
        self.target = target
        self.count: Counter[str] = collections.Counter()
        self.log: Deque[str] = collections.deque(maxlen=40)
        self._script_of = script_of
        self._name = name
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._ear, self._mouth = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._registered: Dict[socket.socket, Tuple[int, _Connection]] = {}
        self._connections: List[_Connection] = []
        self._accepted = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"faults-{name}")

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._mouth.send(b"x")
        self._thread.join()

    def wake(self) -> None:
        """Have `calm` looked at now."""
        self._mouth.send(b"x")

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._ear, selectors.EVENT_READ)
        while not self._stopping:
            for key, _ in self._selector.select(self._wait()):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._ear:
                    self._ear.recv(64)
            now = time.monotonic()
            for connection in self._connections:
                self._advance(connection, now)
            self._connections = [connection for connection in self._connections if not connection.over]
        for connection in self._connections:
            self._close(connection, reset=True)
        self._selector.close()
        for sock in (self._listener, self._ear, self._mouth):
            sock.close()

    def _wait(self) -> float:
        now = time.monotonic()
        times = [connection.ends_at for connection in self._connections if connection.ends_at is not None]
        times += [way.paused_until for each in self._connections for way in each.ways if way.paused_until > now]
        return max(0.0, min([time - now for time in times] + [_IDLE]))

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        script = FINE if self.calm else self._script_of(self._accepted)
        self._accepted += 1
        self.count["connections"] += 1
        server = socket.socket()
        for sock in (client, server):
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(self._accepted - 1, client, server, script)
        self._connections.append(connection)
        if script.greeting is not None and self._greet(connection, script.greeting):
            return
        server.connect_ex(self.target)

    def _greet(self, connection: _Connection, fault: Fault) -> bool:
        """Do what the script says about the beginning; whether the server shall not hear of it."""
        self._note(connection, "greeting", fault)
        now = time.monotonic()
        if fault.kind is Kind.RESET:
            self._close(connection, reset=True)
        elif fault.kind is Kind.CUT:
            connection.down.ended = True  # there is no server to hear
            self._cut(connection, now)
        else:
            connection.up.paused_until = connection.down.paused_until = now + fault.amount
            if fault.kind is Kind.MUTE:
                connection.ends_at, connection.ends_by_reset = now + fault.amount, True
            return fault.kind is Kind.MUTE
        return True

    def _note(self, connection: _Connection, direction: str, fault: Fault) -> None:
        self.count[fault.kind.value] += 1
        self.log.append(
            f"{time.monotonic():.3f} {self._name} connection {connection.number} {direction} at {fault.at}: "
            f"{fault.kind.value} {fault.amount:.2f}"
        )

    # ------------------------------------------------------------ one connection

    def _advance(self, connection: _Connection, now: float) -> None:
        try:
            if connection.ends_at is not None and now >= connection.ends_at:
                if connection.ends_by_reset or (connection.up.lost and connection.down.lost):
                    self._close(connection, connection.ends_by_reset)
                else:
                    self._cut(connection, now)
            for way in connection.ways:
                if not connection.over and now >= way.paused_until:
                    self._read(way)
                    self._pass(connection, way, now)
            if not connection.over and all(way.ended and way.finished for way in connection.ways):
                self._close(connection, reset=False)
        except OSError as error:
            if error.errno != errno.ENOTCONN or connection.connected:  # and not just on the way to the server
                self._close(connection, reset=True)  # one end has reset, so the other one hears a reset
        if not connection.over:
            self._watch(connection, now)

    def _read(self, way: _Way) -> None:
        while not way.ended and len(way.buffer) < _MOST_BUFFERED:
            try:
                data = way.source.recv(_CHUNK)
            except BlockingIOError:
                return
            if not data:
                way.ended = True
            elif not way.lost:
                way.buffer += data

    def _pass(self, connection: _Connection, way: _Way, now: float) -> None:
        """Send what may be sent, up to the next fault; do faults whose place is reached."""
        while not connection.over and now >= way.paused_until:
            if way.faults and way.passed >= way.faults[0].at and not self.calm:
                self._strike(connection, way, way.faults.popleft(), now)
                continue
            if not way.buffer or way.lost:
                break
            limit = way.faults[0].at - way.passed if way.faults and not self.calm else _CHUNK
            if way.singly:
                limit = 1
            try:
                sent = way.sink.send(way.buffer[: max(1, min(limit, _CHUNK))])
            except BlockingIOError:
                break
            connection.connected = True
            del way.buffer[:sent]
            way.passed += sent
            if way.singly:
                way.singly -= 1
                return  # the next one in the next round
        idle = way.ended and not way.buffer and not way.finished and not way.lost
        if idle and not connection.over and now >= way.paused_until:
            way.sink.shutdown(socket.SHUT_WR)
            way.finished = True

    def _strike(self, connection: _Connection, way: _Way, fault: Fault, now: float) -> None:
        self._note(connection, "up" if way is connection.up else "down", fault)
        kind = fault.kind
        if kind is Kind.DELAY:
            way.paused_until = now + fault.amount
        elif kind is Kind.SPLIT:
            way.singly = int(fault.amount)
        elif kind in (Kind.STALL, Kind.MUTE):
            for each in connection.ways:
                each.paused_until = now + fault.amount
            if kind is Kind.MUTE:
                connection.ends_at, connection.ends_by_reset = now + fault.amount, True
        elif kind is Kind.RESET:
            self._close(connection, reset=True)
        elif kind is Kind.CUT:
            self._cut(connection, now)
        else:
            self._lose(way)
            connection.ends_at = now + fault.amount

    def _lose(self, way: _Way) -> None:
        """Tell the receiver that this was all, and throw away what still comes."""
        way.lost = way.finished = True
        way.buffer.clear()
        way.sink.shutdown(socket.SHUT_WR)

    def _cut(self, connection: _Connection, now: float) -> None:
        for way in connection.ways:
            with contextlib.suppress(OSError):  # not connected, or gone already
                if not way.lost:
                    self._lose(way)
        connection.ends_at = now + _HEARING_OUT

    def _watch(self, connection: _Connection, now: float) -> None:
        up, down = connection.ways
        for sock, incoming, outgoing in ((connection.client, up, down), (connection.server, down, up)):
            events = 0
            if now >= incoming.paused_until and not incoming.ended and len(incoming.buffer) < _MOST_BUFFERED:
                events |= selectors.EVENT_READ
            if now >= outgoing.paused_until and outgoing.buffer and not outgoing.lost:
                events |= selectors.EVENT_WRITE
            known = self._registered.get(sock, (0, connection))[0]
            if events == known:
                continue
            if not events:
                self._selector.unregister(sock)
                del self._registered[sock]
                continue
            (self._selector.modify if known else self._selector.register)(sock, events)
            self._registered[sock] = (events, connection)

    def _close(self, connection: _Connection, reset: bool) -> None:
        connection.over = True
        for sock in (connection.client, connection.server):
            if self._registered.pop(sock, None) is not None:
                self._selector.unregister(sock)
            if reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            sock.close()
