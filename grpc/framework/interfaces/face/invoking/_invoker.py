"""What begins RPCs, in each style: all that stubs and multi-callables need."""

from __future__ import annotations

import abc
from typing import Any, Callable, Iterable, Optional

from grpc.framework.interfaces.face import face

AbortionCallback = Optional[Callable[[face.Abortion], None]]
"""Is passed the abortion of an RPC that was aborted; None if nobody wants to hear of it."""


class Invoker(abc.ABC):
    """Begins RPCs. Arguments are as `face` explains them, but all are given.

    Whatever is returned is a `face.Call`. What has one response is a future of that as well, and has `response()`: it
    blocks until the RPC has ended, and returns the response or raises the `AbortionError`. What has many is an
    iterator of them. Nothing else blocks unless it says so, and any thread may call anything.
    """

    __slots__ = ()

    # ------------------------------------------------------------ one request

    @abc.abstractmethod
    def unary_unary(
        self, group: str, method: str, request: Any, timeout: Optional[float], metadata: Any, protocol_options: Any
    ) -> Any:
        """Begin an RPC with one request and one response."""
        raise NotImplementedError

    @abc.abstractmethod
    def unary_stream(
        self, group: str, method: str, request: Any, timeout: Optional[float], metadata: Any, protocol_options: Any
    ) -> Any:
        """Begin an RPC with one request and many responses."""
        raise NotImplementedError

    @abc.abstractmethod
    def event_one_request(
        self,
        many: bool,
        group: str,
        method: str,
        request: Any,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> Any:
        """Begin an RPC with one request, and one response or many, for a receiver."""
        raise NotImplementedError

    # ------------------------------------------------------------ many requests

    @abc.abstractmethod
    def stream_unary(
        self,
        group: str,
        method: str,
        requests: Iterable[Any],
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> Any:
        """Begin an RPC with requests from an iterator and one response."""
        raise NotImplementedError

    def blocking_stream_unary(
        self,
        group: str,
        method: str,
        requests: Iterable[Any],
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> Any:
        """The same for a caller that is going to wait for the response, whose thread may be used meanwhile."""
        return self.stream_unary(group, method, requests, timeout, metadata, protocol_options)

    @abc.abstractmethod
    def stream_stream(
        self,
        group: str,
        method: str,
        requests: Iterable[Any],
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> Any:
        """Begin an RPC with requests from an iterator and many responses."""
        raise NotImplementedError

    @abc.abstractmethod
    def event_many_requests(
        self,
        many: bool,
        group: str,
        method: str,
        receiver: face.ResponseReceiver,
        abortion_callback: AbortionCallback,
        timeout: Optional[float],
        metadata: Any,
        protocol_options: Any,
    ) -> Any:
        """Begin an RPC with one response or many for a receiver; what is returned consumes its requests as well."""
        raise NotImplementedError
