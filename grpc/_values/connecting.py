"""How a channel finds, makes and keeps its connections."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

RETRY_BUFFER = 256 * 1024
"""How much of a call is kept for another attempt, in bytes; gRPC's own figure."""


class Destination(NamedTuple):
    """What a proxy is asked to connect to.

    Attributes:
      host: A name or a numeric address, in ASCII.
      port: The TCP port.
    """

    host: str
    port: int

    @property
    def authority(self) -> str:
        """Both in one string, as in a URI."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Proxy(NamedTuple):
    """An HTTP proxy that connects a channel to its target by CONNECT.

    Attributes:
      target: Where it is, in the syntax of a channel's targets.
      destinations: What it is asked for: one, or several to be tried in order.
      authorization: How this side proves who it is: the value of Proxy-Authorization; None if it does not.
    """

    target: str
    destinations: Tuple[Destination, ...]
    authorization: Optional[str] = None

    def __repr__(self) -> str:
        return f"<Proxy {self.target!r}>"  # a password must not get into a log


class ConfigLookup(NamedTuple):
    """How the DNS is asked for a channel's service config.

    Attributes:
      name: Whose TXT records hold it.
      timeout: How long the answer is waited for, in seconds; infinity for as long as it takes.
      hostname: What this machine is called: some of what the records say may be meant for other machines.
      server: The numeric address and the port of the server to be asked; None for those that the system asks.
    """

    name: str
    timeout: float
    hostname: str
    server: Optional[Tuple[str, int]] = None


class Connecting(NamedTuple):
    """Choices of a channel; each is a channel argument of the same meaning. All times are in seconds.

    Attributes:
      initial_backoff: From the start of the first attempt on an address to the start of the second one.
      max_backoff: The most that lies between the starts of two attempts, but for a fifth more at random.
      min_connect_timeout: What an attempt is given at least.
      min_resolution_interval: What lies between two questions to the name service at least.
      idle_timeout: After how long without RPCs the connections are closed, up to a quarter more; None for never.
      policy: Which connection carries an RPC, where the service config does not say: `pick_first` or `round_robin`.
      service_config: The service config as JSON, for where the DNS has none; None for none.
      retries: Whether an RPC that was sent and failed may be tried again: by the service config's policies, and where a
        server surely has not processed it.
      retry_buffer: How many bytes of an RPC's messages are kept for that.
      inhibit_health_checking: Whether servers are not asked about their health, even if the service config says so.
      proxy: What stands between the channel and its target; None for nothing. Like the next one, a choice that depends
        on the target and the environment, and so is made where both are known.
      config_lookup: Where the DNS may have the service config; None not to ask it.
    """

    initial_backoff: float = 1.0
    max_backoff: float = 120.0
    min_connect_timeout: float = 20.0
    min_resolution_interval: float = 30.0
    idle_timeout: Optional[float] = None
    policy: str = "pick_first"
    service_config: Optional[str] = None
    retries: bool = True
    retry_buffer: int = RETRY_BUFFER
    inhibit_health_checking: bool = False
    proxy: Optional[Proxy] = None
    config_lookup: Optional[ConfigLookup] = None
