"""What a transport and the outermost callers tell each other past the layers between: small typed objects.

They travel in Face's `protocol_options` on the way down and `protocol_context()` on the way up; nothing between looks
inside.
"""

from __future__ import annotations


class ServiceContext:
    """What a service side's transport knows about the invocation side."""

    __slots__ = ("peer",)

    def __init__(self, peer: str) -> None:
        """Describe a peer.

        Args:
          peer: Its address, such as `ipv4:127.0.0.1:40112`.
        """
        self.peer = peer


class CallOptions:
    """What an invocation asks of its transport."""

    __slots__ = ("wait_for_ready",)

    def __init__(self, wait_for_ready: bool = False) -> None:
        """Choose.

        Args:
          wait_for_ready: Whether to wait while the channel cannot connect, instead of failing at once.
        """
        self.wait_for_ready = wait_for_ready
