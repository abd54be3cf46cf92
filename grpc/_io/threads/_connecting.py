"""Making a connection to one address without blocking."""

from __future__ import annotations

import errno
import os
import socket
import threading
from typing import TYPE_CHECKING, Callable, Dict, Optional

from grpc._io import contract, tunnel
from grpc._io.threads import _forking, _poller
from grpc._io.threads._transport import Transport

if TYPE_CHECKING:
    import ssl

    from grpc._io.threads._reactor import Reactor
    from grpc._values.security import ClientSecurity
    from grpc.framework.foundation.environment import Timer

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_IN_PROGRESS = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN)
# A Unix socket whose queue is full does not tell when there is room again; so it is asked every so many seconds.
_PAUSE = 0.01


class Connecting(contract.Attempt, _forking.Member):
    """One attempt at one address. Everything but `cancel` happens on the reactor's thread."""

    __slots__ = ("_address", "_attempts", "_closed", "_deadline", "_failed", "_lock", "_open", "_opened", "_over",
                 "_reactor", "_security", "_socket", "_timeout", "_timer", "_transport")  # fmt: skip

    def __init__(
        self,
        reactor: Reactor,
        address: contract.Address,
        open_connection: Callable[[contract.Transport], contract.Connection],
        failed: contract.Failed,
        security: Optional[ClientSecurity],
        timeout: float,
        opened: Callable[[Transport], None],
        closed: Callable[[Transport], None],
        attempts: Dict[Connecting, None],
    ) -> None:
        """Make an attempt; `start` begins it. The arguments are those of `Driver.connect`, and:

        Args:
          reactor: Watches the socket.
          opened: Called with the transport when it has its connection, so that callers may read it.
          closed: Called with the transport at its end, with its lock held.
          attempts: Those of the driver that have begun and not ended.
        """
        self._reactor = reactor
        self._address = address
        self._open = open_connection
        self._failed = failed
        self._security = security
        self._timeout = timeout
        self._deadline = reactor.time() + timeout
        self._opened = opened
        self._closed = closed
        self._attempts = attempts
        # Guards `_over`, which decides between `cancel` and a report.
        self._lock = threading.Lock()
        self._over = False
        self._socket: Optional[socket.socket] = None
        self._timer: Optional[Timer] = None
        self._transport: Optional[Transport] = None

    def start(self) -> None:
        """Begin; may be called from any thread."""
        self._attempts[self] = None
        self._reactor.members[self] = None
        self._reactor.call_soon(self._begin)

    def forgo(self) -> None:
        """Never begin; instead of `start`."""
        self._end()

    def cancel(self) -> None:
        if self._end():
            self._reactor.call_soon(self._drop)

    def _end(self) -> bool:
        """Enter the last state; tell whether it is this call that does."""
        with self._lock:
            over, self._over = self._over, True
        self._attempts.pop(self, None)
        self._reactor.members.pop(self, None)
        timer = self._timer
        if timer is not None:
            timer.cancel()
        return not over

    def _drop(self) -> None:
        """Close what has been opened."""
        sock, self._socket = self._socket, None
        if sock is not None:
            self._reactor.remove(sock.fileno())
            sock.close()
        if self._transport is not None:
            self._transport.close("the attempt was cancelled")

    # ------------------------------------------------------------ the socket

    def _begin(self) -> None:
        if self._over:
            return
        context: Optional[ssl.SSLContext] = None
        try:
            if self._security is not None:
                from grpc._io import tls_contexts  # not above: see `securable`

                context = tls_contexts.client_context(self._security)
            sock = socket.socket(self._address.family, socket.SOCK_STREAM)
        except (OSError, ValueError) as error:
            self._fail(_sentence(error), error)
            return
        sock.setblocking(False)
        self._socket = sock
        self._timer = self._reactor.call_at(self._deadline, self._time_is_up)
        self._connect(sock, context)

    def _connect(self, sock: socket.socket, context: Optional[ssl.SSLContext]) -> None:
        if sock is not self._socket:
            return  # given up between two tries
        try:
            code = sock.connect_ex(self._address.sockaddr)
        except (OSError, ValueError, OverflowError) as error:  # an address that no socket of this family takes
            self._fail(_sentence(error), error)
            return
        if code == 0:
            self._answered(sock, context)
        elif code not in _IN_PROGRESS:
            self._fail(os.strerror(code), OSError(code, os.strerror(code)))
        elif code == errno.EAGAIN and self._address.family not in _INTERNET:
            self._reactor.call_at(self._reactor.time() + _PAUSE, lambda: self._connect(sock, context))
        else:
            self._reactor.add(sock.fileno(), lambda _: self._on_ready(sock, context), _poller.WRITE)

    def _on_ready(self, sock: socket.socket, context: Optional[ssl.SSLContext]) -> None:
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0:
            try:
                peer = sock.getpeername()
            except OSError:
                return  # reported for nothing: it is not connected yet
            if self._address.family in _INTERNET and peer == sock.getsockname():
                # A port of the range from which the system gives out client ports can answer itself.
                code = errno.ECONNREFUSED
        if code:
            self._fail(os.strerror(code), OSError(code, os.strerror(code)))
        else:
            self._reactor.remove(sock.fileno())
            self._answered(sock, context)

    def _time_is_up(self) -> None:
        if self._transport is None:
            self._fail(f"no answer in {self._timeout:g} seconds", TimeoutError(errno.ETIMEDOUT, "timed out"))

    # ------------------------------------------------------------ the transport

    def _answered(self, sock: socket.socket, context: Optional[ssl.SSLContext]) -> None:
        self._socket = None
        if self._address.family in _INTERNET:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = self._transport = Transport(
            self._reactor, sock, self._address.name, callers_read=True, on_close=self._closed
        )
        if self._address.tunnel is not None:
            transport.run(
                tunnel.Tunnelling(
                    self._address.tunnel,
                    transport,
                    lambda _: self._handshake(transport, context) if context is not None else self._ready(transport),
                    self._report,
                    self._deadline,
                    self._timeout,
                )
            )
        elif context is not None:
            handshake = self._handshake(transport, context)
            if handshake is not None:
                transport.run(handshake)
        else:
            connection = self._open_connection(transport)
            if connection is not None:
                transport.run(connection)
                self._opened(transport)

    def _handshake(self, transport: Transport, context: ssl.SSLContext) -> Optional[contract.Connection]:
        """Make a handshake; None if that cannot be done, and the attempt has failed."""
        from grpc._io import securing, tls  # not above: see `securable`

        name = self._address.host
        if self._security is not None and self._security.server_name is not None:
            name = self._security.server_name
        try:
            session = tls.Session(context, name)
        except tls.TlsError as error:
            self._fail(error.reason, error.cause)
            return None
        return securing.Handshake(session, transport, self._ready, self._report, self._deadline, self._timeout)

    def _ready(self, transport: contract.Transport) -> Optional[contract.Connection]:
        """Make the connection, for a transport that has run another one before."""
        connection = self._open_connection(transport)
        if connection is not None and self._transport is not None:
            self._opened(self._transport)
        return connection

    def _open_connection(self, transport: contract.Transport) -> Optional[contract.Connection]:
        """Make the connection; None if the attempt was cancelled, and the transport is being closed."""
        return self._open(transport) if self._end() else None

    # ------------------------------------------------------------ failures

    def _fail(self, reason: str, cause: Optional[BaseException]) -> None:
        self._drop()
        self._report(f"{self._address.name}: {reason}", cause)

    def _report(self, sentence: str, cause: Optional[BaseException]) -> None:
        if self._end():
            self._failed(sentence, cause)

    def after_fork_in_child(self) -> Optional[Callable[[], None]]:
        self._lock = threading.Lock()
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()
        if self._over or self._transport is not None:
            return None  # a transport reports for itself
        return lambda: self._fail(_forking.FORKED, None)


def _sentence(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
