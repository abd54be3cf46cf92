"""How RPCs are called: channels and multi-callables, as interfaces."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, Tuple

if TYPE_CHECKING:
    from types import TracebackType

    from grpc._modern._contexts import Call, Metadata
    from grpc._values.compression import Compression
    from grpc._values.connectivity import ChannelConnectivity

Serializer = Optional[Callable[[Any], bytes]]
Deserializer = Optional[Callable[[bytes], Any]]


class UnaryUnaryMultiCallable(abc.ABC):
    """Calls one method that takes one request and gives one response.

    All ways of calling take the same arguments: the request message; `timeout`, the seconds that the RPC may take, None
    for no limit; `metadata`, (key, value) pairs for the server; `credentials`, call credentials, for secure channels
    only; `wait_for_ready`, whether to wait while the channel cannot connect instead of failing at once; and
    `compression` of the request. Wrong ones raise TypeError or ValueError before anything is sent.
    """

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        """Call and wait for the response.

        Raises:
          RpcError: The RPC did not end with status OK. The error is a `Call` too.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def with_call(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Tuple[Any, Call]:
        """Call as `__call__` does; the response comes with its `Call`.

        Raises:
          RpcError: As for `__call__`.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def future(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        """Begin the call; returns at once an object that is a `Call` and a `Future`."""
        raise NotImplementedError()


class UnaryStreamMultiCallable(abc.ABC):
    """Calls one method that takes one request and gives many responses."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        """Begin the call; the arguments are those of `UnaryUnaryMultiCallable`.

        Returns:
          An object that is a `Call` and an iterator of responses; drawing from it blocks, and raises `RpcError` at the
          end of an RPC whose status is not OK.
        """
        raise NotImplementedError()


class StreamUnaryMultiCallable(abc.ABC):
    """Calls one method that takes many requests and gives one response.

    Requests are drawn from the iterator in a thread of the channel's, as fast as the server takes them. An iterator
    that raises cancels the RPC, and the error names its exception.
    """

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        """Call and wait for the response.

        Raises:
          RpcError: The RPC did not end with status OK. The error is a `Call` too.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def with_call(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Tuple[Any, Call]:
        """Call as `__call__` does; the response comes with its `Call`.

        Raises:
          RpcError: As for `__call__`.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def future(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        """Begin the call; returns at once an object that is a `Call` and a `Future`."""
        raise NotImplementedError()


class StreamStreamMultiCallable(abc.ABC):
    """Calls one method that takes many requests and gives many responses."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Compression] = None,
    ) -> Any:
        """Begin the call; requests go as for `StreamUnaryMultiCallable`, responses come as for the unary-stream one."""
        raise NotImplementedError()


class Channel(abc.ABC):
    """A way to a server. Any thread may call the methods; as a context manager it closes at its end.

    The four makers of multi-callables take the method as `/package.Service/Method`, what turns requests into bytes and
    bytes into responses (None for messages that are bytes already), and a mark of generated code that has no effect.
    """

    __slots__ = ()

    @abc.abstractmethod
    def subscribe(
        self, callback: Callable[[ChannelConnectivity], None], try_to_connect: Optional[bool] = False
    ) -> None:
        """Have a callback called with the channel's state now and whenever it changes, one call at a time, in order.

        Args:
          callback: Takes a `ChannelConnectivity`.
          try_to_connect: Whether the channel should connect now; otherwise it does when the first RPC needs it.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def unsubscribe(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        """Have a subscribed callback called no more; one that is not subscribed is ignored."""
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

    @abc.abstractmethod
    def close(self) -> None:
        """Cancel all RPCs and release everything; the channel can be used no more. May be called again."""
        raise NotImplementedError()

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self,
        exc_type: Optional[type],
        exc_val: Optional[BaseException],
        exc_tb: Optional[TracebackType],
    ) -> None:
        self.close()
