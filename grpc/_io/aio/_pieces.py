"""Writing much at once past asyncio's buffer, which would copy it: straight to the socket as far as that takes it.

What the socket does not take is kept here in pieces. asyncio is given a little of it, so that it watches the socket and
says with `resume_writing` when it is time to go on. Whatever asyncio has in its buffer is always earlier than what is
kept here, so nothing is reordered; and while something is kept here asyncio's transport has paused its protocol, so
nobody writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Union

from grpc._io import pieces

if TYPE_CHECKING:
    import asyncio
    import socket

    from grpc._io import contract

# How much asyncio is given, in bytes: to copy it is nothing, and it keeps the socket busy until the loop comes round.
_SHARE = 64 * 1024


class PieceWriter:
    """Writes on one transport of asyncio's. Used on its loop's thread."""

    __slots__ = ("_sock", "_transport", "rest")

    def __init__(self, transport: asyncio.Transport, sock: Optional[socket.socket]) -> None:
        """Make a writer with nothing to write.

        Args:
          transport: asyncio's, without TLS.
          sock: What it writes to; None if that is not known, and asyncio has to do everything.
        """
        self._transport = transport
        self._sock = sock
        self.rest: pieces.Rest = b""
        """What has to wait; false if that is nothing."""

    def write(self, data: Union[contract.Pieces, pieces.Rest]) -> None:
        """Write, or keep the `rest`; then asyncio calls `pause_writing` before this returns, and has to be heard.

        Args:
          data: Not nothing. Nothing is kept.
        """
        transport = self._transport
        sock = self._sock
        if sock is None:
            transport.write(b"".join(data) if isinstance(data, list) else data)
            return
        rest: pieces.Rest = data
        while rest and not transport.get_write_buffer_size():
            rest = self._offer(sock, rest)
            if transport.is_closing():
                return  # the socket is broken, and `connection_lost` is to come
        self.rest = rest
        if rest:
            transport.set_write_buffer_limits(0)  # pauses at once, and resumes when all is written

    def go_on(self) -> None:
        """Write what was kept, now that asyncio has called `resume_writing`."""
        rest, self.rest = self.rest, b""
        self.write(rest)

    def _offer(self, sock: socket.socket, rest: pieces.Rest) -> pieces.Rest:
        """Write as much as is taken; returns what is left."""
        try:
            return pieces.send(sock, rest)
        except OSError:  # it is full; or it is broken, and asyncio will find out and say so
            return self._share(rest)

    def _share(self, rest: pieces.Rest) -> pieces.Rest:
        """Give asyncio a little; returns what is left."""
        if not isinstance(rest, list):
            rest = [rest]
        share = memoryview(rest[0])[:_SHARE]
        self._transport.write(share)
        return pieces.drop(rest, len(share))
