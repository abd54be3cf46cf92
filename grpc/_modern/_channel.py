"""Channels, and what they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Tuple, Type, TypeVar

from grpc import _assembly
from grpc._modern import _calling, _credentials, _multicallables
from grpc._values import locality
from grpc._version import __version__
from grpc.framework.foundation.growing_pool import GrowingPool

if TYPE_CHECKING:
    from grpc._modern import _serving
    from grpc._values.compression import Compression
    from grpc._values.connectivity import ChannelConnectivity

USER_AGENT = f"grpc-python-layered/{__version__}"
"""How channels introduce themselves."""

ChannelOptions = Sequence[Tuple[str, Any]]

_C = TypeVar("_C", bound="_multicallables._MultiCallable")


class Channel(_calling.Channel):
    """A channel over any client side."""

    __slots__ = ("__dict__", "__weakref__", "_authority", "_pool", "_secure", "_side", "call_credentials")

    def __init__(
        self,
        side: _assembly.client.ClientSide,
        pool: GrowingPool,
        authority: str,
        secure: bool,
        call_credentials: Optional[Tuple[Any, ...]],
    ) -> None:
        """Make a channel.

        Args:
          side: What it stands on; closed with the channel.
          pool: Where requests are drawn from iterators; closed with the channel.
          authority: The host in the service URL that credential plugins are told.
          secure: Whether call credentials may be sent.
          call_credentials: The plugins that are asked for every call, or None.
        """
        self._side = side
        self._pool = pool
        self._authority = authority
        self._secure = secure
        self.call_credentials = call_credentials

    def __repr__(self) -> str:
        return f"<grpc.Channel to {self._authority!r}{', closed' if self.closed else ''}>"

    @property
    def closed(self) -> bool:
        """Whether the channel can be used no more."""
        return self._side.closed

    def with_credentials(
        self, method: str, metadata: Optional[Any], credentials: Optional[Any], timeout: Optional[float]
    ) -> Any:
        """The metadata of a call with what the channel's and the call's credentials add.

        Raises:
          RpcError: A plugin failed.
          ValueError: The channel is not secure.
        """
        plugins = self.call_credentials or ()
        if credentials is not None:
            plugins += _credentials.plugins_of(credentials)
        if not self._secure:
            raise ValueError(
                "call credentials are sent over secure channels only: make the channel with grpc.secure_channel"
            )
        service, _, name = method[1:].rpartition("/")
        return (metadata or ()) + _credentials.ask(plugins, f"https://{self._authority}/{service}", name, timeout)

    # ------------------------------------------------------------ multi-callables

    def _multi_callable(
        self,
        make: Type[_C],
        face_maker: Callable[[str, str], Any],
        method: str,
        serializer: _calling.Serializer,
        deserializer: _calling.Deserializer,
    ) -> _C:
        group, name = split_method(method)
        rule = self._side.timeout_rule(group, name)
        return make(self, method, face_maker(group, name), serializer, deserializer, rule)

    def unary_unary(
        self,
        method: str,
        request_serializer: _calling.Serializer = None,
        response_deserializer: _calling.Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _multicallables.UnaryUnaryMultiCallable:
        return self._multi_callable(
            _multicallables.UnaryUnaryMultiCallable,
            self._side.stub.unary_unary,
            method,
            request_serializer,
            response_deserializer,
        )

    def unary_stream(
        self,
        method: str,
        request_serializer: _calling.Serializer = None,
        response_deserializer: _calling.Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _multicallables.UnaryStreamMultiCallable:
        return self._multi_callable(
            _multicallables.UnaryStreamMultiCallable,
            self._side.stub.unary_stream,
            method,
            request_serializer,
            response_deserializer,
        )

    def stream_unary(
        self,
        method: str,
        request_serializer: _calling.Serializer = None,
        response_deserializer: _calling.Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _multicallables.StreamUnaryMultiCallable:
        return self._multi_callable(
            _multicallables.StreamUnaryMultiCallable,
            self._side.stub.stream_unary,
            method,
            request_serializer,
            response_deserializer,
        )

    def stream_stream(
        self,
        method: str,
        request_serializer: _calling.Serializer = None,
        response_deserializer: _calling.Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _multicallables.StreamStreamMultiCallable:
        return self._multi_callable(
            _multicallables.StreamStreamMultiCallable,
            self._side.stub.stream_stream,
            method,
            request_serializer,
            response_deserializer,
        )

    # ------------------------------------------------------------ connectivity and the end

    def subscribe(
        self, callback: Callable[[ChannelConnectivity], None], try_to_connect: Optional[bool] = False
    ) -> None:
        if not callable(callback):
            raise TypeError(f"subscribe takes a callable that takes a ChannelConnectivity, not {callback!r}")
        if self.closed:
            raise ValueError("Cannot subscribe to a closed channel!")
        self._side.watch(callback, bool(try_to_connect))

    def unsubscribe(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        self._side.unwatch(callback)

    def close(self) -> None:
        self._side.close()
        self._pool.shutdown()


def split_method(method: str) -> Tuple[str, str]:
    """The group and the name of `/group/name`.

    Raises:
      ValueError: It is not such a string.
    """
    if isinstance(method, str) and method.startswith("/"):
        group, slash, name = method[1:].rpartition("/")
        if slash:
            return group, name
    raise ValueError(f"a method is named '/package.Service/Method', not {method!r}")


def check_target(target: Any) -> None:
    """Refuse what cannot be a target.

    Raises:
      TypeError: It is not a string.
      ValueError: It is empty.
    """
    if not isinstance(target, str):
        raise TypeError(f"a target is a string such as 'localhost:50051', not {target!r}")
    if not target:
        raise ValueError("a target is a string such as 'localhost:50051', and this one is empty")


def _over_http2(
    target: str,
    options: Optional[ChannelOptions],
    compression: Optional[Compression],
    held: Optional[_credentials.ChannelSecurity],
) -> Channel:
    check_target(target)
    if held is not None and held.local is not None:
        locality.check(target, held.local)
    pool = GrowingPool("grpc-requests")
    side = _assembly.client.over_http2(
        target, USER_AGENT, options or (), compression, None if held is None else held.tls, pool
    )
    return Channel(side, pool, side.authority, held is not None, (held.plugins or None) if held is not None else None)


def insecure_channel(
    target: str, options: Optional[ChannelOptions] = None, compression: Optional[Compression] = None
) -> Channel:
    """Make a channel without encryption. It connects when the first RPC needs it.

    Args:
      target: `host:port`, or another target such as `unix:path`, `ipv4:1.2.3.4:5`, `dns:///host:port`.
      options: (key, value) pairs, see `docs/channel-arguments.md`.
      compression: How to compress requests.

    Raises:
      TypeError: The target is not a string, or an option is of the wrong type. (One that is out of range counts as the
        nearest that is not, with a warning in the log.)
    """
    return _over_http2(target, options, compression, None)


def secure_channel(
    target: str,
    credentials: _credentials.ChannelCredentials,
    options: Optional[ChannelOptions] = None,
    compression: Optional[Compression] = None,
) -> Channel:
    """Make a channel with encryption.

    Args:
      target: As for `insecure_channel`.
      credentials: What `ssl_channel_credentials` and its like make.
      options: As for `insecure_channel`.
      compression: As for `insecure_channel`.

    Raises:
      TypeError: As for `insecure_channel`, or the credentials are not channel credentials.
    """
    return _over_http2(target, options, compression, _credentials.security_of(credentials))


def inprocess_channel(server: _serving.Server) -> Channel:
    """Make a channel to a server of this process, in memory: the same calls, no sockets and no encoding.

    Args:
      server: A server that `grpc.server` made, started or yet to be started.

    Raises:
      TypeError: It is no such server.
    """
    side = getattr(server, "side", None)
    if side is None:
        raise TypeError(f"inprocess_channel takes a server that grpc.server made, not {server!r}")
    pool = GrowingPool("grpc-requests")
    return Channel(_assembly.client.in_memory(side, pool), pool, "inproc", True, None)
