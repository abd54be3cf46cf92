"""What had arrived when a write failed: asyncio reads no more then, and perhaps the peer said why it was closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from grpc._io import buffers

if TYPE_CHECKING:
    import asyncio
    import socket

# How often at most to read: 8 MiB, while Linux lets 6 wait by default (tcp_rmem). Of a socket that is broken no more
# can come; but not every error means that.
MOST = 8 * 1024 * 1024 // buffers.SIZE


def hear_out(protocol: asyncio.BufferedProtocol, sock: Optional[socket.socket], error: Optional[Exception]) -> None:
    """Give a protocol what has arrived for it, as asyncio would. Never blocks.

    Args:
      protocol: Is just being told that its connection is lost; until it has been, asyncio leaves the socket open.
      sock: The socket, which does not block; None if that is not known.
      error: What has befallen asyncio's transport; None if nothing has: then it has read everything, or was to close.
    """
    if sock is None or error is None:
        return
    for _ in range(MOST):
        try:
            size = sock.recv_into(protocol.get_buffer(-1))
        except OSError:  # there is no more
            return
        if not size:
            return
        protocol.buffer_updated(size)
