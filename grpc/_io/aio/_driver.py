"""The asyncio driver as the layers above see it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Callable, Optional

from grpc._io import contract
from grpc._io.aio._connecting import Connecting, Resolution
from grpc._io.aio._environment import Environment, call_from_thread
from grpc._io.aio._listening import Listener
from grpc._io.aio._registry import Latch, Registry

if TYPE_CHECKING:
    from grpc._values.connecting import ConfigLookup
    from grpc._values.security import ClientSecurity, ServerSecurity


Loop = asyncio.AbstractEventLoop


class Driver(contract.Driver):
    """Sockets on one event loop, for one channel or one server. Used on the loop's thread only."""

    def __init__(self, loop: Loop) -> None:
        """Make a driver; nothing runs on the loop yet."""
        self._registry = Registry(loop)
        self.environment: Environment = Environment(loop)

    def resolve(
        self,
        target: str,
        resolved: Callable[[contract.Answer], None],
        failed: contract.Failed,
        lookup: Optional[ConfigLookup] = None,
    ) -> contract.Attempt:
        return Resolution(self._registry, target, resolved, failed, lookup)

    def connect(
        self,
        address: contract.Address,
        open_connection: Callable[[contract.Transport], contract.Connection],
        failed: contract.Failed,
        security: Optional[ClientSecurity] = None,
        timeout: float = contract.CONNECT_TIMEOUT,
    ) -> contract.Attempt:
        return Connecting(self._registry, address, open_connection, failed, security, timeout)

    def listen(
        self,
        address: str,
        security: Optional[ServerSecurity] = None,
        *,
        so_reuseport: bool = False,
        handshake_timeout: float = contract.HANDSHAKE_TIMEOUT,
    ) -> contract.Listener:
        return Listener(self._registry, address, security, so_reuseport, handshake_timeout)

    def call_soon(self, action: Callable[[], object]) -> None:
        """Run an action on the loop, soon and in the order of the calls; from any thread.

        Nothing happens if the loop has been closed.
        """
        call_from_thread(self._registry.loop, action)

    def latch(self) -> Latch:
        """Make something that can be awaited on the driver's loop."""
        return Latch(self._registry.loop)

    def close(self) -> None:
        """Give up what is under way. Nothing of it is left on the loop once `wait_closed` has returned."""
        self._registry.close()

    async def wait_closed(self) -> None:
        """Wait until every transport, listener and task of this driver is gone; `close` comes before.

        Transports have a second to say goodbye; then they are torn down.
        """
        await self._registry.wait_empty()


def driver(loop: Optional[Loop] = None) -> Driver:
    """Make a driver.

    Args:
      loop: Where everything runs; None for the loop that runs in this thread.

    Raises:
      RuntimeError: No loop is given, and none runs.
    """
    return Driver(asyncio.get_running_loop() if loop is None else loop)
