"""Client and server sides on an event loop: the layers of `client` and `server` over the asyncio driver.

Nothing here starts a thread. Crust has no pool: a service's methods are called on the loop, inside the delivery of
their request, so they have to be of the event style (or inline, if they never wait), and whoever needs a task makes
one there. Everything is used on the loop's thread, but for the ends that join a server to clients in memory, whose
tickets come from any thread and are taken to the loop.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Optional, Tuple, Union

from grpc._assembly import _connecting, _serving, client
from grpc._io import aio
from grpc.framework.core import implementations as core
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc._links import invocation
    from grpc._values.compression import Compression
    from grpc._values.security import ClientSecurity
    from grpc.framework.core._end import End
    from grpc.framework.foundation.environment import Timer
    from grpc.framework.interfaces.face import face

# How long a stopping server waits for its clients to read what it still has for them, in seconds, after the grace.
_PATIENCE = 1.0


class ClientSide(client.ClientSide):
    """What an asynchronous channel stands on."""

    def __init__(
        self,
        end: End,
        link: Union[invocation.InvocationLink, client.InMemory],
        driver: aio.Driver,
        authority: str,
    ) -> None:
        super().__init__(end, link, driver, None, authority)
        self._loop_driver = driver

    def drain(self, grace: float, drained: Callable[[], None]) -> None:
        """Take no more RPCs, and abort those that run longer than a time. Does not wait; `close` comes after.

        Args:
          grace: Seconds.
          drained: Called when no RPC runs any more; at once if none does.
        """
        self._end.stop(grace)
        self._end.add_idle_action(drained)

    async def wait_closed(self) -> None:
        """Wait until nothing of it is left on the loop; `close` comes before."""
        await self._loop_driver.wait_closed()


def over_http2(
    loop: Optional[aio.Loop],
    target: str,
    user_agent: str,
    options: client.Options,
    compression: Optional[Compression],
    security: Optional[ClientSecurity],
) -> ClientSide:
    """A client side over TCP or a Unix socket. Nothing is connected until the first RPC.

    Args:
      loop: Where it lives; None for the running loop.
      target, user_agent, options, compression, security: As for `_connecting.over_http2`.

    Raises:
      TypeError, ValueError: A channel argument is wrong.
      RuntimeError: No loop is given and none runs.
    """
    end, link, driver, authority = _connecting.over_http2(
        lambda: aio.driver(loop), target, user_agent, options, compression, security
    )
    return ClientSide(end, link, driver, authority)


def in_memory(loop: Optional[aio.Loop], server: _serving.ServerSide[Any]) -> ClientSide:
    """A client side joined to a server in this process, whichever threads that runs in; nothing is encoded.

    Args:
      loop: Where the client side lives; None for the running loop.
      server: The server side; one on a loop, this one or another, or one that runs in threads.

    Raises:
      RuntimeError: No loop is given and none runs.
    """
    driver = aio.driver(loop)
    end = core.invocation_end_link(driver.environment)
    link = client.InMemory(driver.environment, server.join_in_memory(_OntoLoop(end, driver)))
    end.start()
    return ClientSide(end, link, driver, "inproc")


class _OntoLoop(links.Link):
    """An End on a loop as others see it: whatever thread a ticket comes from, it arrives on the loop, in order."""

    __slots__ = ("_driver", "_end")

    def __init__(self, end: End, driver: aio.Driver) -> None:
        self._end = end
        self._driver = driver

    def accept_ticket(self, ticket: links.Ticket) -> None:
        self._driver.call_soon(lambda: self._end.accept_ticket(ticket))

    def join_link(self, link: links.Link) -> None:
        self._end.join_link(link)


class ServerSide(_serving.ServerSide[aio.Driver]):
    """What an asynchronous server stands on: one End over HTTP/2, and one for every client side in this process.

    One that is dropped stops by itself.
    """

    def __init__(
        self,
        loop: Optional[aio.Loop],
        multi_method: face.MultiMethodImplementation,
        options: client.Options,
        maximum_concurrent_rpcs: Optional[int],
        compression: Optional[Compression],
        *,
        method_implementations: Optional[Mapping[Tuple[str, str], face.MethodImplementation]] = None,
        default_timeout: Optional[float] = None,
        maximum_timeout: Optional[float] = None,
        ended: Optional[Callable[[], None]] = None,
    ) -> None:
        """Make a server side.

        Args:
          loop: Where it lives, and where `multi_method` and the implementations serve; None for the running loop.

        The other arguments, and what is raised, are those of `_serving.ServerSide`, and:

        Raises:
          RuntimeError: No loop is given and none runs.
        """
        super().__init__(
            lambda: aio.driver(loop),
            multi_method,
            None,
            options,
            maximum_concurrent_rpcs,
            compression,
            method_implementations,
            default_timeout,
            maximum_timeout,
            ended,
        )
        self._stopped = self._driver.latch()
        self._timers: List[Timer] = []

    def _seen_by_clients(self, end: End) -> links.Link:
        return _OntoLoop(end, self._driver)

    def join_in_memory(self, client: links.Link) -> Callable[[], None]:
        return functools.partial(self._driver.call_soon, super().join_in_memory(client))

    def __del__(self) -> None:
        # Nobody can stop it any more.
        if not self._stopping:
            self._driver.environment.call_from_finalizer(functools.partial(self.stop, None))

    def stop(self, grace: Optional[float]) -> None:
        """Refuse new RPCs at once, give running ones `grace` seconds, then abort them. Does not wait.

        May be called again, to stop sooner.
        """
        self._begin_to_stop(grace)
        if not self._stopped.is_set:
            environment = self._driver.environment
            over = environment.time() + (grace or 0.0)
            if grace:
                self._timers.append(environment.call_at(over, self._link.hurry))
            self._timers.append(environment.call_at(over + _PATIENCE, self._link.close))

    async def wait_stopped(self) -> None:
        """Wait until everything has ended, and nothing of it is left on the loop."""
        await self._stopped.wait()
        await self._driver.wait_closed()

    def _finish(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._stopped.set()
