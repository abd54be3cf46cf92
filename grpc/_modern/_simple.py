"""One call by one function: the channel comes from a cache that lets unused channels go."""

from __future__ import annotations

import collections
import threading
from typing import Any, Iterable, Iterator, Optional, OrderedDict, Sequence, Tuple

from grpc._modern import _channel, _contexts, _credentials
from grpc.framework.foundation import forking

DEFAULT_TIMEOUT = object()
"""Stands for a minute, which nobody wants to mean by accident."""

_SECONDS = 60.0
# How many channels are kept open at once; more than that many servers in use at a time is not what this API is for.
_KEPT = 256

_Key = Tuple[str, Tuple[Tuple[str, Any], ...], Any, Any]


class _Cache(forking.Member):
    """Channels by what they are made of; the one unused for longest goes first."""

    def __init__(self) -> None:
        # Guards the channels. A channel is made and closed without it.
        self._lock = threading.Lock()
        self._channels: OrderedDict[_Key, _channel.Channel] = collections.OrderedDict()
        forking.register(self)

    def get(self, key: _Key) -> _channel.Channel:
        """The channel for a key, a new one if need be."""
        with self._lock:
            found = self._channels.get(key)
            if found is not None:
                self._channels.move_to_end(key)
                return found
        target, options, credentials, compression = key
        if credentials is None:
            made = _channel.insecure_channel(target, options, compression)
        else:
            made = _channel.secure_channel(target, credentials, options, compression)
        surplus = None
        with self._lock:
            found = self._channels.setdefault(key, made)
            if found is not made:
                surplus = made  # another thread was faster
            elif len(self._channels) > _KEPT:
                surplus = self._channels.popitem(last=False)[1]
        if surplus is not None:
            surplus.close()
        return found

    def clear(self) -> None:
        """Close all channels."""
        with self._lock:
            channels, self._channels = self._channels, collections.OrderedDict()
        for channel in channels.values():
            channel.close()

    def after_fork_in_child(self) -> None:
        # The channels stay: each connects anew, as any does.
        self._lock = threading.Lock()


_CACHE = _Cache()


def close_channels() -> None:
    """Close all channels that the functions here have made; the next call makes new ones.

    An addition to the API of grpcio, for programs and tests that want to end with nothing open.
    """
    _CACHE.clear()


class InsecureChannelCredentials:
    """Stands for plaintext where channel credentials are asked for."""


_INSECURE = InsecureChannelCredentials()


def insecure_channel_credentials() -> InsecureChannelCredentials:
    """What stands for plaintext where the functions of this module ask for channel credentials."""
    return _INSECURE


def _channel_for(
    target: str,
    options: Sequence[Tuple[str, Any]],
    channel_credentials: Optional[Any],
    insecure: bool,
    compression: Optional[Any],
) -> _channel.Channel:
    if insecure and channel_credentials is not None and channel_credentials is not _INSECURE:
        raise ValueError("The insecure option is mutually exclusive with the channel_credentials option.")
    credentials = channel_credentials
    if insecure or channel_credentials is _INSECURE:
        credentials = None
    elif credentials is None:
        credentials = _DEFAULT_CREDENTIALS
    return _CACHE.get((target, tuple(options), credentials, compression))


_DEFAULT_CREDENTIALS = _credentials.ssl_channel_credentials()


def _arguments(
    timeout: Any, metadata: Any, call_credentials: Any, wait_for_ready: Optional[bool], compression: Any
) -> Tuple[Any, ...]:
    return (
        _SECONDS if timeout is DEFAULT_TIMEOUT else timeout,
        metadata,
        call_credentials,
        True if wait_for_ready is None else wait_for_ready,
        compression,
    )


