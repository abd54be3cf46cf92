"""How a channel finds, makes and keeps its connections."""

from __future__ import annotations

from typing import NamedTuple, Optional

RETRY_BUFFER = 256 * 1024
"""How much of a call is kept for another attempt, in bytes; gRPC's own figure."""


class Connecting(NamedTuple):
    """Choices of a channel; each is a channel argument of the same meaning. All times are in seconds.

    Attributes:
      initial_backoff: From the start of the first attempt on an address to the start of the second one.
      max_backoff: The most that lies between the starts of two attempts, but for a fifth more at random.
      min_connect_timeout: What an attempt is given at least.
      min_resolution_interval: What lies between two questions to the name service at least.
      idle_timeout: After how long without RPCs the connections are closed, up to a quarter more; None for never.
      policy: Which connection carries an RPC, where the service config does not say: `pick_first` or `round_robin`.
      service_config: The service config as JSON; None for none.
      retries: Whether an RPC that was sent and failed may be tried again: by the service config's policies, and where a
        server surely has not processed it.
      retry_buffer: How many bytes of an RPC's messages are kept for that.
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
