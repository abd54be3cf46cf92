"""Channels, and what they are made of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Awaitable, Callable, List, Optional, Sequence, Set, Tuple

from grpc._assembly import aio as assembly
from grpc._modern import _channel, _credentials
from grpc._modern.aio import _base_channel, _interception, _multicallables
from grpc._modern.aio._bell import anything
from grpc._modern.aio._errors import UsageError
from grpc._values import locality
from grpc._values.connectivity import ChannelConnectivity

if TYPE_CHECKING:
    from types import TracebackType

    from grpc._modern._calling import Deserializer, Serializer
    from grpc._modern._channel import ChannelOptions
    from grpc._modern.aio._interceptors import ClientInterceptor
    from grpc._values.compression import Compression


class Channel(_base_channel.Channel):
    """A channel over any client side.

    It lives on the loop that runs when it is made; or, made where none runs, on that of its first use.
    """

    __slots__ = (
        "__dict__", "__weakref__", "_make_side", "_secure", "_side", "_stream_stream_interceptors",
        "_stream_unary_interceptors", "_tasks", "_unary_stream_interceptors", "_unary_unary_interceptors",
        "call_credentials", "closed", "loop",
    )  # fmt: skip

    loop: asyncio.AbstractEventLoop

    def __init__(
        self,
        make_side: Callable[[], assembly.ClientSide],
        interceptors: Optional[Sequence[ClientInterceptor]],
        secure: bool,
        call_credentials: Optional[Tuple[Any, ...]],
    ) -> None:
        """Make a channel.

        Args:
          make_side: Makes what it stands on, on the loop that runs.
          interceptors: Those of the user, outermost first.
          secure: Whether call credentials may be sent.
          call_credentials: The plugins that are asked for every call, or None.

        Raises:
          ValueError: An interceptor is none.
        """
        self._make_side = make_side
        self._side: Optional[assembly.ClientSide] = None
        self._secure = secure
        # The loop itself holds tasks weakly.
        self._tasks: Set[asyncio.Task[Any]] = set()
        self.closed = False
        own = _interception.check(interceptors)
        # Lists by the names that grpcio has for them: every asyncio client generated for Google's APIs appends to one.
        self._unary_unary_interceptors = _interception.of_shape(own, "unary_unary")
        self._unary_stream_interceptors = _interception.of_shape(own, "unary_stream")
        self._stream_unary_interceptors = _interception.of_shape(own, "stream_unary")
        self._stream_stream_interceptors = _interception.of_shape(own, "stream_stream")
        self.call_credentials = call_credentials
        if asyncio._get_running_loop() is not None:
            _ = self.side  # what is wrong with the arguments is said now

    def __repr__(self) -> str:
        target = "a loop to come" if self._side is None else repr(self._side.authority)
        return f"<grpc.aio.Channel to {target}{', closed' if self.closed else ''}>"

    @property
    def side(self) -> assembly.ClientSide:
        """What it stands on.

        Raises:
          RuntimeError: It has not been used yet, and no loop runs.
        """
        if self._side is None:
            self.loop = asyncio.get_running_loop()
            self._side = self._make_side()
        return self._side

    def intercept(self, shape: str) -> List[Callable[..., Awaitable[Any]]]:
        """What its interceptors do with calls of a shape such as `unary_stream`, outermost first."""
        return _interception.methods(getattr(self, f"_{shape}_interceptors"), shape)

    def keep(self, task: asyncio.Task[Any]) -> None:
        """Hold a task of one of the channel's calls until it has ended."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ------------------------------------------------------------ credentials

    @property
    def authority(self) -> str:
        """The host in the service URL that credential plugins are told."""
        return self.side.authority

    def check_credentials(self, credentials: Any) -> None:
        """Refuse call credentials that cannot be used.

        Raises:
          TypeError: They are none.
          ValueError: The channel is not secure.
        """
        _credentials.plugins_of(credentials)
        if not self._secure:
            raise ValueError(
                "call credentials are sent over secure channels only: make the channel with grpc.aio.secure_channel"
            )

    def plugins(self, credentials: Optional[Any]) -> Tuple[Any, ...]:
        """The plugins to be asked for a call: the channel's, and those of the call's credentials."""
        plugins = self.call_credentials or ()
        if credentials is not None:
            self.check_credentials(credentials)
            plugins += _credentials.plugins_of(credentials)
        return plugins

    # ------------------------------------------------------------ multi-callables

    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _multicallables.UnaryUnaryMultiCallable:
        _channel.split_method(method)
        return _multicallables.UnaryUnaryMultiCallable(self, method, request_serializer, response_deserializer)

    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _multicallables.UnaryStreamMultiCallable:
        _channel.split_method(method)
        return _multicallables.UnaryStreamMultiCallable(self, method, request_serializer, response_deserializer)

    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _multicallables.StreamUnaryMultiCallable:
        _channel.split_method(method)
        return _multicallables.StreamUnaryMultiCallable(self, method, request_serializer, response_deserializer)

    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> _multicallables.StreamStreamMultiCallable:
        _channel.split_method(method)
        return _multicallables.StreamStreamMultiCallable(self, method, request_serializer, response_deserializer)

    # ------------------------------------------------------------ connectivity

    def get_state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        if self.closed:
            return ChannelConnectivity.SHUTDOWN
        return self.side.state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: ChannelConnectivity) -> None:
        if self.closed:
            raise UsageError("Channel is closed.")
        while self.get_state() is last_observed_state:
            side = self.side
            watchers: list[Callable[[ChannelConnectivity], None]] = []

            def watch(ring: Callable[[], None], watchers: list[Any] = watchers) -> None:
                def look(state: ChannelConnectivity) -> None:
                    if state is not last_observed_state:
                        ring()

                watchers.append(look)
                side.watch(look)  # noqa: B023  # called before the loop goes on

            try:
                await anything(self.loop, watch)
            finally:
                side.unwatch(watchers[0])

    async def channel_ready(self) -> None:
        state = self.get_state(try_to_connect=True)
        while state is not ChannelConnectivity.READY:
            if state is ChannelConnectivity.SHUTDOWN:
                raise UsageError("Channel is closed.")
            await self.wait_for_state_change(state)
            state = self.get_state(try_to_connect=True)

    # ------------------------------------------------------------ the end

    async def close(self, grace: Optional[float] = None) -> None:
        self.closed = True
        side = self._side
        if side is None:
            return
        try:
            if grace and not side.closed:
                await anything(self.loop, lambda drained: side.drain(grace, drained))
        finally:
            side.close()
            for task in self._tasks:
                task.cancel()
        await side.wait_closed()
        tasks = self._tasks - {asyncio.current_task()}
        if tasks:
            await asyncio.wait(tasks)

    async def __aenter__(self) -> Channel:
        _ = self.side
        return self

    async def __aexit__(
        self, exc_type: Optional[type], exc_val: Optional[BaseException], exc_tb: Optional[TracebackType]
    ) -> None:
        await self.close()


