"""The abstract classes and the errors that users of the modern API name."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Tuple, Union

if TYPE_CHECKING:
    import threading
    from types import TracebackType

    from grpc._values.status import StatusCode

MetadataValue = Union[str, bytes]
Metadata = Sequence[Tuple[str, MetadataValue]]


class RpcError(Exception):
    """Raised by the library for an RPC that did not end with status OK; the raised object is a `Call` as well."""


class FutureTimeoutError(Exception):
    """A method of a `Future` waited as long as it was told to, and the computation goes on."""


class FutureCancelledError(Exception):
    """There is no result because the computation was cancelled."""


class Future(abc.ABC):
    """A computation that may be over or still going on. Any thread may call the methods."""

    __slots__ = ()

    @abc.abstractmethod
    def cancel(self) -> bool:
        """Try to cancel. Returns whether the computation is certainly cancelled; does not block."""
        raise NotImplementedError()

    @abc.abstractmethod
    def cancelled(self) -> bool:
        """Tell whether it was cancelled before it was over; does not block."""
        raise NotImplementedError()

    @abc.abstractmethod
    def running(self) -> bool:
        """Tell whether it goes on; does not block."""
        raise NotImplementedError()

    @abc.abstractmethod
    def done(self) -> bool:
        """Tell whether it is over, in whatever way; does not block."""
        raise NotImplementedError()

    @abc.abstractmethod
    def result(self, timeout: Optional[float] = None) -> Any:
        """Wait for the value.

        Args:
          timeout: Seconds to wait at most; None for as long as it takes.

        Raises:
          FutureTimeoutError: It is not over in time.
          FutureCancelledError: It was cancelled.
          Exception: What the computation raised; for an RPC an `RpcError`.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def exception(self, timeout: Optional[float] = None) -> Optional[Exception]:
        """Wait for the end and give what it raised, or None; raises as `result` does for want of an end."""
        raise NotImplementedError()

    @abc.abstractmethod
    def traceback(self, timeout: Optional[float] = None) -> Optional[TracebackType]:
        """Wait for the end and give the traceback of what it raised, or None."""
        raise NotImplementedError()

    @abc.abstractmethod
    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Have a callback called with this future once it is over, at once if it is."""
        raise NotImplementedError()


class RpcContext(abc.ABC):
    """What either side can learn of an RPC, and do to it."""

    __slots__ = ()

    @abc.abstractmethod
    def is_active(self) -> bool:
        """Tell whether the RPC goes on."""
        raise NotImplementedError()

    @abc.abstractmethod
    def time_remaining(self) -> Optional[float]:
        """Tell how many seconds are left until the deadline; None without a deadline."""
        raise NotImplementedError()

    @abc.abstractmethod
    def cancel(self) -> None:
        """Cancel the RPC; without effect when it has ended."""
        raise NotImplementedError()

    @abc.abstractmethod
    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have a callback called at the end of the RPC.

        Returns:
          Whether it will be called: False means that the RPC has ended already.
        """
        raise NotImplementedError()


class Call(RpcContext):
    """An RPC as its caller sees it. The accessors block until their value is known."""

    __slots__ = ()

    @abc.abstractmethod
    def initial_metadata(self) -> Any:
        """The server's initial metadata as a tuple of (key, value) pairs."""
        raise NotImplementedError()

    @abc.abstractmethod
    def trailing_metadata(self) -> Any:
        """The server's trailing metadata as a tuple of (key, value) pairs."""
        raise NotImplementedError()

    @abc.abstractmethod
    def code(self) -> StatusCode:
        """The status code."""
        raise NotImplementedError()

    @abc.abstractmethod
    def details(self) -> str:
        """The status text."""
        raise NotImplementedError()


class UnaryUnaryMultiCallable(abc.ABC):
    """Calls one unary-unary method."""

    __slots__ = ()

    @abc.abstractmethod
    def __call__(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Any] = None,
    ) -> Any:
        """Make the call and wait for its response.

        Args:
          request: The request message.
          timeout: Seconds that the RPC may take; None for no limit.
          metadata: (key, value) pairs for the server.
          credentials: Call credentials, for secure channels only.
          wait_for_ready: Whether to wait while the channel cannot connect, instead of failing at once.
          compression: How to compress the request.

        Raises:
          RpcError: The RPC did not end with status OK. It is a `Call` too.
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
        compression: Optional[Any] = None,
    ) -> Tuple[Any, Call]:
        """Make the call as `__call__` does; returns the response and the `Call`."""
        raise NotImplementedError()

    @abc.abstractmethod
    def future(
        self,
        request: Any,
        timeout: Optional[float] = None,
        metadata: Optional[Metadata] = None,
        credentials: Optional[Any] = None,
        wait_for_ready: Optional[bool] = None,
        compression: Optional[Any] = None,
    ) -> Any:
        """Begin the call and return at once an object that is a `Call` and a `Future`."""
        raise NotImplementedError()


class Channel(abc.ABC):
    """A way to a server. Any thread may call the methods; a context manager that closes at its end."""

    __slots__ = ()

    @abc.abstractmethod
    def unary_unary(
        self,
        method: str,
        request_serializer: Optional[Callable[[Any], bytes]] = None,
        response_deserializer: Optional[Callable[[bytes], Any]] = None,
        _registered_method: Optional[bool] = False,
    ) -> UnaryUnaryMultiCallable:
        """Make an object that calls a unary-unary method.

        Args:
          method: As `/package.Service/Method`.
          request_serializer: From request to bytes; None if requests are bytes.
          response_deserializer: From bytes to response; None if bytes are wanted.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def close(self) -> None:
        """Cancel all RPCs and release everything; the channel can be used no more."""
        raise NotImplementedError()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> Optional[bool]:
        self.close()
        return None