def unary_unary(
    request: Any,
    target: str,
    method: str,
    request_serializer: Any = None,
    response_deserializer: Any = None,
    options: Sequence[Tuple[str, Any]] = (),
    channel_credentials: Optional[Any] = None,
    insecure: bool = False,
    call_credentials: Optional[Any] = None,
    compression: Optional[Any] = None,
    wait_for_ready: Optional[bool] = None,
    timeout: Any = DEFAULT_TIMEOUT,
    metadata: Optional[_contexts.Metadata] = None,
    _registered_method: Optional[bool] = False,
) -> Any:
    """Make one unary-unary call, without a channel of one's own.

    Args:
      request: The request message.
      target: The server, as for `grpc.insecure_channel`.
      method: As `/package.Service/Method`.
      request_serializer: From request to bytes; None if it is bytes.
      response_deserializer: From bytes to response; None if bytes are wanted.
      options: Channel arguments.
      channel_credentials: How to speak to the server; None for TLS with the default roots.
      insecure: Whether to speak plaintext.
      call_credentials: Sent with the call.
      compression: How to compress the request.
      wait_for_ready: Whether to wait while the server cannot be reached; by default it is.
      timeout: Seconds that the call may take; a minute by default, None for no limit.
      metadata: (key, value) pairs for the server.

    Returns:
      The response.

    Raises:
      RpcError: The call did not end with status OK.
    """
    channel = _channel_for(target, options, channel_credentials, insecure, compression)
    call = channel.unary_unary(method, request_serializer, response_deserializer)
    return call(request, *_arguments(timeout, metadata, call_credentials, wait_for_ready, compression))


def unary_stream(
    request: Any,
    target: str,
    method: str,
    request_serializer: Any = None,
    response_deserializer: Any = None,
    options: Sequence[Tuple[str, Any]] = (),
    channel_credentials: Optional[Any] = None,
    insecure: bool = False,
    call_credentials: Optional[Any] = None,
    compression: Optional[Any] = None,
    wait_for_ready: Optional[bool] = None,
    timeout: Any = DEFAULT_TIMEOUT,
    metadata: Optional[_contexts.Metadata] = None,
    _registered_method: Optional[bool] = False,
) -> Iterator[Any]:
    """Make one unary-stream call; the arguments are those of `unary_unary`. Returns the responses."""
    channel = _channel_for(target, options, channel_credentials, insecure, compression)
    call = channel.unary_stream(method, request_serializer, response_deserializer)
    return call(request, *_arguments(timeout, metadata, call_credentials, wait_for_ready, compression))


def stream_unary(
    request_iterator: Iterable[Any],
    target: str,
    method: str,
    request_serializer: Any = None,
    response_deserializer: Any = None,
    options: Sequence[Tuple[str, Any]] = (),
    channel_credentials: Optional[Any] = None,
    insecure: bool = False,
    call_credentials: Optional[Any] = None,
    compression: Optional[Any] = None,
    wait_for_ready: Optional[bool] = None,
    timeout: Any = DEFAULT_TIMEOUT,
    metadata: Optional[_contexts.Metadata] = None,
    _registered_method: Optional[bool] = False,
) -> Any:
    """Make one stream-unary call; the arguments are those of `unary_unary`. Returns the response."""
    channel = _channel_for(target, options, channel_credentials, insecure, compression)
    call = channel.stream_unary(method, request_serializer, response_deserializer)
    return call(request_iterator, *_arguments(timeout, metadata, call_credentials, wait_for_ready, compression))


def stream_stream(
    request_iterator: Iterable[Any],
    target: str,
    method: str,
    request_serializer: Any = None,
    response_deserializer: Any = None,
    options: Sequence[Tuple[str, Any]] = (),
    channel_credentials: Optional[Any] = None,
    insecure: bool = False,
    call_credentials: Optional[Any] = None,
    compression: Optional[Any] = None,
    wait_for_ready: Optional[bool] = None,
    timeout: Any = DEFAULT_TIMEOUT,
    metadata: Optional[_contexts.Metadata] = None,
    _registered_method: Optional[bool] = False,
) -> Iterator[Any]:
    """Make one stream-stream call; the arguments are those of `unary_unary`. Returns the responses."""
    channel = _channel_for(target, options, channel_credentials, insecure, compression)
    call = channel.stream_stream(method, request_serializer, response_deserializer)
    return call(request_iterator, *_arguments(timeout, metadata, call_credentials, wait_for_ready, compression))