def insecure_channel(
    target: str,
    options: Optional[ChannelOptions] = None,
    compression: Optional[Compression] = None,
    interceptors: Optional[Sequence[ClientInterceptor]] = None,
) -> Channel:
    """Make a channel without encryption. It connects when the first RPC needs it.

    Args:
      target: `host:port`, or another target such as `unix:path`, `ipv4:1.2.3.4:5`, `dns:///host:port`.
      options: (key, value) pairs, see `docs/channel-arguments.md`.
      compression: How to compress requests.
      interceptors: Client interceptors, outermost first.

    Raises:
      TypeError: The target is not a string, or an option is of the wrong type.
      ValueError: An option is out of range, or an interceptor is none.
    """
    return _over_http2(target, options, compression, interceptors, None)


def secure_channel(
    target: str,
    credentials: _credentials.ChannelCredentials,
    options: Optional[ChannelOptions] = None,
    compression: Optional[Compression] = None,
    interceptors: Optional[Sequence[ClientInterceptor]] = None,
) -> Channel:
    """Make a channel with encryption.

    Args:
      target: As for `insecure_channel`.
      credentials: What `ssl_channel_credentials` and its like make.
      options: As for `insecure_channel`.
      compression: As for `insecure_channel`.
      interceptors: As for `insecure_channel`.

    Raises:
      TypeError: As for `insecure_channel`, or the credentials are not channel credentials.
      ValueError: As for `insecure_channel`.
    """
    return _over_http2(target, options, compression, interceptors, _credentials.security_of(credentials))


def _over_http2(
    target: str,
    options: Optional[ChannelOptions],
    compression: Optional[Compression],
    interceptors: Optional[Sequence[ClientInterceptor]],
    held: Optional[_credentials.ChannelSecurity],
) -> Channel:
    _channel.check_target(target)
    if held is not None and held.local is not None:
        locality.check(target, held.local)
    security = None if held is None else held.tls

    def make_side() -> assembly.ClientSide:
        return assembly.over_http2(None, target, _channel.USER_AGENT, options or (), compression, security)

    return Channel(make_side, interceptors, held is not None, (held.plugins or None) if held is not None else None)


def inprocess_channel(server: Any, interceptors: Optional[Sequence[ClientInterceptor]] = None) -> Channel:
    """Make a channel to a server of this process, in memory: the same calls, no sockets and no encoding.

    Args:
      server: A server that `grpc.aio.server` made, on this loop or on another one, or that `grpc.server` made.
      interceptors: As for `insecure_channel`.

    Raises:
      TypeError: It is no such server.
      ValueError: An interceptor is none.
    """
    if getattr(server, "side", None) is None:
        raise TypeError(f"inprocess_channel takes a server that grpc.aio.server or grpc.server made, not {server!r}")
    return Channel(lambda: assembly.in_memory(None, server.side), interceptors, True, None)
