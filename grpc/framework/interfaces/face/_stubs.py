"""Objects that invoke any method, named by group and name or by attribute.

The docstring of `face` explains the arguments of an invocation, which are the same for all.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, Tuple

if TYPE_CHECKING:
    from grpc.framework.foundation.stream import Consumer
    from grpc.framework.interfaces.face._callables import (
        CallFuture,
        CallIterator,
        StreamStreamMultiCallable,
        StreamUnaryMultiCallable,
        UnaryStreamMultiCallable,
        UnaryUnaryMultiCallable,
    )
    from grpc.framework.interfaces.face._contexts import Call, ResponseReceiver
    from grpc.framework.interfaces.face.face import Abortion


class GenericStub(abc.ABC):
    """Invokes methods by group and name: a method per shape and style of invocation.

    Who invokes the same method often gets a multi-callable for it, once, from `unary_unary`,
    `unary_stream`, `stream_unary` or `stream_stream`.
    """

    __slots__ = ()

    @abc.abstractmethod
    def blocking_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        with_call: bool = False,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        """Invokes with one request and blocks until the one response is there.

        Returns:
            The response, or the pair (response, `Call`) if `with_call`.

        Raises:
            AbortionError: the RPC was aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def future_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallFuture:
        """Invokes with one request, for one response, and returns at once.

        Returns:
            A `Call` that is a `future.Future` of the response, too. The future's exception is
            an `AbortionError` if the RPC is aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def inline_unary_stream(
        self,
        group: str,
        method: str,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallIterator:
        """Invokes with one request, for many responses, and returns at once.

        Returns:
            A `Call` that is an iterator of the responses, too. Drawing from it blocks until the
            next response is there, and raises an `AbortionError` if the RPC is aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def blocking_stream_unary(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        with_call: bool = False,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        """Invokes with many requests and blocks until the one response is there.

        Returns:
            The response, or the pair (response, `Call`) if `with_call`.

        Raises:
            AbortionError: the RPC was aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def future_stream_unary(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallFuture:
        """Invokes with many requests, for one response, and returns at once.

        Returns:
            A `Call` that is a `future.Future` of the response, too. The future's exception is
            an `AbortionError` if the RPC is aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def inline_stream_stream(
        self,
        group: str,
        method: str,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallIterator:
        """Invokes with many requests, for many responses, and returns at once.

        Returns:
            A `Call` that is an iterator of the responses, too. Drawing from it blocks until the
            next response is there, and raises an `AbortionError` if the RPC is aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def event_unary_unary(
        self,
        group: str,
        method: str,
        request: Any,
        receiver: ResponseReceiver,
        abortion_callback: Optional[Callable[[Abortion], None]],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Call:
        """Invokes with one request and has the one response passed to `receiver`.

        Returns:
            The call.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def event_unary_stream(
        self,
        group: str,
        method: str,
        request: Any,
        receiver: ResponseReceiver,
        abortion_callback: Optional[Callable[[Abortion], None]],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Call:
        """Invokes with one request and has the responses passed to `receiver`.

        Returns:
            The call.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def event_stream_unary(
        self,
        group: str,
        method: str,
        receiver: ResponseReceiver,
        abortion_callback: Optional[Callable[[Abortion], None]],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Tuple[Call, Consumer[Any]]:
        """Invokes for one response, to be passed to `receiver`; requests follow.

        Returns:
            The call, and a `stream.Consumer` to which the requests are to be passed.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def event_stream_stream(
        self,
        group: str,
        method: str,
        receiver: ResponseReceiver,
        abortion_callback: Optional[Callable[[Abortion], None]],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Tuple[Call, Consumer[Any]]:
        """Invokes for many responses, to be passed to `receiver`; requests follow.

        Returns:
            The call, and a `stream.Consumer` to which the requests are to be passed.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def unary_unary(self, group: str, method: str) -> UnaryUnaryMultiCallable:
        """Makes an object that invokes one method of one request and one response; invokes nothing itself.

        Args:
            group: the group of the method.
            method: its name within the group.

        Returns:
            The multi-callable, to be used as often as wished.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def unary_stream(self, group: str, method: str) -> UnaryStreamMultiCallable:
        """Makes an object that invokes one method of one request and many responses; invokes nothing itself.

        Args:
            group: the group of the method.
            method: its name within the group.

        Returns:
            The multi-callable, to be used as often as wished.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def stream_unary(self, group: str, method: str) -> StreamUnaryMultiCallable:
        """Makes an object that invokes one method of many requests and one response; invokes nothing itself.

        Args:
            group: the group of the method.
            method: its name within the group.

        Returns:
            The multi-callable, to be used as often as wished.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def stream_stream(self, group: str, method: str) -> StreamStreamMultiCallable:
        """Makes an object that invokes one method of many requests and many responses; invokes nothing itself.

        Args:
            group: the group of the method.
            method: its name within the group.

        Returns:
            The multi-callable, to be used as often as wished.
        """
        raise NotImplementedError


class DynamicStub:
    """Invokes the methods of one group as attributes of the stub.

    The attribute named as a method is the multi-callable of that method's shape, so that
    `stub.Method(request, timeout)` invokes it. Other names raise `AttributeError`.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
