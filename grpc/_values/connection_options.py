"""What a channel or server asks of the life of its connections: keepalive, enforcement, age.

All times are seconds as floats, and `math.inf` means never. The defaults are those of the gRPC core; channel arguments
of the same meaning change them, see `channel_arguments`.
"""

from __future__ import annotations

import math
from typing import NamedTuple


class KeepaliveOptions(NamedTuple):
    """When a side that hears nothing asks whether the peer is still there.

    Attributes:
      time: How long nothing may have been read before a PING goes out.
      timeout: How long nothing may be read after that PING before the connection counts as dead.
      permit_without_calls: Whether to ask while no stream is open, too.
      max_pings_without_data: How many PINGs go out in a row without HEADERS or DATA sent in between before there is at
        most one a minute; 0 for any number.
    """

    time: float = math.inf
    timeout: float = 20.0
    permit_without_calls: bool = False
    max_pings_without_data: int = 2


# A server asks every two hours whether or not calls are open, so that dead clients do not stay for ever.
SERVER_KEEPALIVE = KeepaliveOptions(time=7200.0, permit_without_calls=True)


class EnforcementOptions(NamedTuple):
    """Which PINGs of its clients a server puts up with.

    Attributes:
      min_interval: How far apart they must be.
      permit_without_calls: Whether that interval also holds while no stream is open; two hours if not.
      max_strikes: How many that come early are forgiven until HEADERS or DATA are sent; 0 for all.
    """

    min_interval: float = 300.0
    permit_without_calls: bool = False
    max_strikes: int = 2


class AgeOptions(NamedTuple):
    """When a server parts from a client that did nothing wrong.

    Attributes:
      max_idle: How long a connection may be without a call.
      max_age: How long a connection lives; differs by up to a tenth from one connection to the next.
      grace: How long calls may go on after the age was reached.
    """

    max_idle: float = math.inf
    max_age: float = math.inf
    grace: float = math.inf


class ServerOptions(NamedTuple):
    """What a server asks of the life of its connections; a channel asks for keepalive alone.

    Attributes:
      keepalive: When it asks whether a client is there.
      enforcement: How often clients may ask.
      age: When it parts from them.
      handshake_timeout: How long a client may take from the open socket to its HTTP/2 settings.
    """

    keepalive: KeepaliveOptions = SERVER_KEEPALIVE
    enforcement: EnforcementOptions = EnforcementOptions()
    age: AgeOptions = AgeOptions()
    handshake_timeout: float = 120.0
