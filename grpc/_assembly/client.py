"""Invocation sides: an End with everything beneath it, and one way to close it all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Optional

from grpc._io import threads
from grpc._io.addresses import default_authority
from grpc._links import invocation
from grpc.framework.core import implementations as core
from grpc.framework.crust import implementations as crust
from grpc.framework.interfaces.links import utilities

if TYPE_CHECKING:
    from grpc._assembly.server import ServerSide
    from grpc._io import contract
    from grpc._values.limits import Limits
    from grpc.framework.interfaces.base import base
    from grpc.framework.interfaces.face import face


class ClientSide:
    """What a channel stands on."""

    def __init__(
        self, end: base.End, link: Optional[invocation.InvocationLink], driver: Optional[contract.Driver]
    ) -> None:
        self._end = end
        self._link = link
        self._driver = driver
        # Guards `_closed`.
        self._lock = threading.Lock()
        self._closed = False
        self.stub: face.GenericStub = crust.generic_stub(end, None)

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    def close(self) -> None:
        """End all RPCs as cancelled by this side, close the connection, end the threads. May be called again."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._end.stop(0)
        if self._link is not None:
            self._link.close()
        if self._driver is not None:
            self._driver.close()


def over_http2(target: str, user_agent: str, limits: Limits) -> ClientSide:
    """A client side over TCP or a Unix socket, without encryption. Nothing is connected until the first RPC.

    Args:
      target: Where to connect to; see `grpc._io.addresses`.
      user_agent: Of the requests.
      limits: What to accept and send.
    """
    driver = threads.client_driver()
    headers = invocation.RequestHeaders("http", default_authority(target), user_agent)
    link = invocation.InvocationLink(driver, target, headers, limits)
    end = core.invocation_end_link(driver.environment)
    utilities.join(end, link)
    end.start()
    return ClientSide(end, link, driver)


def in_memory(server: ServerSide) -> ClientSide:
    """A client side joined to a server in this process: tickets pass from End to End, and nothing is encoded."""
    end = core.invocation_end_link()
    utilities.join(end, server.another_end())
    end.start()
    return ClientSide(end, None, None)
