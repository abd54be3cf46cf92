"""Finding addresses and connecting to one: tasks on the loop that report one outcome, or none once given up."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import TYPE_CHECKING, Callable, List, Optional

from grpc._io import addresses, contract, securing, text_records, tls, tls_contexts, tunnel
from grpc._io.aio._environment import call_from_thread, on_another_thread
from grpc._io.aio._transport import Transport
from grpc._io.aio._words import what_happened

if TYPE_CHECKING:
    import ssl

    from grpc._io.aio._registry import Registry
    from grpc._values.connecting import ConfigLookup
    from grpc._values.security import ClientSecurity

# A Unix socket whose queue is full does not tell when there is room again; so it is asked every so many seconds.
_PAUSE = 0.01


class _Attempt(contract.Attempt):
    """What both kinds of attempt share: one outcome, unless they are cancelled first."""

    __slots__ = ("_failed", "_loop", "_over", "_task")

    def __init__(self, registry: Registry, failed: contract.Failed) -> None:
        self._loop = registry.loop
        self._failed = failed
        self._over = False
        self._task = registry.spawn(self._run())

    async def _run(self) -> None:
        raise NotImplementedError()

    def cancel(self) -> None:
        if self._over:
            return
        self._over = True
        if on_another_thread(self._loop):
            call_from_thread(self._loop, self._give_up)
        else:
            self._give_up()

    def _give_up(self) -> None:
        self._task.cancel()

    def _fail(self, sentence: str, cause: Optional[BaseException]) -> None:
        if not self._over:
            self._over = True
            self._failed(sentence, cause)


class Resolution(_Attempt):
    """One look for the addresses of a target, and for its TXT records beside it if somebody wants them."""

    __slots__ = ("_lookup", "_registry", "_resolved", "_target", "_texts")

    def __init__(
        self,
        registry: Registry,
        target: str,
        resolved: Callable[[contract.Answer], None],
        failed: contract.Failed,
        lookup: Optional[ConfigLookup],
    ) -> None:
        """Begin; the arguments are those of `contract.Driver.resolve`."""
        self._registry = registry
        self._target = target
        self._resolved = resolved
        self._lookup = lookup
        self._texts: contract.Texts = ()
        super().__init__(registry, failed)

    async def _run(self) -> None:
        try:
            found = addresses.literal(self._target)
        except ValueError as error:
            self._fail(str(error), error)
            return
        asking = None if self._lookup is None else self._registry.spawn(self._ask(self._lookup))
        try:
            found = found or await self._look_up()
            if asking is not None:
                await asking
        except (OSError, ValueError) as error:
            self._fail(f"cannot resolve {self._target!r}: {what_happened(error)}", error)
            return
        finally:
            if asking is not None:
                asking.cancel()  # nobody wants to know any more, unless it is over
        if not self._over:
            self._over = True
            self._resolved(contract.Answer(found, self._texts))

    async def _ask(self, lookup: ConfigLookup) -> None:
        self._texts = await text_records.ask_on_loop(lookup)

    async def _look_up(self) -> List[contract.Address]:
        """Ask the name service; the loop has a thread of its default executor wait for the answer."""
        host, port = addresses.split_host_port(addresses.split_target(self._target)[1], addresses.DEFAULT_PORT)
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # As `addresses.resolve` does: a name service may repeat itself; the order is its advice and stays.
        return list(
            dict.fromkeys(
                contract.Address(int(entry[0]), entry[4], addresses.show(entry[0], entry[4]), host) for entry in found
            )
        )


class Connecting(_Attempt):
    """One attempt at one address: a socket, and a TLS handshake if that is asked for."""

    __slots__ = ("_address", "_deadline", "_open", "_registry", "_security", "_timed_out", "_timeout", "_transport")

    def __init__(
        self,
        registry: Registry,
        address: contract.Address,
        open_connection: Callable[[contract.Transport], contract.Connection],
        failed: contract.Failed,
        security: Optional[ClientSecurity],
        timeout: float,
    ) -> None:
        """Begin; the arguments are those of `contract.Driver.connect`."""
        self._registry = registry
        self._address = address
        self._open = open_connection
        self._security = security
        self._timeout = timeout
        self._deadline = registry.loop.time() + timeout
        self._timed_out = False
        self._transport: Optional[Transport] = None
        super().__init__(registry, failed)

    async def _run(self) -> None:
        timer = self._loop.call_at(self._deadline, self._time_is_up)
        name = self._address.name
        try:
            await self._connect()
        except asyncio.CancelledError:
            if not self._timed_out:
                raise
            error = TimeoutError(errno.ETIMEDOUT, "timed out")
            self._fail(f"{name}: no answer in {self._timeout:g} seconds", error)
        except tls.TlsError as error:
            self._fail(f"{name}: {error.reason}", error.cause)
        except (OSError, ValueError, OverflowError) as error:
            self._fail(f"{name}: {what_happened(error)}", error)
        finally:
            timer.cancel()

    def _time_is_up(self) -> None:
        if self._transport is None:
            self._timed_out = True
            self._task.cancel()

    def _give_up(self) -> None:
        if self._transport is None:
            self._task.cancel()
        else:
            self._transport.close("the attempt was cancelled")

    # ------------------------------------------------------------ the socket

    async def _connect(self) -> None:
        session: Optional[tls.Session] = None
        if self._security is not None:
            session = self._session(tls_contexts.client_context(self._security), self._security.server_name)
        sock = socket.socket(self._address.family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            await self._reach(sock)
            await self._registry.open_transport(
                sock, Transport(self._registry, self._address.name, lambda transport: self._opened(transport, session))
            )
        except BaseException:
            sock.close()
            raise

    async def _reach(self, sock: socket.socket) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await self._loop.sock_connect(sock, self._address.sockaddr)
            except OSError as error:
                # The loop has put words of its own in the place of the system's.
                if error.errno is None:
                    raise
                raise OSError(error.errno, os.strerror(error.errno)) from error
            if sock.getsockname() == sock.getpeername():
                # A port of the range from which the system gives out client ports can connect to itself.
                raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
            return
        while True:
            try:
                sock.connect(self._address.sockaddr)
            except BlockingIOError:  # noqa: PERF203  # seldom more than once
                await asyncio.sleep(_PAUSE)
            else:
                return

    # ------------------------------------------------------------ the transport

    def _session(self, context: ssl.SSLContext, server_name: Optional[str]) -> tls.Session:
        return tls.Session(context, self._address.host if server_name is None else server_name)

    def _opened(self, transport: Transport, session: Optional[tls.Session]) -> Optional[contract.Connection]:
        """Bytes can flow: shake hands first, or open the connection proper."""
        if self._over:
            return None
        self._transport = transport
        if self._address.tunnel is None:
            return self._begin(transport, session)
        return tunnel.Tunnelling(
            self._address.tunnel,
            transport,
            lambda _: None if self._over else self._begin(transport, session),
            self._fail,
            self._deadline,
            self._timeout,
        )

    def _begin(self, transport: Transport, session: Optional[tls.Session]) -> contract.Connection:
        """Nothing stands between this side and the target any more."""
        if session is None:
            return self._open_connection(transport)
        return securing.Handshake(
            session, transport, self._open_connection, self._fail, self._deadline, self._timeout
        )

    def _open_connection(self, transport: contract.Transport) -> contract.Connection:
        self._over = True
        return self._open(transport)
