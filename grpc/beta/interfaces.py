"""What the beta API is made of: enums, options of a call, what a transport lets each side do, and servers."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Optional

from grpc._values.connectivity import ChannelConnectivity
from grpc._values.status import StatusCode
from grpc.beta._credentials import (
    AuthMetadataContext as GRPCAuthMetadataContext,
)
from grpc.beta._credentials import (
    AuthMetadataPlugin as GRPCAuthMetadataPlugin,
)
from grpc.beta._credentials import (
    AuthMetadataPluginCallback as GRPCAuthMetadataPluginCallback,
)

if TYPE_CHECKING:
    import threading

__all__ = [
    "ChannelConnectivity",
    "GRPCAuthMetadataContext",
    "GRPCAuthMetadataPlugin",
    "GRPCAuthMetadataPluginCallback",
    "GRPCCallOptions",
    "GRPCInvocationContext",
    "GRPCServicerContext",
    "Server",
    "StatusCode",
    "grpc_call_options",
]

# The name that SHUTDOWN had before 1.0. An attribute, no member: iteration over the states gives each one once.
ChannelConnectivity.FATAL_FAILURE = ChannelConnectivity.SHUTDOWN  # type: ignore[attr-defined]


class GRPCCallOptions:
    """What an invocation asks of its transport; made by `grpc_call_options`, passed as `protocol_options`.

    Attributes:
      disable_compression: Whether no request of the call may be compressed.
      subcall_of: Always None.
      credentials: Call credentials that are sent with this call besides the channel's, or None.
    """

    __slots__ = ("credentials", "disable_compression", "subcall_of")

    def __init__(self, disable_compression: bool, subcall_of: Optional[Any], credentials: Optional[Any]) -> None:
        self.disable_compression = disable_compression
        self.subcall_of = subcall_of
        self.credentials = credentials


def grpc_call_options(disable_compression: bool = False, credentials: Optional[Any] = None) -> GRPCCallOptions:
    """Make the `protocol_options` of an invocation.

    Args:
      disable_compression: Whether no request of the call may be compressed.
      credentials: Call credentials to send with this call besides the channel's; None for the channel's alone.
    """
    return GRPCCallOptions(disable_compression, None, credentials)


class GRPCServicerContext(abc.ABC):
    """What the transport knows of an RPC on the service side: `ServicerContext.protocol_context()`. Does not block."""

    __slots__ = ()

    @abc.abstractmethod
    def peer(self) -> str:
        """The address of the invocation side, such as `ipv4:127.0.0.1:40112`."""
        raise NotImplementedError

    @abc.abstractmethod
    def disable_next_response_compression(self) -> None:
        """Have the next response that the method gives sent as it is, whatever compression the server uses."""
        raise NotImplementedError


class GRPCInvocationContext(abc.ABC):
    """What the transport lets an invocation side do: `Call.protocol_context()`. Does not block."""

    __slots__ = ()

    @abc.abstractmethod
    def disable_next_request_compression(self) -> None:
        """Have the next request that is drawn or passed in sent as it is, whatever compression the channel uses."""
        raise NotImplementedError


class Server(abc.ABC):
    """Serves RPCs; made by `implementations.server`. Any thread may call the methods.

    As a context manager it starts on entry, and on exit it aborts what is running and waits for the end.
    """

    __slots__ = ()

    @abc.abstractmethod
    def add_insecure_port(self, address: str) -> int:
        """Bind an address without encryption.

        Args:
          address: `host:port`; port 0 stands for any free one.

        Returns:
          The port.

        Raises:
          RuntimeError: It cannot be bound; the text says why.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def add_secure_port(self, address: str, server_credentials: Any) -> int:
        """Bind an address with encryption.

        Args:
          address: As for `add_insecure_port`.
          server_credentials: What `implementations.ssl_server_credentials` makes.

        Returns:
          The port.

        Raises:
          RuntimeError: It cannot be bound.
          TypeError: These are no server credentials.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def start(self) -> None:
        """Begin to serve; does not block.

        Raises:
          ValueError: The server has been started before.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def stop(self, grace: Optional[float]) -> threading.Event:
        """Refuse new RPCs at once, and abort those that still run after a time.

        Args:
          grace: Seconds that running RPCs are given. None or 0 aborts them at once, and then the call waits until
            everything has ended; otherwise it does not block.

        Returns:
          An event that is set when everything has ended.
        """
        raise NotImplementedError
