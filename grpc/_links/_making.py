"""The connections of a channel as they are made: what is the same for all, and how often each asks for a sign of life.

That becomes less often when a server complains of it, so it is the channel's to know and not a connection's.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Callable, Hashable

from grpc._links import _client, _upkeep

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._links._section import Section
    from grpc._links._service_config import ServiceConfig
    from grpc._links._subchannel import Callbacks
    from grpc._values.connecting import Connecting
    from grpc._values.connection_options import KeepaliveOptions
    from grpc._values.limits import Limits
    from grpc.framework.foundation.environment import Environment
    from grpc.framework.interfaces.links import links

_LOGGER = logging.getLogger(__name__)


class Maker:
    """See the module."""

    __slots__ = ("_environment", "_headers", "_keepalive", "_limits", "_replay_bound", "_section", "_target")

    def __init__(
        self,
        section: Section,
        environment: Environment,
        target: str,
        headers: _client.RequestHeaders,
        limits: Limits,
        keepalive: KeepaliveOptions,
        connecting: Connecting,
    ) -> None:
        """Describe the channel; the arguments are those of `InvocationLink`."""
        self._section = section
        self._environment = environment
        self._target = target
        self._headers = headers
        self._limits = limits
        self._keepalive = keepalive
        self._replay_bound = connecting.retry_buffer if connecting.retries else None

    def make(
        self,
        transport: contract.Transport,
        callbacks: Callbacks,
        accept: Callable[[links.Ticket], None],
        refused: Callable[[Hashable], None],
        config: ServiceConfig,
    ) -> _client.ClientConnection:
        """Make the connection to run on a transport. Outside the section.

        Args:
          transport: The transport.
          callbacks: Those of the connection's owner.
          accept: Takes the tickets for the End.
          refused: Told of operations that the server has not processed.
          config: The service config that holds now.
        """
        if self._keepalive.time != math.inf:
            transport.set_user_timeout(self._keepalive.timeout)  # gRFC A18
        return _client.ClientConnection(
            self._limits,
            accept,
            self._headers,
            callbacks.ready,
            callbacks.going_away,
            callbacks.lost,
            refused=refused,
            life=_upkeep.ClientLife(self._environment.time, transport.close, self._keepalive, self._slow_down),
            replay_bound=self._replay_bound,
            config=config,
        )

    def _slow_down(self) -> None:
        """A server complains of too many pings: be quiet for twice as long on the connections to come (gRFC A9)."""
        with self._section:
            self._keepalive = self._keepalive._replace(time=2 * self._keepalive.time)
            time = self._keepalive.time
        _LOGGER.error(
            "A server closed the connection because of too many pings; from now on the channel to %r sends one after "
            "%g seconds without a byte. Set 'grpc.keepalive_time_ms' to what the server permits.",
            self._target,
            time,
        )
