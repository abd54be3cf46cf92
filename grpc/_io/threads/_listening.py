"""Bound sockets that accept transports."""

from __future__ import annotations

import errno
import logging
import os
import socket
import time
from typing import TYPE_CHECKING, Callable, List

from grpc._io import addresses, contract
from grpc._io.threads import _poller
from grpc._io.threads._transport import Transport

if TYPE_CHECKING:
    from grpc._io.threads._reactor import Reactor

_LOGGER = logging.getLogger(__name__)

_BACKLOG = 1024
# After an accept that failed for want of descriptors or memory, how long to leave the queue alone, in seconds.
_PAUSE = 0.1
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Listener(contract.Listener):
    """The sockets of one listening address: a host name may stand for several, all with one port."""

    def __init__(self, reactor: Reactor, address: str) -> None:
        """Bind an address.

        Raises:
          ValueError: The address cannot be understood.
          OSError: It cannot be bound; the message names it.
        """
        self._reactor = reactor
        self._sockets: List[socket.socket] = []
        self._paths: List[str] = []
        self._port = 1
        self._accept: Callable[[contract.Transport], contract.Connection]
        try:
            self._bind(address)
        except OSError as error:
            self.close()
            raise OSError(error.errno, f"cannot listen on {address!r}: {error.strerror}") from error

    def _bind(self, address: str) -> None:
        places = addresses.listening(address)
        for place in places:
            try:
                self._bind_one(place)
            except OSError as error:
                # A host without IPv6 still resolves to an IPv6 address; another address will do then.
                if self._sockets or place is not places[-1]:
                    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                        continue
                raise

    def _bind_one(self, place: addresses.Address) -> None:
        sock = socket.socket(place.family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sockaddr = place.sockaddr
            if place.family == socket.AF_UNIX:
                self._paths.append(sockaddr)
            else:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if place.family == socket.AF_INET6:
                    # The wildcard takes IPv4 as well; any other address is one of a list of its own family.
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if sockaddr[0] == "::" else 1)
                if self._sockets and sockaddr[1] == 0:
                    sockaddr = (sockaddr[0], self._port, *sockaddr[2:])
            sock.bind(sockaddr)
            sock.listen(_BACKLOG)
        except BaseException:
            sock.close()
            raise
        if place.family != socket.AF_UNIX:
            self._port = sock.getsockname()[1]
        self._sockets.append(sock)

    @property
    def port(self) -> int:
        return self._port

    def start(self, accept: Callable[[contract.Transport], contract.Connection]) -> None:
        self._accept = accept
        for sock in self._sockets:
            self._reactor.add(sock.fileno(), lambda _, sock=sock: self._on_ready(sock), _poller.READ)  # type: ignore[misc]

    def _on_ready(self, sock: socket.socket) -> None:
        """Accept what has arrived."""
        while True:
            try:
                accepted, sockaddr = sock.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue  # gone before it was accepted; the next one may be fine
            except OSError as error:
                if sock in self._sockets:
                    _LOGGER.error("Cannot accept a connection on port %d: %s", self._port, error)
                    if error.errno in _EXHAUSTED:
                        self._pause(sock)
                return
            accepted.setblocking(False)
            if accepted.family != socket.AF_UNIX:
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = addresses.show(accepted.family, sockaddr) if sockaddr else "unix:"
            transport = Transport(self._reactor, accepted, peer, callers_read=False)
            transport.run(self._accept(transport))

    def _pause(self, sock: socket.socket) -> None:
        """Leave the queue alone for a while: it would be reported as ready again and again."""
        self._reactor.change(sock.fileno(), 0)
        self._reactor.call_at(time.monotonic() + _PAUSE, lambda: self._resume(sock))

    def _resume(self, sock: socket.socket) -> None:
        if sock in self._sockets:
            self._reactor.change(sock.fileno(), _poller.READ)

    def close(self) -> None:
        sockets, self._sockets = self._sockets, []
        for sock in sockets:
            self._reactor.remove(sock.fileno())
            sock.close()
        for path in self._paths:
            if os.path.exists(path):
                os.unlink(path)
        self._paths = []
