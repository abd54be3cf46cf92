"""Bound sockets that accept transports. The loop's own servers are not used: they log what a bad client does."""

from __future__ import annotations

import errno
import logging
import socket
from typing import TYPE_CHECKING, Callable, Dict, List, Optional

from grpc._io import addresses, binding, contract, securing, tls, tls_contexts
from grpc._io.aio._transport import Transport
from grpc._io.aio._words import what_happened

if TYPE_CHECKING:
    import asyncio

    from grpc._io.aio._registry import Registry
    from grpc._values.security import ServerSecurity

_LOGGER = logging.getLogger(__name__)

# How many connections are accepted before the loop gets its turn.
_AT_ONCE = 32
# After an accept that failed for want of descriptors or memory, how long to leave the queue alone, in seconds.
_PAUSE = 0.1
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Listener(contract.Listener):
    """The sockets of one listening address: a host name may stand for several, all with one port."""

    __slots__ = ("_accept", "_contexts", "_handshake_timeout", "_loop", "_pauses", "_port", "_registry", "_sockets")

    def __init__(
        self,
        registry: Registry,
        address: str,
        security: Optional[ServerSecurity],
        so_reuseport: bool,
        handshake_timeout: float,
    ) -> None:
        """Bind an address. The arguments, and what is raised, are those of `Driver.listen`."""
        self._registry = registry
        self._loop = registry.loop
        self._handshake_timeout = handshake_timeout
        self._contexts = None if security is None else tls_contexts.ServerContexts(security)
        self._accept: Callable[[contract.Transport], contract.Connection]
        self._pauses: Dict[binding.Bound, asyncio.TimerHandle] = {}
        self._sockets: List[binding.Bound] = binding.bind(address, so_reuseport)
        self._port = self._sockets[0].port
        registry.add(self)

    def __repr__(self) -> str:
        return f"<asyncio Listener on port {self._port}, {len(self._sockets)} sockets>"

    @property
    def port(self) -> int:
        return self._port

    def start(self, accept: Callable[[contract.Transport], contract.Connection]) -> None:
        self._accept = accept
        for bound in self._sockets:
            self._loop.add_reader(bound.socket.fileno(), self._on_ready, bound)

    def abandon(self) -> None:
        """End because the driver is closed."""
        self.close()

    def close(self) -> None:
        for timer in self._pauses.values():
            timer.cancel()
        self._pauses.clear()
        sockets, self._sockets = self._sockets, []
        for bound in sockets:
            self._loop.remove_reader(bound.socket.fileno())
            bound.close()
        self._registry.discard(self)

    # ------------------------------------------------------------ accepting

    def _on_ready(self, bound: binding.Bound) -> None:
        """Accept what has arrived."""
        for _ in range(_AT_ONCE):
            try:
                sock, sockaddr = bound.socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue  # gone before it was accepted; the next one may be fine
            except OSError as error:
                _LOGGER.error("Cannot accept a connection on port %d: %s", self._port, error)
                if error.errno in _EXHAUSTED:
                    self._pause(bound)
                return
            sock.setblocking(False)
            if sock.family in (socket.AF_INET, socket.AF_INET6):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = addresses.show(sock.family, sockaddr) if sockaddr else "unix:"
            self._registry.spawn(self._welcome(sock, peer))

    def _pause(self, bound: binding.Bound) -> None:
        """Leave the queue alone for a while: it would be reported as ready again and again."""
        self._loop.remove_reader(bound.socket.fileno())
        self._pauses[bound] = self._loop.call_later(_PAUSE, self._resume, bound)

    def _resume(self, bound: binding.Bound) -> None:
        del self._pauses[bound]
        self._loop.add_reader(bound.socket.fileno(), self._on_ready, bound)

    async def _welcome(self, sock: socket.socket, peer: str) -> None:
        """Give an accepted socket its transport."""
        try:
            await self._registry.open_transport(sock, Transport(self._registry, peer, self._opened))
        except OSError as error:
            sock.close()
            _LOGGER.debug("%s: the connection came to nothing: %s", peer, what_happened(error))
        except BaseException:
            sock.close()
            raise

    def _opened(self, transport: Transport) -> Optional[contract.Connection]:
        """Bytes can flow: shake hands first, or open the connection proper."""
        if self._contexts is None:
            return self._accept(transport)
        patience = self._handshake_timeout
        session = tls.Session(self._contexts.next())
        return securing.Handshake(
            session, transport, self._accept, _report, self._loop.time() + patience, patience
        )


def _report(sentence: str, _: Optional[BaseException]) -> None:
    """Note a handshake that failed. Anybody may connect and talk nonsense, so only who looks closely is told."""
    _LOGGER.debug("%s", sentence)
