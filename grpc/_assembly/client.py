"""Invocation sides: an End with everything beneath it, and one way to close it all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Tuple, Union

from grpc._io import threads
from grpc._io.addresses import default_authority
from grpc._links import invocation
from grpc._links._connectivity import Connectivity
from grpc._links._section import Section
from grpc._links._service_config import NO_SERVICE_CONFIG
from grpc._values import channel_arguments
from grpc._values.connectivity import ChannelConnectivity
from grpc.framework.core import implementations as core
from grpc.framework.crust import implementations as crust
from grpc.framework.foundation import environment
from grpc.framework.interfaces.links import utilities

if TYPE_CHECKING:
    from concurrent import futures

    from grpc._assembly.server import ServerSide
    from grpc._io import contract
    from grpc._links._service_config import MethodConfig
    from grpc._values.compression import Compression
    from grpc._values.security import ClientSecurity
    from grpc.framework.foundation.environment import Environment
    from grpc.framework.interfaces.base import base
    from grpc.framework.interfaces.face import face

Options = Sequence[Tuple[str, Any]]


class InMemory:
    """The connectivity of a channel that is joined to its server: READY from the beginning to the end."""

    service_config = NO_SERVICE_CONFIG

    def __init__(self, environment: Environment) -> None:
        self._section = Section()
        self._connectivity = Connectivity(self._section, environment)
        self._change(ChannelConnectivity.READY)

    def state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        return self._connectivity.state

    def watch(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        with self._section:
            self._connectivity.watch(callback)

    def unwatch(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        with self._section:
            self._connectivity.unwatch(callback)

    def close(self) -> None:
        self._change(ChannelConnectivity.SHUTDOWN)

    def _change(self, state: ChannelConnectivity) -> None:
        with self._section:
            self._connectivity.change(state)


class ClientSide:
    """What a channel stands on."""

    def __init__(
        self,
        end: base.End,
        link: Union[invocation.InvocationLink, InMemory],
        driver: Optional[contract.Driver],
        pool: Optional[futures.Executor],
        authority: str,
    ) -> None:
        self.authority = authority
        self._end = end
        self._link = link
        self._driver = driver
        # Guards `_closed`.
        self._lock = threading.Lock()
        self._closed = False
        self.stub: face.GenericStub = crust.generic_stub(end, pool)

    def another_stub(self, pool: Optional[futures.Executor]) -> face.GenericStub:
        """A stub that draws requests from iterators, and calls receivers, in a pool of its own."""
        return crust.generic_stub(self._end, pool)

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    def state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        """The state of the channel now; see `InvocationLink.state`."""
        return self._link.state(try_to_connect)

    def watch(self, callback: Callable[[ChannelConnectivity], None], try_to_connect: bool = False) -> None:
        """Have a callback called with the state now and with each that follows; see `InvocationLink.watch`.

        Args:
          callback: Called where the driver executes customers' code.
          try_to_connect: Whether to connect if nothing has been done about it yet.
        """
        self._link.watch(callback)
        if try_to_connect:
            self._link.state(try_to_connect=True)

    def unwatch(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        """Call a callback no more; no error if nobody knows it."""
        self._link.unwatch(callback)

    def method_config(self, group: str, method: str) -> MethodConfig:
        """What the service config prescribes for a method: its timeout is for the caller to keep, the rest is kept."""
        return self._link.service_config.method(group, method)

    def close(self) -> None:
        """End all RPCs as cancelled by this side, close the connection, end the threads. May be called again."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._end.stop(0)
        self._link.close()
        if self._driver is not None:
            self._driver.close()


def over_http2(
    target: str,
    user_agent: str,
    options: Options,
    compression: Optional[Compression],
    security: Optional[ClientSecurity],
    pool: Optional[futures.Executor],
) -> ClientSide:
    """A client side over TCP or a Unix socket. Nothing is connected until the first RPC.

    Args:
      target: Where to connect to; see `grpc._io.addresses`.
      user_agent: Of the requests.
      options: Channel arguments.
      compression: How to compress requests; None not to.
      security: How to speak TLS; None for plaintext.
      pool: Where requests are drawn from iterators.

    Raises:
      TypeError, ValueError: A channel argument is wrong, see `channel_arguments.parse`.
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
    driver = threads.client_driver()
    link = invocation.InvocationLink(driver, target, headers, limits, settings.connecting, security, settings.keepalive)
    end = core.invocation_end_link(driver.environment)
    utilities.join(end, link)
    end.start()
    return ClientSide(end, link, driver, pool, authority)


def in_memory(server: ServerSide, pool: Optional[futures.Executor]) -> ClientSide:
    """A client side joined to a server in this process: tickets pass from End to End, and nothing is encoded."""
    end = core.invocation_end_link()
    utilities.join(end, server.another_end())
    end.start()
    return ClientSide(end, InMemory(environment.default()), None, pool, "inproc")
