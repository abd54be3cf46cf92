"""A way through an HTTP proxy: CONNECT, and what the proxy answers, before anything else is said on a connection.

`Request` is the exchange, without I/O. `Tunnelling` is the connection that a transport runs first; when the proxy has
connected, the transport goes on with another one, which need not know of the proxy: a TLS handshake or the connection
proper.

A proxy's first word is the end of the exchange, whatever it says, but for answers of the kind 1xx. Any 2xx is success
(RFC 9110, 9.3.6), and what follows its head is the destination's. Everything else is a refusal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable, Optional

from grpc._io.securable import Opening

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._io.securable import SecurableTransport

# The most that the head of an answer may be, in bytes: twice what common HTTP servers accept as the head of a request.
# A proxy has nothing to say to us that would take more.
MAX_HEAD = 16 * 1024

# How much of a proxy's first line is shown to people.
_SHOWN = 200

_PROTOCOL = b"HTTP/1."
_STATUS_LINE = re.compile(rb"HTTP/1\.\d (\d{3})(?: [^\n]*)?")
# A line ends with LF, in front of which a CR is the rule (RFC 9112, 2.2).
_END_OF_HEAD = re.compile(rb"\n\r?\n")
# The longest part of an end that does not count before the rest of it has come.
_CUT_END = len(b"\n\r")


class TunnelError(Exception):
    """The proxy does not connect.

    Attributes:
      reason: For status details.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Request:
    """One CONNECT: what to send, and what the bytes that come back mean."""

    __slots__ = ("_buffer", "_connected", "_destination", "_line_read", "_searched", "message")

    def __init__(self, tunnel: contract.Tunnel) -> None:
        """Ask for a destination."""
        self._destination = tunnel.authority
        self._buffer = bytearray()
        # Up to where the buffer holds no end of a head, and what is known of the answer that it begins with.
        self._searched = 0
        self._line_read = False
        self._connected = False
        lines = [f"CONNECT {self._destination} HTTP/1.1", f"Host: {self._destination}"]
        if tunnel.authorization is not None:
            lines.append(f"Proxy-Authorization: {tunnel.authorization}")
        self.message: bytes = "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")
        """What to send."""

    def receive(self, data: bytes) -> Optional[bytes]:
        """Take bytes that arrived.

        Returns:
          What of them comes from the destination, once the proxy has connected; None while more is needed.

        Raises:
          TunnelError: The proxy refuses, or speaks another language.
        """
        buffer = self._buffer
        buffer += data
        while True:
            if not self._line_read:
                self._read_line()
            end = _END_OF_HEAD.search(buffer, self._searched)
            if (len(buffer) if end is None else end.end()) > MAX_HEAD:
                raise TunnelError(f"the proxy's answer has a head of more than {MAX_HEAD} bytes")
            if end is None:
                self._searched = max(0, len(buffer) - _CUT_END)
                return None
            del buffer[: end.end()]
            if self._connected:
                return bytes(buffer)
            self._searched = 0
            self._line_read = False

    def _read_line(self) -> None:
        """Judge an answer by its first line, or by as much of it as has arrived."""
        end = self._buffer.find(b"\n", self._searched, MAX_HEAD)
        if end >= 0:
            self._line_read = True
            self._connected = self._status(bytes(self._buffer[:end]).rstrip(b"\r")) >= 200
        elif not _PROTOCOL.startswith(self._buffer[: len(_PROTOCOL)]):
            raise TunnelError(f"this is no HTTP proxy; it answers {_shown(bytes(self._buffer))}")

    def _status(self, line: bytes) -> int:
        """The status of a first line, if it lets the exchange go on or succeed."""
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise TunnelError(f"this is no HTTP proxy; it answers {_shown(line)}")
        status = int(match[1])
        if not 100 <= status < 300 or status == 101:
            raise TunnelError(f"the proxy does not connect to {self._destination}: {_shown(line)}")
        return status


def _shown(line: bytes) -> str:
    """A line from a proxy, for people: nothing of it can do harm to a terminal or a log."""
    text = line[:_SHOWN].decode("ascii", "backslashreplace")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class Tunnelling(Opening):
    """The beginning of a connection through a proxy, up to the moment at which it leads to the destination."""

    __slots__ = ("_early", "_request", "_tunnel", "_unsent")

    def __init__(
        self,
        tunnel: contract.Tunnel,
        transport: SecurableTransport,
        open_connection: Callable[[contract.Transport], Optional[contract.Connection]],
        failed: contract.Failed,
        deadline: float,
        patience: float,
    ) -> None:
        """Make the beginning; its first words are ready.

        Args:
          tunnel: Where it is to lead.
          transport: Will run this connection.
          open_connection: Called when the proxy has connected; gives the connection to go on with, or None if the
            transport has been, or is just being, closed.
          failed: Called instead, with a sentence and an error, if the proxy does not connect.
          deadline: The time at which the proxy is given up.
          patience: How many seconds that was from the beginning, for the sentence.
        """
        late = f"the proxy has not connected to {tunnel.authority} in {patience:g} seconds"
        super().__init__(transport, open_connection, failed, deadline, late)
        self._tunnel = tunnel
        self._request = Request(tunnel)
        self._unsent = self._request.message
        # What the destination has said already; None before there is a way to it.
        self._early: Optional[bytes] = None

    def receive_data(self, data: bytes) -> None:
        if self._early is not None:
            self._early += data
            return
        if self._failure:
            return
        try:
            self._early = self._request.receive(data)
        except TunnelError as error:
            self._failure = error.reason
        if self._early is not None:
            self._succeed()

    def data_to_send(self) -> bytes:
        data, self._unsent = self._unsent, b""
        return data

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        if self._early is not None:
            return  # the next connection will hear of it
        if self._failure:
            reason, cause = f"{self._transport.peer}: {self._failure}", None
        else:
            reason = f"{reason} before the proxy had connected to {self._tunnel.authority}"
        self._report(reason, cause)

    def _go_on(self) -> None:
        connection = self._open(self._transport)
        if connection is not None:
            self._transport.exchange(connection, self._early or None)
