"""An HTTP proxy on loopback that does as the test says, and tells what it was asked."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from typing import TYPE_CHECKING, Dict, List, Optional, Type

if TYPE_CHECKING:
    from types import TracebackType

CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"

# Seconds; only failing tests get to wait for it.
_LIMIT = 20.0


class LoopbackProxy:
    """Answers every CONNECT in the same way; a context manager."""

    def __init__(
        self,
        ports: Optional[Dict[str, int]] = None,
        *,
        answer: bytes = CONNECTED,
        waits_for_greeting: bool = False,
    ) -> None:
        """Listen.

        Args:
          ports: Where destinations really are: from `host:port` to a port of this machine.
          answer: What is said to a CONNECT. If its status is 200 and the destination is known, bytes are passed on.
          waits_for_greeting: Whether the first bytes of the destination are to follow the answer in one piece.
        """
        self.heads: List[bytes] = []
        """The heads of the requests so far."""
        self._ports = ports or {}
        self._answer = answer
        self._waits_for_greeting = waits_for_greeting
        self._sockets: List[socket.socket] = []
        self._threads: List[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> LoopbackProxy:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], traceback: Optional[TracebackType]
    ) -> None:
        # Shutting down wakes whoever waits; closing alone need not.
        for sock in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):  # it is closed, or was never connected
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_LIMIT)
            assert not thread.is_alive()
        for sock in (self._listener, *self._sockets):
            sock.close()

    @property
    def asked_for(self) -> List[str]:
        """The destinations of the requests so far."""
        return [head.split(b" ", 2)[1].decode() for head in self.heads]

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the test ends
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(65536)
                if not piece:
                    return
                head += piece
            self.heads.append(head)
            port = self._ports.get(head.split(b" ", 2)[1].decode())
            if port is None:
                client.sendall(self._answer)
                client.shutdown(socket.SHUT_WR)
                return
            server = socket.create_connection(("127.0.0.1", port))
            self._sockets.append(server)
            client.sendall(self._answer + (server.recv(65536) if self._waits_for_greeting else b""))
            _relay(client, server)


def _relay(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes on in both directions until one side ends."""
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select(_LIMIT):
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65536)
                if not data:
                    for sock in (one, other):
                        sock.shutdown(socket.SHUT_RDWR)
                    return
                key.data.sendall(data)
