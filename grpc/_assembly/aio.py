"""Client and server sides on an event loop: the layers of `client` and `server` over the asyncio driver.

Nothing here starts a thread. Crust has no pool: a service's methods are called on the loop, inside the delivery of
their request, so they have to be of the event style (or inline, if they never wait), and whoever needs a task makes
one there. Everything is used on the loop's thread, but for the ends that join a server to clients in memory, whose
tickets come from any thread and are taken to the loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, List, Optional, Union

from grpc._assembly import client
from grpc._assembly._limiting import LimitingServicer
from grpc._io import aio
from grpc._io.addresses import default_authority
from grpc._links import invocation, service
from grpc._values import channel_arguments
from grpc.framework.core import implementations as core
from grpc.framework.crust import implementations as crust
from grpc.framework.interfaces.links import links, utilities

if TYPE_CHECKING:
    from grpc._assembly import server as threaded
    from grpc._io import contract
    from grpc._values.compression import Compression
    from grpc._values.security import ClientSecurity, ServerSecurity
    from grpc.framework.core._end import End
    from grpc.framework.foundation.environment import Timer
    from grpc.framework.interfaces.base import base
    from grpc.framework.interfaces.face import face

# How long a stopping server waits for its clients to read what it still has for them, in seconds, after the grace.
_PATIENCE = 1.0


class ClientSide(client.ClientSide):
    """What an asynchronous channel stands on."""

    def __init__(
        self,
        end: base.End,
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
      target, user_agent, options, compression, security: As for `client.over_http2`.

    Raises:
      TypeError, ValueError: A channel argument is wrong, see `channel_arguments.parse`.
      RuntimeError: No loop is given and none runs.
    """
    settings = channel_arguments.parse(options, channel_arguments.CLIENT)
    authority = settings.text("grpc.default_authority")
    if security is not None:
        override = settings.text("grpc.ssl_target_name_override")
        if override is not None:
            security = security._replace(server_name=override)
            authority = authority or override
    authority = authority or default_authority(target)
    agents = (settings.text("grpc.primary_user_agent"), user_agent, settings.text("grpc.secondary_user_agent"))
    limits = settings.limits
    if compression is not None:
        limits = limits._replace(compression=int(compression))
    headers = invocation.RequestHeaders(
        "http" if security is None else "https", authority, " ".join(filter(None, agents))
    )
    driver = aio.driver(loop)
    link = invocation.InvocationLink(driver, target, headers, limits, settings.connecting, security, settings.keepalive)
    end = core.invocation_end_link(driver.environment)
    utilities.join(end, link)
    end.start()
    return ClientSide(end, link, driver, authority)


def in_memory(loop: Optional[aio.Loop], server: Union[ServerSide, threaded.ServerSide]) -> ClientSide:
    """A client side joined to a server in this process, whichever threads that runs in; nothing is encoded.

    Args:
      loop: Where the client side lives; None for the running loop.
      server: The server side; one on a loop, this one or another, or one that runs in threads.

    Raises:
      RuntimeError: No loop is given and none runs.
    """
    driver = aio.driver(loop)
    end = core.invocation_end_link(driver.environment)
    utilities.join(_OntoLoop(end, driver), server.another_end())
    end.start()
    return ClientSide(end, client.InMemory(driver.environment), driver, "inproc")


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


class ServerSide:
    """What an asynchronous server stands on: one End over HTTP/2, and one for every client side in this process."""

    def __init__(
        self,
        loop: Optional[aio.Loop],
        multi_method: face.MultiMethodImplementation,
        options: client.Options,
        maximum_concurrent_rpcs: Optional[int],
        compression: Optional[Compression],
    ) -> None:
        """Make a server side.

        Args:
          loop: Where it lives; None for the running loop.
          multi_method: Serves, on the loop.
          options: Channel arguments.
          maximum_concurrent_rpcs: How many operations to serve at once, over all ways in; None for any number.
          compression: How to compress responses; None for what the channel arguments say.

        Raises:
          TypeError, ValueError: A channel argument is wrong, see `channel_arguments.parse`.
          RuntimeError: No loop is given and none runs.
        """
        settings = channel_arguments.parse(options, channel_arguments.SERVER)
        limits = settings.limits
        if compression is not None:
            limits = limits._replace(compression=int(compression))
        self._settings = settings
        self._driver = aio.driver(loop)
        self._servicer: base.Servicer = crust.servicer({}, multi_method, None, self._driver.environment)
        if maximum_concurrent_rpcs is not None:
            self._servicer = LimitingServicer(self._servicer, maximum_concurrent_rpcs)
        self._link = service.ServiceLink(limits, self._driver.environment.time, settings.server)
        self._listeners: List[contract.Listener] = []
        self._started = False
        self._stopping = False
        self._stopped = self._driver.latch()
        self._ends: List[End] = []
        self._unfinished = 0
        self._timers: List[Timer] = []
        utilities.join(self._link, self._make_end())

    def _make_end(self) -> End:
        end = core.service_end_link(self._servicer, None, None, self._driver.environment)
        self._ends.append(end)
        if self._started and not self._stopping:
            end.start()
        return end

    def another_end(self) -> links.Link:
        """A further End with the same servicer, for a client side in this process, be that in another thread."""
        return _OntoLoop(self._make_end(), self._driver)

    def add_port(self, address: str, security: Optional[ServerSecurity]) -> int:
        """Bind an address; connections are accepted once the server side has started.

        A host name is looked up here and now, which blocks the loop; literal addresses do not.

        Returns:
          The port.

        Raises:
          ValueError: The address cannot be understood.
          OSError: It cannot be bound.
        """
        listener = self._driver.listen(
            address,
            security,
            so_reuseport=bool(self._settings.number("grpc.so_reuseport")),
            handshake_timeout=self._settings.server.handshake_timeout,
        )
        self._listeners.append(listener)
        if self._started and not self._stopping:
            listener.start(self._link.accept_transport)
        return listener.port

    def start(self) -> None:
        """Accept connections and serve.

        Raises:
          ValueError: It has been started before.
        """
        if self._started:
            raise ValueError("Cannot start already-started server: make another one")
        self._started = True
        for end in self._ends:
            end.start()
        for listener in self._listeners:
            listener.start(self._link.accept_transport)

    def stop(self, grace: Optional[float]) -> None:
        """Refuse new RPCs at once, give running ones `grace` seconds, then abort them. Does not wait.

        May be called again, to stop sooner.
        """
        first = not self._stopping
        self._stopping = True
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener.close()
        if first:
            # What has to end before all is over: the connections, and every End.
            self._unfinished = 1 + len(self._ends)
            self._link.go_away(self._one_finished)
        for end in list(self._ends):
            end.stop(grace)
            if first:
                end.add_idle_action(self._one_finished)
        if not grace:
            self._link.hurry()
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

    def _one_finished(self) -> None:
        self._unfinished -= 1
        if self._unfinished == 0:
            for timer in self._timers:
                timer.cancel()
            self._driver.close()
            self._stopped.set()
