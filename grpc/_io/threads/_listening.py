"""Bound sockets that accept transports."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from typing import TYPE_CHECKING, Callable, Dict, List, Optional

from grpc._io import addresses, binding, contract, securable
from grpc._io.threads import _forking, _poller
from grpc._io.threads._transport import Transport

if TYPE_CHECKING:
    from grpc._io import tls_contexts
    from grpc._io.threads._reactor import Reactor
    from grpc._values.security import ServerSecurity

_LOGGER = logging.getLogger(__name__)

# After an accept that failed for want of descriptors or memory, how long to leave the queue alone, in seconds.
_PAUSE = 0.1
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
# How many connections are accepted before the reactor looks at the others again.
_AT_ONCE = 32


class Listener(contract.Listener, _forking.Member):
    """The sockets of one listening address: a host name may stand for several, all with one port."""

    __slots__ = ("_accept", "_contexts", "_handshake_timeout", "_lock", "_port", "_reactor", "_shaking", "_sockets")

    def __init__(
        self,
        reactor: Reactor,
        address: str,
        security: Optional[ServerSecurity],
        so_reuseport: bool,
        handshake_timeout: float,
    ) -> None:
        """Bind an address. The arguments, and what is raised, are those of `Driver.listen`."""
        self._reactor = reactor
        self._handshake_timeout = handshake_timeout
        self._contexts: Optional[tls_contexts.ServerContexts] = None
        if security is not None:
            securable.prepare()
            from grpc._io import tls_contexts  # not above: see `securable`

            self._contexts = tls_contexts.ServerContexts(security)
        self._accept: Callable[[contract.Transport], contract.Connection]
        # Guards the two below, and keeps the sockets open during a system call on one of them.
        self._lock = threading.Lock()
        # Transports that nobody above knows of yet, as they are in the TLS handshake: this object has to close them.
        self._shaking: Dict[contract.Transport, None] = {}
        self._sockets: List[binding.Bound] = binding.bind(address, so_reuseport)
        self._port = self._sockets[0].port
        reactor.members[self] = None

    def __repr__(self) -> str:
        return f"<Listener on port {self._port}, {len(self._sockets)} sockets>"

    @property
    def port(self) -> int:
        return self._port

    def start(self, accept: Callable[[contract.Transport], contract.Connection]) -> None:
        self._accept = accept
        with self._lock:
            for bound in self._sockets:
                self._reactor.add(bound.socket.fileno(), self._handler(bound), _poller.READ)

    def _handler(self, bound: binding.Bound) -> Callable[[int], None]:
        return lambda _: self._on_ready(bound)

    def close(self) -> None:
        with self._lock:
            sockets, self._sockets = self._sockets, []
            for bound in sockets:
                self._reactor.remove(bound.socket.fileno())
                bound.close()
            shaking, self._shaking = self._shaking, {}
        self._reactor.members.pop(self, None)
        for transport in shaking:
            transport.close("the server is closing")

    # ------------------------------------------------------------ accepting

    def _on_ready(self, bound: binding.Bound) -> None:
        """Accept what has arrived."""
        for _ in range(_AT_ONCE):
            with self._lock:
                if bound not in self._sockets:
                    return  # closed
                try:
                    sock, sockaddr = bound.socket.accept()
                except BlockingIOError:
                    return
                except ConnectionAbortedError:
                    continue  # gone before it was accepted; the next one may be fine
                except OSError as error:
                    _LOGGER.error("Cannot accept a connection on port %d: %s", self._port, error)
                    if error.errno in _EXHAUSTED:
                        self._pause(bound)
                    return
            try:
                self._take(sock, sockaddr)
            except BaseException:
                sock.close()
                raise

    def _take(self, sock: socket.socket, sockaddr: object) -> None:
        """Make a transport of an accepted socket."""
        sock.setblocking(False)
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = addresses.show(sock.family, sockaddr) if sockaddr else "unix:"
        transport = Transport(self._reactor, sock, peer, callers_read=False)
        if self._contexts is None:
            transport.run(self._accept(transport))
        else:
            self._shake(transport, self._contexts)

    def _shake(self, transport: Transport, contexts: tls_contexts.ServerContexts) -> None:
        """Begin with a TLS handshake."""
        from grpc._io import securing, tls  # not above: see `securable`

        session = tls.Session(contexts.next())
        with self._lock:
            closed = not self._sockets
            if not closed:
                self._shaking[transport] = None
        if closed:
            transport.close("the server is closing")
            return

        def failed(reason: str, cause: Optional[BaseException]) -> None:
            self._shaken(transport)
            # Not worth more: whoever scans ports makes this happen.
            _LOGGER.info("A client did not get through the TLS handshake: %s", reason)

        patience = self._handshake_timeout
        deadline = self._reactor.time() + patience
        transport.run(securing.Handshake(session, transport, self._open_connection, failed, deadline, patience))

    def _open_connection(self, transport: contract.Transport) -> Optional[contract.Connection]:
        return self._accept(transport) if self._shaken(transport) else None

    def _shaken(self, transport: contract.Transport) -> bool:
        """Note the end of a handshake; False if the transport is being closed with this listener."""
        with self._lock:
            return self._shaking.pop(transport, False) is None

    def _pause(self, bound: binding.Bound) -> None:
        """Leave the queue alone for a while: it would be reported as ready again and again. The lock is held."""
        self._reactor.change(bound.socket.fileno(), 0)
        self._reactor.call_at(self._reactor.time() + _PAUSE, lambda: self._resume(bound))

    def _resume(self, bound: binding.Bound) -> None:
        with self._lock:
            if bound in self._sockets:
                self._reactor.change(bound.socket.fileno(), _poller.READ)

    # ------------------------------------------------------------ forking

    def after_fork_in_child(self) -> None:
        self._lock = threading.Lock()
        self._shaking.clear()
        sockets, self._sockets = self._sockets, []
        for bound in sockets:
            bound.socket.close()  # and the file of a Unix socket is the parent's
