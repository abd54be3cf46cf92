"""The threads driver as the layers above see it, and the environment it gives to their Ends."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable, Dict, Optional

from grpc._io import contract
from grpc._io.threads._connecting import Connecting
from grpc._io.threads._listening import Listener
from grpc._io.threads._reactor import Reactor
from grpc._io.threads._resolving import Resolution
from grpc.framework.foundation import environment

if TYPE_CHECKING:
    from grpc._io.threads._transport import Transport
    from grpc._values.connecting import ConfigLookup
    from grpc._values.security import ClientSecurity, ServerSecurity


class Environment(environment.Environment):
    """Timers of a reactor, customers' code on its callback thread, waits that read the channel's own connection."""

    __slots__ = ("_reactor", "_transport", "_transports")

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        # The connection that a waiting thread may read: the channel's newest.
        self._transport: Optional[Transport] = None
        # Those that are open, in order. Changed by single steps, without a lock: a transport in a forked process says
        # goodbye here, and must not find a lock that a thread of the parent's holds.
        self._transports: Dict[Transport, None] = {}

    def time(self) -> float:
        return self._reactor.time()

    def call_at(self, when: float, action: Callable[[], None]) -> environment.Timer:
        return self._reactor.call_at(when, action)

    def execute(self, action: Callable[[], None]) -> None:
        self._reactor.execute(action)

    def call_from_finalizer(self, action: Callable[[], object]) -> None:
        self._reactor.call_from_finalizer(action)

    def wait(self, waiter: environment.Waiter, deadline: Optional[float] = None) -> bool:
        transport = self._transport
        if transport is None:
            return environment.wait_on_lock(self, waiter, deadline)
        return transport.wait(self, waiter, deadline)

    def transport_opened(self, transport: Transport) -> None:
        """Have waiting threads read a transport from now on, and the reactor the one that they have read so far."""
        self._transports[transport] = None
        former, self._transport = self._transport, transport
        if former is not None:
            former.callers_come = False
            former.watch_if_left()
        if transport.closed:  # and perhaps it was so before this began
            self.transport_closed(transport)

    def transport_closed(self, transport: Transport) -> None:
        """Forget a transport. May be called again."""
        self._transports.pop(transport, None)
        if self._transport is transport:
            left = list(self._transports)
            newest = left[-1] if left else None
            if newest is not None:
                newest.callers_come = True
            self._transport = newest


class Driver(contract.Driver):
    """Sockets on one reactor, held from the driver's making to its `close`."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self.environment: Environment = Environment(reactor)
        # Guards `_closed`, and that no attempt begins after it is set. Attempts strike themselves without it, by one
        # step on the dictionary.
        self._lock = threading.Lock()
        self._closed = False
        self._attempts: Dict[Connecting, None] = {}
        reactor.acquire()

    def resolve(
        self,
        target: str,
        resolved: Callable[[contract.Answer], None],
        failed: contract.Failed,
        lookup: Optional[ConfigLookup] = None,
    ) -> Resolution:
        resolution = Resolution(self._reactor, target, resolved, failed, lookup)
        resolution.start()
        return resolution

    def connect(
        self,
        address: contract.Address,
        open_connection: Callable[[contract.Transport], contract.Connection],
        failed: contract.Failed,
        security: Optional[ClientSecurity] = None,
        timeout: float = contract.CONNECT_TIMEOUT,
    ) -> Connecting:
        attempt = Connecting(
            self._reactor,
            address,
            open_connection,
            failed,
            security,
            timeout,
            self.environment.transport_opened,
            self.environment.transport_closed,
            self._attempts,
        )
        with self._lock:
            if self._closed:
                attempt.forgo()  # and nobody hears of it: its owner is about to cancel it
            else:
                attempt.start()
        return attempt

    def listen(
        self,
        address: str,
        security: Optional[ServerSecurity] = None,
        *,
        so_reuseport: bool = False,
        handshake_timeout: float = contract.HANDSHAKE_TIMEOUT,
    ) -> Listener:
        return Listener(self._reactor, address, security, so_reuseport, handshake_timeout)

    def close(self) -> None:
        with self._lock:
            closed, self._closed = self._closed, True
        # Their owner may not have come to hold them yet, and cancel them late: now there is still a thread to do it.
        for attempt in list(self._attempts):
            attempt.cancel()
        if not closed:
            self._reactor.release()
        self._reactor.join()


# One for all client channels of the process; its thread lives while some driver holds it.
_CLIENTS = Reactor("grpc-client-reactor")


def client_driver() -> Driver:
    """A driver for one channel."""
    return Driver(_CLIENTS)


def server_driver() -> Driver:
    """A driver for one server, with a reactor of its own."""
    return Driver(Reactor("grpc-server-reactor"))
