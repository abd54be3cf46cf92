"""Writing what a connection gives: bytes, or pieces of them that nobody has to join.

`rest = send(sock, data)` until there is no rest. Where the system writes no pieces they are joined, once.
"""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING, Iterator, List, Union

if TYPE_CHECKING:
    from grpc._io import contract

Rest = Union[bytes, memoryview, List[Union[bytes, memoryview]]]
"""What is still to be written; false if that is nothing."""

# How many pieces the system takes at once: IOV_MAX, wherever anybody has looked; POSIX asks for 16 at least.
_MOST_PIECES = 1024 if hasattr(socket.socket, "sendmsg") else 0


def send(sock: socket.socket, data: Union[contract.Pieces, Rest]) -> Rest:
    """Write as much as a socket takes at once.

    Args:
      sock: Does not block.
      data: At least one byte.

    Returns:
      What it did not take; more may be taken at once if that is many pieces.

    Raises:
      OSError: As of `socket.send`; then nothing was written.
    """
    if isinstance(data, list):
        if _MOST_PIECES:
            return drop(data, sock.sendmsg(itertools.islice(data, _MOST_PIECES)))
        data = b"".join(data)
    sent = sock.send(data)
    return memoryview(data)[sent:] if sent < len(data) else b""


def blocks(data: contract.Pieces, size: int) -> Iterator[Union[bytes, memoryview]]:
    """Cut data into blocks of a size, the last of which is shorter; only short pieces are copied, to be joined."""
    short: List[Union[bytes, memoryview]] = []
    room = size
    for piece in data if isinstance(data, list) else [data]:
        view = memoryview(piece)
        while len(view) >= room:
            yield b"".join((*short, view[:room])) if short else view[:room]
            view = view[room:]
            short = []
            room = size
        if view:
            short.append(view)
            room -= len(view)
    if short:
        yield b"".join(short)


def drop(pieces: List[Union[bytes, memoryview]], size: int) -> Rest:
    """Give what is left of some pieces without their first bytes."""
    for index, piece in enumerate(pieces):
        if size < len(piece):
            return [memoryview(piece)[size:], *pieces[index + 1 :]]
        size -= len(piece)
    return b""
