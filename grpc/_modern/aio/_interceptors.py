"""What users write to intercept RPCs on the client, as interfaces."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Awaitable, Callable, NamedTuple, Optional

from grpc._modern import _contexts

if TYPE_CHECKING:
    from grpc._modern._contexts import Metadata
    from grpc._modern._credentials import CallCredentials


class _Details(NamedTuple):
    method: str
    timeout: Optional[float]
    metadata: Optional[Metadata]
    credentials: Optional[CallCredentials]
    wait_for_ready: Optional[bool]


class MethodName(str):
    """The name of a method as interceptors are given it: text that can be decoded as well.

    The documentation of grpcio calls it a string, its code hands over bytes, and so interceptors that are written for
    it say `method.decode()`, while others do as the documentation says. Both get their text here.
    """

    __slots__ = ()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The text, whatever the encoding; the arguments are those of `bytes.decode`."""
        return str(self)


class ClientCallDetails(_Details, _contexts.ClientCallDetails):
    """An RPC that is about to begin; a tuple, so that interceptors can `_replace` parts of it.

    Attributes:
      method: As `/package.Service/Method`; what interceptors are given has a `decode` like that of bytes.
      timeout: Seconds that the RPC may take, or None.
      metadata: What is sent to the server first, or None. What interceptors are given is `Metadata`, be it empty, and
        theirs to add to.
      credentials: Call credentials, or None.
      wait_for_ready: Whether to wait while the channel cannot connect; None for the channel's habit.
    """


class ClientInterceptor(abc.ABC):  # noqa: B024  # the common class of four; one of them is to be implemented
    """The common class of interceptors; one object may be of several of the four kinds.

    An interceptor is a coroutine that runs before the RPC, in a task of its own. It begins the RPC by awaiting its
    continuation, perhaps with other arguments, perhaps several times or never; awaiting gives the call object. What it
    returns takes the call's place: that call, another one, or what the caller would get from it.
    """

    __slots__ = ()


class UnaryUnaryClientInterceptor(ClientInterceptor):
    """Intercepts calls with one request and one response."""

    __slots__ = ()

    @abc.abstractmethod
    async def intercept_unary_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> Any:
        """Intercept a call.

        Args:
          continuation: Begins the call; awaiting it gives a `UnaryUnaryCall`.
          client_call_details: What to begin.
          request: The request.

        Returns:
          A `UnaryUnaryCall`, or the response.
        """
        raise NotImplementedError()


class UnaryStreamClientInterceptor(ClientInterceptor):
    """Intercepts calls with one request and many responses."""

    __slots__ = ()

    @abc.abstractmethod
    async def intercept_unary_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: ClientCallDetails,
        request: Any,
    ) -> Any:
        """Intercept a call.

        Args:
          continuation: Begins the call; awaiting it gives a `UnaryStreamCall`.
          client_call_details: What to begin.
          request: The request.

        Returns:
          A `UnaryStreamCall`, or an asynchronous iterator of responses.
        """
        raise NotImplementedError()


class StreamUnaryClientInterceptor(ClientInterceptor):
    """Intercepts calls with many requests and one response."""

    __slots__ = ()

    @abc.abstractmethod
    async def intercept_stream_unary(
        self,
        continuation: Callable[[ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """Intercept a call.

        Args:
          continuation: Begins the call; awaiting it gives a `StreamUnaryCall`.
          client_call_details: What to begin.
          request_iterator: The iterator that the caller gave, or an asynchronous one of what the caller will write.

        Returns:
          A `StreamUnaryCall`, or the response.
        """
        raise NotImplementedError()


class StreamStreamClientInterceptor(ClientInterceptor):
    """Intercepts calls with many requests and many responses."""

    __slots__ = ()

    @abc.abstractmethod
    async def intercept_stream_stream(
        self,
        continuation: Callable[[ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """Intercept a call.

        Args:
          continuation: Begins the call; awaiting it gives a `StreamStreamCall`.
          client_call_details: What to begin.
          request_iterator: As for `StreamUnaryClientInterceptor`.

        Returns:
          A `StreamStreamCall`, or an asynchronous iterator of responses.
        """
        raise NotImplementedError()
