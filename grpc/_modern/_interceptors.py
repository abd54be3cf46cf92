"""Client interceptors: what they may be."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from grpc._modern._contexts import ClientCallDetails


class UnaryUnaryClientInterceptor(abc.ABC):
    """Stands between the caller and a unary-unary RPC."""

    @abc.abstractmethod
    def intercept_unary_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> Any:
        """Make the call, another one, several, or none.

        Args:
          continuation: Goes on, to the next interceptor or at last to the RPC; takes call details and a request, gives
            an object that is a `Call` and a `Future`. An RPC that failed does not raise there but in its `result`.
          client_call_details: Which call it is.
          request: The request message.

        Returns:
          An object that is a `Call` and a `Future`.
        """
        raise NotImplementedError()


class UnaryStreamClientInterceptor(abc.ABC):
    """Stands between the caller and a unary-stream RPC."""

    @abc.abstractmethod
    def intercept_unary_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> Any:
        """As `UnaryUnaryClientInterceptor.intercept_unary_unary`; returns a `Call` and iterator of responses."""
        raise NotImplementedError()


class StreamUnaryClientInterceptor(abc.ABC):
    """Stands between the caller and a stream-unary RPC."""

    @abc.abstractmethod
    def intercept_stream_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """As `UnaryUnaryClientInterceptor.intercept_unary_unary`, with an iterator of requests."""
        raise NotImplementedError()


class StreamStreamClientInterceptor(abc.ABC):
    """Stands between the caller and a stream-stream RPC."""

    @abc.abstractmethod
    def intercept_stream_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Any],
        client_call_details: ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """As `UnaryStreamClientInterceptor.intercept_unary_stream`, with an iterator of requests."""
        raise NotImplementedError()
