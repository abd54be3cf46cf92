"""An RPC as its caller sees it, as interfaces. None may be used but on the loop that it was begun on."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Generator, Generic, Optional, TypeVar

if TYPE_CHECKING:
    from grpc._modern.aio._metadata import Metadata
    from grpc._values.status import StatusCode

RequestType = TypeVar("RequestType")
ResponseType = TypeVar("ResponseType")

DoneCallback = Callable[[Any], None]


class RpcContext(abc.ABC):
    """What can be learnt of an RPC, and done to it, without waiting."""

    __slots__ = ()

    @abc.abstractmethod
    def cancelled(self) -> bool:
        """Tell whether the RPC was cancelled from this side: by `cancel`, or with the task that awaited it."""
        raise NotImplementedError()

    @abc.abstractmethod
    def done(self) -> bool:
        """Tell whether the RPC is over, however it ended."""
        raise NotImplementedError()

    @abc.abstractmethod
    def time_remaining(self) -> Optional[float]:
        """Tell how many seconds are left until the deadline, 0 if it has passed; None without a deadline."""
        raise NotImplementedError()

    @abc.abstractmethod
    def cancel(self) -> bool:
        """Cancel the RPC; the peer hears of it.

        Returns:
          Whether it was this call that ended it: False if it was over.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def add_done_callback(self, callback: DoneCallback) -> None:
        """Have a callback called by the loop with this object when the RPC is over; soon, if it is already.

        It runs in the context variables of this call. What it raises goes to the loop's exception handler.
        """
        raise NotImplementedError()


class Call(RpcContext):
    """An RPC as its caller sees it. A task that is cancelled while it awaits one of these does not cancel the RPC."""

    __slots__ = ()

    @abc.abstractmethod
    async def initial_metadata(self) -> Metadata:
        """Wait for what the server sends first."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def trailing_metadata(self) -> Metadata:
        """Wait for the end, and what the server sends with it."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def code(self) -> StatusCode:
        """Wait for the end, and its status code."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def details(self) -> str:
        """Wait for the end, and its status text."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def wait_for_connection(self) -> None:
        """Wait until the channel has a connection for the RPC.

        Raises:
          AioRpcError: The RPC has failed before.
          CancelledError: It was cancelled before.
        """
        raise NotImplementedError()


class UnaryUnaryCall(Generic[RequestType, ResponseType], Call):
    """An RPC with one request and one response."""

    __slots__ = ()

    @abc.abstractmethod
    def __await__(self) -> Generator[Any, None, ResponseType]:
        """Wait for the response; a task that is cancelled meanwhile cancels the RPC.

        Raises:
          AioRpcError: The RPC did not end with status OK.
          CancelledError: It was cancelled.
        """
        raise NotImplementedError()


class UnaryStreamCall(Generic[RequestType, ResponseType], Call):
    """An RPC with one request and many responses, read in one of two styles: `async for`, or `read`.

    A call that is dropped before its end is cancelled.
    """

    __slots__ = ()

    @abc.abstractmethod
    def __aiter__(self) -> Any:
        """Iterate over the responses.

        Raises:
          UsageError: `read` has been used.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    async def read(self) -> Any:
        """Wait for the next response; a task that is cancelled meanwhile cancels the RPC.

        Returns:
          The response, or `EOF` at the end of an RPC with status OK.

        Raises:
          AioRpcError: The RPC ended with another status.
          CancelledError: It was cancelled.
          UsageError: Iteration has been used.
        """
        raise NotImplementedError()


class StreamUnaryCall(Generic[RequestType, ResponseType], Call):
    """An RPC with many requests and one response.

    Requests are written, unless the call was given an iterator of them.
    """

    __slots__ = ()

    @abc.abstractmethod
    def __await__(self) -> Generator[Any, None, ResponseType]:
        """Wait for the response; see `UnaryUnaryCall`."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def write(self, request: RequestType) -> None:
        """Send a request, as soon as the peer and the connection have room for it.

        A task that is cancelled meanwhile cancels the RPC.

        Raises:
          AioRpcError: The RPC has ended with a status that is not OK.
          CancelledError: It was cancelled.
          InvalidStateError: It has ended well, or `done_writing` was called.
          UsageError: The call was given an iterator of requests.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    async def done_writing(self) -> None:
        """Tell the server that no request follows. May be called again.

        Raises:
          UsageError: The call was given an iterator of requests.
        """
        raise NotImplementedError()


class StreamStreamCall(Generic[RequestType, ResponseType], Call):
    """An RPC with many requests and many responses: see `UnaryStreamCall` and `StreamUnaryCall`."""

    __slots__ = ()

    @abc.abstractmethod
    def __aiter__(self) -> Any:
        """Iterate over the responses; see `UnaryStreamCall`."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def read(self) -> Any:
        """Wait for the next response; see `UnaryStreamCall`."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def write(self, request: RequestType) -> None:
        """Send a request; see `StreamUnaryCall`."""
        raise NotImplementedError()

    @abc.abstractmethod
    async def done_writing(self) -> None:
        """Tell the server that no request follows; see `StreamUnaryCall`."""
        raise NotImplementedError()
