"""The states that a channel's connection passes through."""

from __future__ import annotations

import enum


class ChannelConnectivity(enum.Enum):
    """Whether a channel can carry an RPC right now; each value is the pair (number, name)."""

    IDLE = (0, "idle")
    CONNECTING = (1, "connecting")
    READY = (2, "ready")
    TRANSIENT_FAILURE = (3, "transient failure")
    SHUTDOWN = (4, "shutdown")
