"""The threads driver as the layers above see it, and the environment it gives to their Ends."""

from __future__ import annotations

import time
from typing import Callable, List, Optional

from grpc._io import contract
from grpc._io.threads._connecting import Attempt
from grpc._io.threads._listening import Listener
from grpc._io.threads._reactor import Reactor
from grpc._io.threads._transport import Transport
from grpc.framework.foundation import environment


class _Environment(environment.Environment):
    """Timers of a reactor, customers' code on its callback thread, waits that read the channel's own connection."""

    __slots__ = ("_reactor", "transport")

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self.transport: Optional[Transport] = None
        """The connection that a waiting thread may read: the channel's newest."""

    def time(self) -> float:
        return time.monotonic()

    def call_at(self, when: float, action: Callable[[], None]) -> environment.Timer:
        return self._reactor.call_at(when, action)

    def execute(self, action: Callable[[], None]) -> None:
        self._reactor.execute(action)

    def wait(self, waiter: environment.Waiter, deadline: Optional[float] = None) -> bool:
        transport = self.transport
        if transport is None:
            return environment.wait_on_lock(self, waiter, deadline)
        return transport.wait(self, waiter, deadline)


class Driver(contract.Driver):
    """Sockets on one reactor, held from the driver's making to its `close`."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self.environment: _Environment = _Environment(reactor)
        self._listeners: List[Listener] = []
        self._closed = False
        reactor.acquire()

    def connect(
        self,
        target: str,
        open_connection: Callable[[contract.Transport], contract.Connection],
        failed: Callable[[str, Optional[BaseException]], None],
    ) -> Attempt:
        def connected(sock: object, peer: str) -> None:
            transport = Transport(self._reactor, sock, peer, callers_read=True)  # type: ignore[arg-type]
            transport.run(open_connection(transport))
            self.environment.transport = transport

        attempt = Attempt(self._reactor, target, connected, failed)
        attempt.start()
        return attempt

    def listen(self, address: str) -> Listener:
        return Listener(self._reactor, address)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
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


