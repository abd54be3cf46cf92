"""Binding a listening address: all addresses of a host on one port, and the files of Unix sockets."""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import List, Optional, Tuple, Union

from grpc._io import addresses
from grpc._io.contract import Address

_BACKLOG = 1024
# How often another free port is looked for that all addresses of a host can share.
_ATTEMPTS = 16

_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_INTERNET = (socket.AF_INET, socket.AF_INET6)


class Bound:
    """A listening socket, and the file that it has if it is a Unix socket."""

    __slots__ = ("_file", "_path", "port", "socket")

    def __init__(self, sock: socket.socket, place: Address) -> None:
        self.socket = sock
        self.port: int = sock.getsockname()[1] if place.family in _INTERNET else 1
        self._path: Optional[str] = None
        if place.name.startswith("unix:"):
            self._path = place.sockaddr
            self._file = _identity(place.sockaddr)

    def close(self) -> None:
        """Close the socket and remove the file, unless it is somebody else's by now."""
        self.socket.close()
        if self._path is not None and _identity(self._path) == self._file is not None:
            os.unlink(self._path)


def _identity(path: str) -> Optional[Tuple[int, int]]:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def bind(address: str, so_reuseport: bool) -> List[Bound]:
    """Bind a listening address to one port.

    Args:
      address: In the syntax that `addresses` explains.
      so_reuseport: Whether to share the port with other sockets that ask for it too.

    Raises:
      ValueError: The address cannot be understood.
      OSError: It cannot be bound; the message names it.
    """
    try:
        if so_reuseport and not hasattr(socket, "SO_REUSEPORT"):
            raise OSError(errno.ENOTSUP, "this system has no SO_REUSEPORT")
        places = addresses.listening(address)
        # A free port of the first address need not be free on the others; then another one is looked for.
        attempts = _ATTEMPTS if len(places) > 1 and places[0].sockaddr[1] == 0 else 1
        bound, failure = _bind_all(places, so_reuseport)
        while failure is not None and failure.errno == errno.EADDRINUSE and attempts > 1:
            attempts -= 1
            bound, failure = _bind_all(places, so_reuseport)
        if failure is not None:
            raise failure
        return bound
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {address!r}: {error.strerror or error}") from error


def _bind_all(places: List[Address], so_reuseport: bool) -> Tuple[List[Bound], Optional[OSError]]:
    """Bind all addresses that this machine has to one port; the sockets, or else what went wrong."""
    bound: List[Bound] = []
    missing: Optional[OSError] = None
    for place in places:
        one = _try_one(place, bound[0].port if bound else None, so_reuseport)
        if isinstance(one, Bound):
            bound.append(one)
        elif one.errno in _NO_SUCH_ADDRESS:
            missing = one  # a host without IPv6 still resolves to IPv6 addresses; another one will do then
        else:
            for earlier in bound:
                earlier.close()
            return [], one
    if not bound and places[0].sockaddr[0] == "::":
        wildcard = (int(socket.AF_INET), ("0.0.0.0", places[0].sockaddr[1]))
        bound.append(_bind_one(Address(*wildcard, addresses.show(*wildcard)), None, so_reuseport))
    return bound, None if bound else missing


def _try_one(place: Address, port: Optional[int], so_reuseport: bool) -> Union[Bound, OSError]:
    try:
        return _bind_one(place, port, so_reuseport)
    except OSError as error:
        return error


def _bind_one(place: Address, port: Optional[int], so_reuseport: bool) -> Bound:
    sock = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sockaddr = place.sockaddr
        if place.family in _INTERNET:
            if os.name == "posix":  # elsewhere it would let two servers bind one port
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if so_reuseport:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if place.family == socket.AF_INET6:
                # The wildcard takes IPv4 as well; any other address is one of a list of its own family.
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if sockaddr[0] == "::" else 1)
            if port is not None and sockaddr[1] == 0:
                sockaddr = (sockaddr[0], port, *sockaddr[2:])
            sock.bind(sockaddr)
        else:
            _bind_unix(sock, sockaddr)
        sock.listen(_BACKLOG)
        return Bound(sock, place)
    except BaseException:
        sock.close()
        raise


def _bind_unix(sock: socket.socket, sockaddr: object) -> None:
    try:
        sock.bind(sockaddr)  # type: ignore[arg-type]  # typeshed knows no abstract addresses
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not isinstance(sockaddr, str) or not _is_stale(sockaddr):
            raise
        os.unlink(sockaddr)
        sock.bind(sockaddr)


def _is_stale(path: str) -> bool:
    """Whether a path is a socket that nobody listens on: the file of a server that did not end well."""
    if not stat.S_ISSOCK(os.stat(path).st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        return probe.connect_ex(path) == errno.ECONNREFUSED
