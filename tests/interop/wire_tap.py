"""Stands between a client and a server, and notes what passes: the frames of HTTP/2, and gRPC's messages in them."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Dict, List, NamedTuple, Optional, Tuple

import hpack

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _PING, _GOAWAY, _CONTINUATION = 0x0, 0x1, 0x6, 0x7, 0x9
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
_PATIENCE = 15.0


class Message(NamedTuple):
    """One message as it passed."""

    compressed: bool
    size: int


class Direction:
    """What passes from one end to the other."""

    def __init__(self, *, preface: bool) -> None:
        self._unread = bytearray()
        self._preface = len(_PREFACE) if preface else 0
        self._hpack = hpack.Decoder()
        self._block = bytearray()
        self._data: Dict[int, bytearray] = {}
        # Guards what follows, and tells who waits for it.
        self._changed = threading.Condition()
        self._pings = 0
        self.headers: List[Tuple[str, str]] = []
        self.goaways: List[bytes] = []

    def feed(self, data: bytes) -> None:
        """Note what passes."""
        self._unread += data
        if self._preface:
            if len(self._unread) < self._preface:
                return
            del self._unread[: self._preface]
            self._preface = 0
        while len(self._unread) >= 9:
            size = int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < 9 + size:
                return
            kind, flags = self._unread[3], self._unread[4]
            stream = int.from_bytes(self._unread[5:9], "big")
            payload = bytes(self._unread[9 : 9 + size])
            del self._unread[: 9 + size]
            with self._changed:
                self._note(kind, flags, stream, payload)
                self._changed.notify_all()

    def _note(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind in (_DATA, _HEADERS) and flags & _PADDED:
            payload = payload[1 : len(payload) - payload[0]]
        if kind == _DATA:
            self._data.setdefault(stream, bytearray()).extend(payload)
        elif kind in (_HEADERS, _CONTINUATION):
            self._block += payload[5:] if kind == _HEADERS and flags & _PRIORITY else payload
            if flags & _END_HEADERS:
                self.headers += self._hpack.decode(bytes(self._block))
                self._block.clear()
        elif kind == _PING and not flags & _ACK:
            self._pings += 1
        elif kind == _GOAWAY:
            self.goaways.append(payload)

    def messages(self) -> List[Message]:
        """All messages so far, stream by stream."""
        with self._changed:
            return [message for data in self._data.values() for message in _messages_in(data)]

    def values(self, name: str) -> List[str]:
        """All values of a header field so far."""
        with self._changed:
            return [value for key, value in self.headers if key == name]

    def await_pings(self, count: int) -> None:
        """Wait until so many have passed."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._pings >= count, _PATIENCE), f"only {self._pings} pings"


def _messages_in(data: bytes) -> List[Message]:
    found: List[Message] = []
    while data:
        size = int.from_bytes(data[1:5], "big")
        found.append(Message(bool(data[0]), size))
        data = data[5 + size :]
    return found


class WireTap:
    """Passes one connection at a time on to a server in plaintext, and notes it. Close it after both ends."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._onwards = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: List[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="wire-tap")]
        self.requests = Direction(preface=True)
        self.responses = Direction(preface=False)
        self.target = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads[0].start()

    def _accept(self) -> None:
        accepted: Optional[socket.socket] = None
        with contextlib.suppress(OSError):  # it is closed before anybody came
            accepted, _ = self._listener.accept()
        if accepted is None:
            return
        connected = socket.create_connection(self._onwards)
        self._sockets += [accepted, connected]
        back = threading.Thread(target=_pass_on, args=(connected, accepted, self.responses), name="wire-tap-back")
        back.start()
        _pass_on(accepted, connected, self.requests)
        back.join()

    def close(self) -> None:
        """Cut the connection, and let go of everything."""
        for end in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in [self._listener, *self._sockets]:
            end.close()


def _pass_on(source: socket.socket, sink: socket.socket, noted: Direction) -> None:
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(65536)
            noted.feed(data)
            if not data:
                break
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
