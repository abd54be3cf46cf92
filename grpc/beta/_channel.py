"""Channels: a client side, and what the stubs over it have to know of it."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Tuple

from grpc import _assembly
from grpc._version import __version__
from grpc.beta import _credentials

if TYPE_CHECKING:
    from grpc._values import security
    from grpc._values.connectivity import ChannelConnectivity

_USER_AGENT = f"grpc-python-layered/{__version__}"


class Connection(NamedTuple):
    """What a channel is made of.

    Attributes:
      side: Where RPCs are invoked.
      secure: Whether call credentials may be sent.
      plugins: What is asked for metadata for every call.
    """

    side: _assembly.client.ClientSide
    secure: bool
    plugins: Tuple[Any, ...]


class Channel:
    """A way to a server, for stubs to be made over. Any thread may call the methods.

    That it can be closed, also as a context manager, is an extension: programs of that era leave their channels to
    the end of the process.

    Attributes:
      connection: What it is made of.
    """

    __slots__ = ("__weakref__", "connection")

    def __init__(self, channel: Connection) -> None:
        """Wrap what `insecure_channel`, `secure_channel` and `inprocess_channel` make.

        Args:
          channel: What it is made of.
        """
        self.connection = channel

    def __repr__(self) -> str:
        side = self.connection.side
        return f"<beta Channel to {side.authority!r}{', closed' if side.closed else ''}>"

    def subscribe(self, callback: Callable[[ChannelConnectivity], None], try_to_connect: Optional[bool] = None) -> None:
        """Have a callback called with the channel's state now and whenever it changes, one call at a time, in order.

        Args:
          callback: Takes an `interfaces.ChannelConnectivity`.
          try_to_connect: Whether the channel should connect now; otherwise it does when the first RPC needs it.

        Raises:
          TypeError: It is no callable.
          ValueError: The channel is closed.
        """
        if not callable(callback):
            raise TypeError(f"subscribe takes a callable that takes a ChannelConnectivity, not {callback!r}")
        if self.connection.side.closed:
            raise ValueError("the channel is closed")
        self.connection.side.watch(callback, bool(try_to_connect))

    def unsubscribe(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        """Have a subscribed callback called no more; one that is not subscribed is ignored."""
        self.connection.side.unwatch(callback)

    def close(self) -> None:
        """Cancel all RPCs and release everything; the channel can be used no more. May be called again."""
        self.connection.side.close()

    def __enter__(self) -> Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _target(host: str, port: Optional[int]) -> str:
    """The target for a host and a port; without a port the host is a target by itself."""
    if port is None:
        return host
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return f"{host}:{port:d}"
    return f"[{host}]:{port:d}"


def _over_http2(
    host: str, port: Optional[int], held: Optional[Tuple[security.ClientSecurity, Tuple[Any, ...]]]
) -> Channel:
    if not isinstance(host, str):
        raise TypeError(f"a host is a string such as 'localhost', not {host!r}")
    tls, plugins = (None, ()) if held is None else held
    # Each stub has a pool of its own for requests, and invokes by a Face stub of its own.
    side = _assembly.client.over_http2(_target(host, port), _USER_AGENT, (), None, tls, None)
    return Channel(Connection(side, tls is not None, plugins))


def insecure_channel(host: str, port: Optional[int]) -> Channel:
    """Make a channel without encryption. It connects when the first RPC needs it.

    Args:
      host: The server's host; or with None for the port, a target such as `unix:path`.
      port: The server's port.

    Raises:
      TypeError: The host is not a string.
    """
    return _over_http2(host, port, None)


def secure_channel(host: str, port: Optional[int], channel_credentials: _credentials.ChannelCredentials) -> Channel:
    """Make a channel with encryption.

    Args:
      host: As for `insecure_channel`.
      port: As for `insecure_channel`.
      channel_credentials: What `ssl_channel_credentials` and `composite_channel_credentials` make.

    Raises:
      TypeError: The host is not a string, or these are no channel credentials.
    """
    return _over_http2(host, port, _credentials.security_of(channel_credentials))


def inprocess_channel(server: Any) -> Channel:
    """Make a channel to a server of this process, in memory: the same calls, no sockets and no encoding.

    An extension. Everything that was set on the server counts; call credentials may be sent.

    Args:
      server: What `server` made, or `grpc.server`, started or yet to be started.

    Raises:
      TypeError: It is no such server.
    """
    side = getattr(server, "side", None)
    if side is None:
        raise TypeError(f"inprocess_channel takes a server of the beta or of the modern API, not {server!r}")
    return Channel(Connection(_assembly.client.in_memory(side, None), True, ()))
