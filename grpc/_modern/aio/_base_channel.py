"""How RPCs are called: channels and multi-callables, as interfaces."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, AsyncIterable, Iterable, Optional, Union

if TYPE_CHECKING:
    from types import TracebackType

    from grpc._modern._calling import Deserializer, Serializer
    from grpc._modern._contexts import Metadata
    from grpc._modern._credentials import CallCredentials
    from grpc._modern.aio import _base_call
    from grpc._values.compression import Compression
    from grpc._values.connectivity import ChannelConnectivity

Requests = Union[AsyncIterable[Any], Iterable[Any]]


class UnaryUnaryMultiCallable(abc.ABC):
    """Calls one method that takes one request and gives one response.

    All four kinds take the same arguments beside the request: `timeout`, the seconds that the RPC may take, None for no
    limit; `metadata` for the server; `credentials`, call credentials, for secure channels only; `wait_for_ready`,
    whether to wait while the channel cannot connect instead of failing at once; and `compression` of the requests.
    Wrong ones raise TypeError or ValueError before anything is sent.
    """

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request: Any,
        *,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[CallCredentials] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> _base_call.UnaryUnaryCall[Any, Any]:
        """Begin the call, which goes on whether it is awaited or not.

        Raises:
          AioRpcError: The request cannot be serialized.
          UsageError: The channel is closed.
        """
        raise NotImplementedError()


class UnaryStreamMultiCallable(abc.ABC):
    """Calls one method that takes one request and gives many responses."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request: Any,
        *,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[CallCredentials] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> _base_call.UnaryStreamCall[Any, Any]:
        """Begin the call; see `UnaryUnaryMultiCallable`."""
        raise NotImplementedError()


class StreamUnaryMultiCallable(abc.ABC):
    """Calls one method that takes many requests and gives one response."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request_iterator: Optional[Requests] = None,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[CallCredentials] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> _base_call.StreamUnaryCall[Any, Any]:
        """Begin the call.

        Args:
          request_iterator: Gives the requests, as fast as the server takes them, in a task that ends with the RPC. A
            plain iterator is drawn from on the loop, so it may not block. What it raises ends the RPC. None if
            requests are to be written.
          timeout, metadata, credentials, wait_for_ready, compression: As for `UnaryUnaryMultiCallable`.
        """
        raise NotImplementedError()


class StreamStreamMultiCallable(abc.ABC):
    """Calls one method that takes many requests and gives many responses."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request_iterator: Optional[Requests] = None,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[CallCredentials] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> _base_call.StreamStreamCall[Any, Any]:
        """Begin the call; see `StreamUnaryMultiCallable`."""
        raise NotImplementedError()


class Channel(abc.ABC):
    """A way to a server, on one event loop; used on that loop's thread only.

    The four makers of multi-callables take the method as `/package.Service/Method`, what turns requests into bytes and
    bytes into responses (None for messages that are bytes already), and a mark of generated code that has no effect.
    """

    __slots__ = ()

    @abc.abstractmethod
    async def __aenter__(self) -> Any:
        """Give the channel itself."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def __aexit__(
        self, exc_type: Optional[type], exc_val: Optional[BaseException], exc_tb: Optional[TracebackType]
    ) -> None:
        """Close the channel without grace."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def close(self, grace: Optional[float] = None) -> None:
        """Begin no more RPCs, wait until those that run have ended, and release everything. May be called again.

        Args:
          grace: Seconds that running RPCs are given before they are cancelled; None to cancel them at once.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def get_state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        """Tell the state of the channel.

        Args:
          try_to_connect: Whether an idle channel should connect now.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    async def wait_for_state_change(self, last_observed_state: ChannelConnectivity) -> None:
        """Wait until the channel's state is another one than this. Changes that come and go unseen are possible."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def channel_ready(self) -> None:
        """Have the channel connect, and wait until it has.

        Raises:
          UsageError: It is closed.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def unary_unary(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> UnaryUnaryMultiCallable:
        """Make an object that calls a unary-unary method.

        Raises:
          ValueError: The method is not named as methods are.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def unary_stream(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> UnaryStreamMultiCallable:
        """Make an object that calls a unary-stream method; see `unary_unary`."""
        raise NotImplementedError()

    @abc.abstractmethod
    def stream_unary(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> StreamUnaryMultiCallable:
        """Make an object that calls a stream-unary method; see `unary_unary`."""
        raise NotImplementedError()

    @abc.abstractmethod
    def stream_stream(
        self,
        method: str,
        request_serializer: Serializer = None,
        response_deserializer: Deserializer = None,
        _registered_method: Optional[bool] = False,
    ) -> StreamStreamMultiCallable:
        """Make an object that calls a stream-stream method; see `unary_unary`."""
        raise NotImplementedError()
