"""Channels and their multi-callables."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from grpc._assembly import client
from grpc._modern import _interfaces, _rpc
from grpc._values import contexts, status
from grpc._values.limits import Limits
from grpc._version import __version__
from grpc.framework.interfaces.face import face

_USER_AGENT = f"grpc-python-layered/{__version__}"

ChannelOptions = Sequence[Tuple[str, Any]]

_WAIT_FOR_READY = contexts.CallOptions(wait_for_ready=True)


class UnaryUnaryMultiCallable(_interfaces.UnaryUnaryMultiCallable):
    """Calls one unary-unary method by way of Face."""

    __slots__ = ("_channel", "_deserializer", "_face", "_serializer")

    def __init__(
        self,
        channel: Channel,
        face_callable: face.UnaryUnaryMultiCallable,
        serializer: Optional[Callable[[Any], bytes]],
        deserializer: Optional[Callable[[bytes], Any]],
    ) -> None:
        self._channel = channel
        self._face = face_callable
        self._serializer = serializer
        self._deserializer = deserializer

    def __call__(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[_interfaces.Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Any] = None,
    ) -> Any:
        payload = self._prepare(request)
        try:
            payload, call = self._face(payload, timeout, metadata, True, _WAIT_FOR_READY if wait_for_ready else None)
        except face.AbortionError as error:
            raise _rpc.rpc_error_of(error) from None
        _rpc.check_status(call)
        return _rpc.deserialize(self._deserializer, payload, call)

    def with_call(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[_interfaces.Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Any] = None,
    ) -> Tuple[Any, _interfaces.Call]:
        payload = self._prepare(request)
        try:
            payload, call = self._face(payload, timeout, metadata, True, _WAIT_FOR_READY if wait_for_ready else None)
        except face.AbortionError as error:
            raise _rpc.rpc_error_of(error) from None
        _rpc.check_status(call)
        return _rpc.deserialize(self._deserializer, payload, call), _rpc.CompletedCall(call)

    def future(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[_interfaces.Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Any] = None,
    ) -> _rpc.UnaryFuture:
        payload = self._prepare(request)
        return _rpc.UnaryFuture(
            self._face.future(payload, timeout, metadata, _WAIT_FOR_READY if wait_for_ready else None),
            self._deserializer,
        )

    def _prepare(self, request: Any) -> Any:
        """The request's bytes, in the caller's thread; nothing is sent if there are none.

        Raises:
          ValueError: The channel is closed.
          RpcError: INTERNAL, if the serializer fails.
        """
        if self._channel.closed:
            raise ValueError("Cannot invoke RPC on closed channel!")
        if self._serializer is None:
            return request
        try:
            return self._serializer(request)
        except Exception as error:
            raise _rpc.own_error(status.StatusCode.INTERNAL, f"Exception serializing request! {error}") from error


class Channel(_interfaces.Channel):
    """A channel over any client side."""

    __slots__ = ("__weakref__", "_side")

    def __init__(self, side: client.ClientSide) -> None:
        self._side = side

    @property
    def closed(self) -> bool:
        """Whether the channel can be used no more."""
        return self._side.closed

    def unary_unary(
        self,
        method: str,
        request_serializer: Optional[Callable[[Any], bytes]] = None,
        response_deserializer: Optional[Callable[[bytes], Any]] = None,
        _registered_method: Optional[bool] = False,
    ) -> UnaryUnaryMultiCallable:
        group, name = split_method(method)
        return UnaryUnaryMultiCallable(
            self, self._side.stub.unary_unary(group, name), request_serializer, response_deserializer
        )

    def close(self) -> None:
        self._side.close()


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


def limits_of(options: Optional[ChannelOptions]) -> Limits:
    """The limits that options set; options that are not known here are ignored."""
    known: Dict[str, int] = {}
    for key, value in options or ():
        name = _LIMITS.get(key)
        if name is not None:
            known[name] = value
    return Limits(**known)


_LIMITS = {
    "grpc.max_receive_message_length": "max_receive_message_length",
    "grpc.max_message_length": "max_receive_message_length",
    "grpc.max_send_message_length": "max_send_message_length",
    "grpc.max_metadata_size": "max_metadata_size",
    "grpc.max_concurrent_streams": "max_concurrent_streams",
}


def insecure_channel(
    target: str, options: Optional[ChannelOptions] = None, compression: Optional[Any] = None
) -> Channel:
    """Make a channel without encryption. It connects when the first RPC needs it.

    Args:
      target: `host:port`, or another target such as `unix:path`, `ipv4:1.2.3.4:5`, `dns:///host:port`.
      options: (key, value) pairs, see the table of channel arguments.
      compression: How to compress requests.

    Raises:
      ValueError: The target is not a string.
    """
    if not isinstance(target, str):
        raise TypeError(f"a target is a string such as 'localhost:50051', not {target!r}")
    return Channel(client.over_http2(target, _USER_AGENT, limits_of(options)))


def inprocess_channel(server: _interfaces.Server) -> Channel:
    """Make a channel to a server of this process, in memory: the same calls, no sockets and no encoding.

    Args:
      server: A server that `grpc.server` made, started or yet to be started.
    """
    side = getattr(server, "side", None)
    if side is None:
        raise TypeError(f"inprocess_channel takes a server that grpc.server made, not {server!r}")
    return Channel(client.in_memory(side))
