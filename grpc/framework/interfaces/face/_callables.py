"""Objects that invoke one method each: one interface per shape, a method per style of invocation.

The docstring of `face` explains the arguments, which are the same for all.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional

if TYPE_CHECKING:
    from typing import TypeAlias

    from grpc.framework.interfaces.face._contexts import Call, ResponseReceiver
    from grpc.framework.interfaces.face.face import Abortion

    # Objects that are a `Call` and something else as well. Python's types have no word for
    # "both", and a common class for each pair would force its shape on the implementation.
    CallIterator: TypeAlias = Any
    CallFuture: TypeAlias = Any
    CallConsumer: TypeAlias = Any


class UnaryUnaryMultiCallable(abc.ABC):
    """Invokes one method, of one request and one response, in any style."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        with_call: bool = False,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        """Invokes and blocks until the response is there.

        Returns:
            The response, or the pair (response, `Call`) if `with_call`.

        Raises:
            AbortionError: the RPC was aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def future(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallFuture:
        """Invokes and returns at once.

        Returns:
            A `Call` that is a `future.Future` of the response, too. The future's exception is
            an `AbortionError` if the RPC is aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def event(
        self,
        request: Any,
        receiver: ResponseReceiver,
        abortion_callback: Optional[Callable[[Abortion], None]],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Call:
        """Invokes and has the response passed to `receiver`.

        Returns:
            The call.
        """
        raise NotImplementedError


class UnaryStreamMultiCallable(abc.ABC):
    """Invokes one method, of one request and many responses, in any style."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request: Any,
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallIterator:
        """Invokes and returns at once.

        Returns:
            A `Call` that is an iterator of the responses, too. Drawing from it blocks until the
            next response is there, and raises an `AbortionError` if the RPC is aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def event(
        self,
        request: Any,
        receiver: ResponseReceiver,
        abortion_callback: Optional[Callable[[Abortion], None]],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> Call:
        """Invokes and has the responses passed to `receiver`.

        Returns:
            The call.
        """
        raise NotImplementedError


class StreamUnaryMultiCallable(abc.ABC):
    """Invokes one method, of many requests and one response, in any style."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        with_call: bool = False,
        protocol_options: Optional[Any] = None,
    ) -> Any:
        """Invokes and blocks until the response is there.

        Returns:
            The response, or the pair (response, `Call`) if `with_call`.

        Raises:
            AbortionError: the RPC was aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def future(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallFuture:
        """Invokes and returns at once.

        Returns:
            A `Call` that is a `future.Future` of the response, too. The future's exception is
            an `AbortionError` if the RPC is aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def event(
        self,
        receiver: ResponseReceiver,
        abortion_callback: Optional[Callable[[Abortion], None]],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallConsumer:
        """Invokes and has the response passed to `receiver`.

        Returns:
            A `Call` that is a `stream.Consumer`, too, to which the requests are to be passed.
        """
        raise NotImplementedError


class StreamStreamMultiCallable(abc.ABC):
    """Invokes one method, of many requests and many responses, in any style."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request_iterator: Iterator[Any],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallIterator:
        """Invokes and returns at once.

        Returns:
            A `Call` that is an iterator of the responses, too. Drawing from it blocks until the
            next response is there, and raises an `AbortionError` if the RPC is aborted.
        """
        raise NotImplementedError

    @abc.abstractmethod
    def event(
        self,
        receiver: ResponseReceiver,
        abortion_callback: Optional[Callable[[Abortion], None]],
        timeout: Optional[float],
        metadata: Optional[Any] = None,
        protocol_options: Optional[Any] = None,
    ) -> CallConsumer:
        """Invokes and has the responses passed to `receiver`.

        Returns:
            A `Call` that is a `stream.Consumer`, too, to which the requests are to be passed.
        """
        raise NotImplementedError