class ServicerContext(RpcContext):
    """What a handler can learn of its RPC, and say besides the response."""

    __slots__ = ()

    @abc.abstractmethod
    def invocation_metadata(self) -> Any:
        """The client's metadata as a tuple of (key, value) pairs."""
        raise NotImplementedError()

    @abc.abstractmethod
    def peer(self) -> str:
        """The client's address, such as `ipv4:127.0.0.1:40112`."""
        raise NotImplementedError()

    @abc.abstractmethod
    def send_initial_metadata(self, initial_metadata: Metadata) -> None:
        """Send initial metadata now; at most once, and before the first response."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_trailing_metadata(self, trailing_metadata: Metadata) -> None:
        """Choose what is sent after the last response."""
        raise NotImplementedError()

    @abc.abstractmethod
    def abort(self, code: StatusCode, details: str) -> None:
        """Raise, so that the RPC ends with this status; code OK is an error and ends it as UNKNOWN."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_code(self, code: StatusCode) -> None:
        """Choose the status code; OK if never called."""
        raise NotImplementedError()

    @abc.abstractmethod
    def set_details(self, details: str) -> None:
        """Choose the status text."""
        raise NotImplementedError()


class RpcMethodHandler:
    """One method as it is served; exactly one of the four callables is set.

    Attributes:
      request_streaming: Whether it takes many requests.
      response_streaming: Whether it gives many responses.
      request_deserializer: From bytes to request; None if it takes bytes.
      response_serializer: From response to bytes; None if it gives bytes.
      unary_unary: Takes a request and a `ServicerContext`, returns the response.
      unary_stream: Takes a request and a `ServicerContext`, returns an iterator of responses.
      stream_unary: Takes an iterator of requests and a `ServicerContext`, returns the response.
      stream_stream: Takes an iterator of requests and a `ServicerContext`, returns an iterator of responses.
    """

    request_streaming: bool = False
    response_streaming: bool = False
    request_deserializer: Optional[Callable[[bytes], Any]] = None
    response_serializer: Optional[Callable[[Any], bytes]] = None
    unary_unary: Optional[Callable[[Any, ServicerContext], Any]] = None
    unary_stream: Optional[Callable[[Any, ServicerContext], Any]] = None
    stream_unary: Optional[Callable[[Any, ServicerContext], Any]] = None
    stream_stream: Optional[Callable[[Any, ServicerContext], Any]] = None


class HandlerCallDetails:
    """What is known of an RPC before its handler is chosen.

    Attributes:
      method: As `/package.Service/Method`.
      invocation_metadata: The client's metadata.
    """

    __slots__ = ("invocation_metadata", "method")

    def __init__(self, method: str, invocation_metadata: Any) -> None:
        self.method = method
        self.invocation_metadata = invocation_metadata


class GenericRpcHandler(abc.ABC):
    """Finds the handlers of any number of methods."""

    @abc.abstractmethod
    def service(self, handler_call_details: HandlerCallDetails) -> Optional[RpcMethodHandler]:
        """Give the handler of an RPC, or None if it is not known here."""
        raise NotImplementedError()


class ServiceRpcHandler(GenericRpcHandler):
    """Finds the handlers of one service's methods."""

    @abc.abstractmethod
    def service_name(self) -> str:
        """The service's name, package included."""
        raise NotImplementedError()


class Server(abc.ABC):
    """Serves RPCs."""

    __slots__ = ()

    @abc.abstractmethod
    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[GenericRpcHandler]) -> None:
        """Add handlers; they are asked in the order in which they were added."""
        raise NotImplementedError()

    @abc.abstractmethod
    def add_insecure_port(self, address: str) -> int:
        """Bind an address without encryption.

        Args:
          address: `host:port` or `unix:path`; port 0 stands for any free one.

        Returns:
          The port.

        Raises:
          RuntimeError: It cannot be bound.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def start(self) -> None:
        """Begin to serve; once only."""
        raise NotImplementedError()

    @abc.abstractmethod
    def stop(self, grace: Optional[float]) -> threading.Event:
        """Refuse new RPCs at once; abort those that still run after `grace` seconds.

        Args:
          grace: Seconds; None aborts at once, and then the call waits until everything has ended.

        Returns:
          An event that is set when everything has ended.
        """
        raise NotImplementedError()
