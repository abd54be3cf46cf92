"""Making a connection without blocking: resolve, then try the addresses one after another."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Callable, List, Optional

from grpc._io import addresses, contract
from grpc._io.threads import _poller

if TYPE_CHECKING:
    from grpc._io.threads._reactor import Reactor
    from grpc.framework.foundation.environment import Timer

# What one address is given to answer, in seconds: the minimum that the connection backoff document asks for.
CONNECT_TIMEOUT = 20.0

Connected = Callable[[socket.socket, str], None]
Failed = Callable[[str, Optional[BaseException]], None]


class Attempt(contract.Attempt):
    """One pass over the addresses of a target. Everything but `cancel` happens on the reactor's thread."""

    def __init__(self, reactor: Reactor, target: str, connected: Connected, failed: Failed) -> None:
        """Make an attempt; `start` begins it.

        Args:
          reactor: Watches the sockets.
          target: Where to.
          connected: Called with the socket and its peer's name when one address has answered.
          failed: Called with a sentence and the last error when none has.
        """
        self._reactor = reactor
        self._target = target
        self._connected = connected
        self._failed = failed
        # Guards `_over`, which decides between `cancel` and a report.
        self._lock = threading.Lock()
        self._over = False
        self._left: List[addresses.Address] = []
        self._faults: List[str] = []
        self._cause: Optional[BaseException] = None
        self._socket: Optional[socket.socket] = None
        self._timer: Optional[Timer] = None

    def start(self) -> None:
        """Begin; may be called from any thread."""
        self._reactor.call_soon(self._resolve)

    def cancel(self) -> None:
        with self._lock:
            self._over = True
        self._reactor.call_soon(self._drop_socket)

    # ------------------------------------------------------------ resolution

    def _resolve(self) -> None:
        try:
            found = addresses.literal(self._target)
        except ValueError as error:
            self._fail(str(error), error)
            return
        if found:
            self._try_addresses(found)
            return
        # A name service may take long, and the reactor must not; the thread ends with its one answer.
        threading.Thread(target=self._look_up, name="grpc-resolver", daemon=True).start()

    def _look_up(self) -> None:
        try:
            found = addresses.resolve(self._target)
        except (OSError, UnicodeError, ValueError) as error:
            cause = error
            reason = f"cannot resolve {self._target!r}: {getattr(error, 'strerror', None) or error}"
            self._reactor.call_soon(lambda: self._fail(reason, cause))
        else:
            self._reactor.call_soon(lambda: self._try_addresses(found))

    # ------------------------------------------------------------ addresses

    def _try_addresses(self, found: List[addresses.Address]) -> None:
        self._left = list(reversed(found))
        self._try_next()

    def _try_next(self) -> None:
        while self._left and not self._over:
            address = self._left.pop()
            try:
                sock = socket.socket(address.family, socket.SOCK_STREAM)
            except OSError as error:
                self._note(address, error)
                continue
            sock.setblocking(False)
            code = sock.connect_ex(address.sockaddr)
            if code == 0:
                self._succeed(sock, address)
                return
            if code not in (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN):
                sock.close()
                self._note(address, OSError(code, os.strerror(code)))
                continue
            self._socket = sock
            self._reactor.add(sock.fileno(), lambda _: self._answered(sock, address), _poller.WRITE)
            self._timer = self._reactor.call_at(
                time.monotonic() + CONNECT_TIMEOUT, lambda: self._timed_out(sock, address)
            )
            return
        if not self._over:
            self._fail(f"failed to connect to {self._target!r}: {'; '.join(self._faults)}", self._cause)

    def _answered(self, sock: socket.socket, address: addresses.Address) -> None:
        if sock is not self._socket:
            return
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self._release(sock)
        if code == 0:
            self._succeed(sock, address)
        else:
            sock.close()
            self._note(address, OSError(code, os.strerror(code)))
            self._try_next()

    def _timed_out(self, sock: socket.socket, address: addresses.Address) -> None:
        if sock is self._socket:
            self._release(sock)
            sock.close()
            self._note(address, TimeoutError(errno.ETIMEDOUT, f"no answer in {CONNECT_TIMEOUT:g} seconds"))
            self._try_next()

    def _release(self, sock: socket.socket) -> None:
        """Stop watching a socket, whatever becomes of it."""
        self._socket = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._reactor.remove(sock.fileno())

    def _drop_socket(self) -> None:
        sock = self._socket
        if sock is not None:
            self._release(sock)
            sock.close()

    def _note(self, address: addresses.Address, error: OSError) -> None:
        self._faults.append(f"{address.name}: {error.strerror}")
        self._cause = error

    # ------------------------------------------------------------ reports

    def _succeed(self, sock: socket.socket, address: addresses.Address) -> None:
        with self._lock:
            cancelled, self._over = self._over, True
        if cancelled:
            sock.close()
            return
        if address.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connected(sock, address.name)

    def _fail(self, reason: str, cause: Optional[BaseException]) -> None:
        with self._lock:
            cancelled, self._over = self._over, True
        if not cancelled:
            self._failed(reason, cause)
