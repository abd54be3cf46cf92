"""An HTTP/2 server of plain sockets and struct, which says just the frames that a test wants, in its order.

It is on purpose made without h2: what it does wrong, a library would keep it from doing, and what it counts, a library
would count the same way as ours. It keeps the client's flow control, and answers what every peer must answer.
"""

from __future__ import annotations

import collections
import contextlib
import socket
import struct
import threading
from typing import BinaryIO, Callable, Deque, Dict, Iterator, List, Optional, Set

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 3, 4

_FRAME = 16384
_TIMEOUT = 20.0  # of one read or write: what takes longer is stuck


def _literal(name: str, value: str) -> bytes:
    """A header in HPACK's plainest form: not indexed, not Huffman coded."""
    return b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in (name, value))


RESPONSE = b"\x88" + _literal("content-type", "application/grpc")  # 0x88 stands for `:status: 200`
TRAILERS = _literal("grpc-status", "0")


class Connection:
    """One connection, seen from its server; used by its own thread."""

    def __init__(self, sock: socket.socket, file: BinaryIO, settings: Dict[int, int]) -> None:
        self._socket = sock
        self._file = file
        self._windows: Dict[int, int] = {0: 65535}
        self._initial_window = 65535
        self._ended: Deque[int] = collections.deque()
        self._acknowledged: Set[bytes] = set()
        self._pings = 0
        self.sent = 0
        """Bytes that count for flow control."""
        self.streams: List[int] = []
        """All streams that the client has opened."""
        self.open: Set[int] = set()
        """Those that are not over for both sides."""
        self.most_open = 0
        """How many there were at once, at most."""
        assert self._file.read(len(PREFACE)) == PREFACE
        values = {INITIAL_WINDOW_SIZE: 2**31 - 1, **settings}
        self.send(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in values.items()))
        self.send(WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**30))

    @property
    def pings_acknowledged(self) -> int:
        """How many of its pings were."""
        return len(self._acknowledged)

    # ------------------------------------------------------------ in

    def request(self) -> int:
        """Read until a request is complete, and give the id of its stream.

        Raises:
            EOFError: The client has closed the connection.
        """
        while not self._ended:
            self._read()
        return self._ended.popleft()

    def _read(self) -> None:
        """Read one frame, and take note of it."""
        header = self._file.read(9)
        if len(header) < 9:
            raise EOFError()
        kind, flags, stream_id = struct.unpack(">BBI", header[3:])
        payload = self._file.read(int.from_bytes(header[:3], "big"))
        if kind == HEADERS:
            self.streams.append(stream_id)
            self.open.add(stream_id)
            self.most_open = max(self.most_open, len(self.open))
            self._windows[stream_id] = self._initial_window
        elif kind == SETTINGS and not flags & ACK:
            self._set(payload)
        elif kind == PING and flags & ACK:
            self._acknowledged.add(payload)
        elif kind == PING:
            self.send(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE and stream_id in self._windows:
            self._windows[stream_id] += int.from_bytes(payload, "big")
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self._ended.append(stream_id)

    def _set(self, payload: bytes) -> None:
        for number, value in struct.iter_unpack(">HI", payload):
            if number == INITIAL_WINDOW_SIZE:
                grown = value - self._initial_window
                self._windows = {key: size + (grown if key else 0) for key, size in self._windows.items()}
                self._initial_window = value
                self.first_window = max(value, 65535)
        self.send(SETTINGS, ACK, 0)

    # ------------------------------------------------------------ out

    def send(self, kind: int, flags: int, stream_id: int, payload: bytes = b"") -> None:
        """Send one frame, whatever it is."""
        self._socket.sendall(_frame(kind, flags, stream_id, payload))

    def headers(self, stream_id: int) -> None:
        """Begin a response."""
        self.send(HEADERS, END_HEADERS, stream_id, RESPONSE)

    def trailers(self, stream_id: int) -> None:
        """End a response, with status OK."""
        self.open.discard(stream_id)  # before the client can know, and open another one
        self.send(HEADERS, END_HEADERS | END_STREAM, stream_id, TRAILERS)

    def reset(self, stream_id: int) -> None:
        """Break a response off."""
        self.send(RST_STREAM, 0, stream_id, bytes(4))

    def goaway(self, last_stream_id: int) -> None:
        """Announce that this connection takes no more streams."""
        self.send(GOAWAY, 0, 0, struct.pack(">II", last_stream_id, 0))

    def message(
        self, stream_id: int, payload: bytes, piece: int = _FRAME, padding: int = 0, cut: Optional[int] = None
    ) -> None:
        """Send a message as far as the client's windows allow, and read until they allow more.

        Args:
            stream_id: Where.
            payload: The message.
            piece: How much of it goes into one frame.
            padding: How many bytes are added to each frame; with any, there is the byte that counts them too.
            cut: How much of it is sent at all; None for all.
        """
        data = (struct.pack(">BI", 0, len(payload)) + payload)[:cut]
        frames: List[bytes] = []
        for start in range(0, len(data), piece):
            part = data[start : start + piece]
            if padding:
                part = bytes([padding]) + part + bytes(padding)
            while min(self._windows[0], self._windows[stream_id]) < len(part):
                self._flush(frames)
                self._read()
            self.sent += len(part)
            self._windows[0] -= len(part)
            self._windows[stream_id] -= len(part)
            frames.append(_frame(DATA, PADDED if padding else 0, stream_id, part))
        self._flush(frames)

    def _flush(self, frames: List[bytes]) -> None:
        self._socket.sendall(b"".join(frames))
        frames.clear()

    def ping(self) -> None:
        """Send a PING and read until it is acknowledged."""
        self._pings += 1
        data = struct.pack(">Q", self._pings)
        self.send(PING, 0, 0, data)
        while data not in self._acknowledged:
            self._read()


def _frame(kind: int, flags: int, stream_id: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream_id) + payload


class RawServer:
    """Listens, and has each connection served in a thread."""

    def __init__(self, serve: Callable[[Connection], None], settings: Dict[int, int]) -> None:
        """Listen.

        Args:
            serve: Speaks on a connection; EOFError in it is how a connection usually ends.
            settings: What it says in its SETTINGS.
        """
        self._serve = serve
        self._settings = settings
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, name="raw server")]
        self._closing = False
        self._failures: List[BaseException] = []
        self.connections: List[Connection] = []
        self.port: int = self._listener.getsockname()[1]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._closing:
                sock.close()
                return
            thread = threading.Thread(target=self._run, args=(sock,), name="raw server's connection")
            self._threads.append(thread)
            thread.start()

    def _run(self, sock: socket.socket) -> None:
        sock.settimeout(_TIMEOUT)
        with sock, sock.makefile("rb") as file:
            try:
                connection = Connection(sock, file, self._settings)
                self.connections.append(connection)
                self._serve(connection)
            except (EOFError, ConnectionError):
                pass  # the client is gone, as it may
            except Exception as error:
                self._failures.append(error)

    def close(self) -> None:
        """Wait until every client is gone, and end.

        Raises:
            AssertionError: A connection was not served as it should have been.
        """
        self._closing = True
        socket.create_connection(("127.0.0.1", self.port)).close()  # wakes the thread that accepts
        for thread in self._threads:
            thread.join()
        self._listener.close()
        assert self._failures == []


@contextlib.contextmanager
def serving(serve: Callable[[Connection], None], settings: Optional[Dict[int, int]] = None) -> Iterator[RawServer]:
    """A running server; the clients must be gone at the end of the block."""
    server = RawServer(serve, settings or {})
    try:
        yield server
    finally:
        server.close()
