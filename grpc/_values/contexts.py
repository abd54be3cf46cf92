"""What a transport and the outermost callers tell each other past the layers between: small typed objects.

They travel in Face's `protocol_options` on the way down and `protocol_context()` on the way up; nothing between looks
inside. What concerns one message travels with that message: it is an `Uncompressed` one on its way down, or a
`Compressed` one on its way up, or any other.
"""

from __future__ import annotations

from typing import Mapping, NamedTuple, Optional, Sequence

from grpc._values import compression as _compression

NO_AUTH_CONTEXT: Mapping[str, Sequence[bytes]] = {}
"""What is known of a peer that did not prove who it is."""

# Which property of an auth context says who the peer is: the first of these that there is.
_IDENTITY_KEYS = ("x509_subject_alternative_name", "x509_common_name")


class CallOptions(NamedTuple):
    """What an invocation asks of its transport.

    Attributes:
      wait_for_ready: Whether to wait while the channel cannot connect, instead of failing at once; None for what the
        service config says, which is no unless it says yes.
      compression: The number of the algorithm for its messages; None for the channel's.
      authority: The `:authority` of its request; None for the channel's.
    """

    wait_for_ready: Optional[bool] = None
    compression: Optional[int] = None
    authority: Optional[str] = None


class InvocationContext:
    """What an invocation side's transport knows about an RPC and the service side. Immutable."""

    __slots__ = ("cause", "peer")

    def __init__(self, peer: Optional[str] = None, cause: Optional[BaseException] = None) -> None:
        """Describe.

        Args:
          peer: The address of the service side, such as `ipv4:127.0.0.1:50051`; None if no connection was made.
          cause: The error of the operating system or of TLS because of which the RPC failed, if there was one.
        """
        self.peer = peer
        self.cause = cause


class Uncompressed(bytes):
    """A payload that is not to be compressed, whatever has been chosen for its call."""

    __slots__ = ()


class Compressed(bytes):
    """A payload that came compressed; these are the bytes that it was inflated to."""

    __slots__ = ()


class ServiceContext:
    """What a service side's transport knows about an invocation side, the same for all its RPCs. Immutable."""

    __slots__ = ("auth_context", "peer")

    def __init__(self, peer: str, auth_context: Optional[Mapping[str, Sequence[bytes]]] = None) -> None:
        """Describe a peer.

        Args:
          peer: Its address, such as `ipv4:127.0.0.1:40112`.
          auth_context: The properties that it has proved, each with its values.
        """
        self.peer = peer
        self.auth_context = auth_context or NO_AUTH_CONTEXT

    @property
    def peer_identity_key(self) -> Optional[str]:
        """The property that says who the peer is; None if nothing does."""
        for key in _IDENTITY_KEYS:
            if self.auth_context.get(key):
                return key
        return None

    @property
    def peer_identities(self) -> Optional[Sequence[bytes]]:
        """The values of that property; None if nothing says who the peer is."""
        key = self.peer_identity_key
        return None if key is None else self.auth_context[key]


class RpcContext:
    """What a service side's transport tells a servicer about one RPC, and lets it choose for it."""

    __slots__ = ("compression", "connection", "next_uncompressed")

    def __init__(self, connection: ServiceContext) -> None:
        """Begin an RPC.

        Args:
          connection: What it shares with all others of the same peer.
        """
        self.connection = connection
        self.compression: Optional[int] = None
        self.next_uncompressed = False

    def set_compression(self, compression: int) -> None:
        """Choose how responses are compressed, in place of the server's choice.

        It counts if it is made before the initial metadata, or the first response, is sent, and if the peer accepts
        that algorithm.

        Args:
          compression: The algorithm, or its number.

        Raises:
          TypeError: It is neither.
        """
        self.compression = _compression.number(compression)

    def disable_next_message_compression(self) -> None:
        """Have the next response that reaches the transport sent as it is.

        Which one that will be is certain only if no response is still on its way down; a payload that is `Uncompressed`
        says so itself, whatever waits before it.
        """
        self.next_uncompressed = True

    @property
    def peer(self) -> str:
        """The peer's address."""
        return self.connection.peer

    @property
    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        """See `ServiceContext`."""
        return self.connection.auth_context

    @property
    def peer_identity_key(self) -> Optional[str]:
        """See `ServiceContext`."""
        return self.connection.peer_identity_key

    @property
    def peer_identities(self) -> Optional[Sequence[bytes]]:
        """See `ServiceContext`."""
        return self.connection.peer_identities
