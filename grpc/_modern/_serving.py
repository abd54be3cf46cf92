"""How RPCs are served: servers, handlers and their interceptors, as interfaces."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Optional

if TYPE_CHECKING:
    import threading

    from grpc._modern._contexts import ServicerContext


class RpcMethodHandler:
    """One method as it is served; of the four callables the one for its shape is set.

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
      invocation_metadata: The client's metadata as a tuple of (key, value) pairs.
    """

    method: str
    invocation_metadata: Any


class GenericRpcHandler(abc.ABC):
    """Finds the handlers of any number of methods."""

    @abc.abstractmethod
    def service(self, handler_call_details: HandlerCallDetails) -> Optional[RpcMethodHandler]:
        """Give the handler of an RPC, or None if it is not known here. Called in the server's pool."""
        raise NotImplementedError()


class ServiceRpcHandler(GenericRpcHandler):
    """Finds the handlers of one service's methods."""

    @abc.abstractmethod
    def service_name(self) -> str:
        """The service's name, package included."""
        raise NotImplementedError()


class ServerInterceptor(abc.ABC):
    """Stands between an RPC and the choice of its handler."""

    @abc.abstractmethod
    def intercept_service(
        self,
        continuation: Callable[[HandlerCallDetails], Optional[RpcMethodHandler]],
        handler_call_details: HandlerCallDetails,
    ) -> Optional[RpcMethodHandler]:
        """Choose the handler of an RPC.

        Args:
          continuation: Asks the next interceptor, or at last the handlers.
          handler_call_details: Which RPC it is.

        Returns:
          The handler, or None if there is none.
        """
        raise NotImplementedError()


class Server(abc.ABC):
    """Serves RPCs. Any thread may call the methods."""

    __slots__ = ()

    @abc.abstractmethod
    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[GenericRpcHandler]) -> None:
        """Add handlers; they are asked in the order in which they were added.

        Raises:
          AttributeError: One of them has no `service` method.
        """
        raise NotImplementedError()

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, RpcMethodHandler]
    ) -> None:
        """Add the handlers of one service's methods, as generated code does.

        Args:
          service_name: The service's name, package included.
          method_handlers: From method name to handler.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def add_insecure_port(self, address: str) -> int:
        """Bind an address without encryption.

        Args:
          address: `host:port` or `unix:path`; port 0 stands for any free one.

        Returns:
          The port.

        Raises:
          RuntimeError: It cannot be bound; the text says why.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def add_secure_port(self, address: str, server_credentials: Any) -> int:
        """Bind an address with encryption.

        Args:
          address: As for `add_insecure_port`.
          server_credentials: What `ssl_server_credentials` and its like make.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def start(self) -> None:
        """Begin to serve; does not block.

        Raises:
          ValueError: The server has been started before.
        """
        raise NotImplementedError()

    @abc.abstractmethod
    def stop(self, grace: Optional[float]) -> threading.Event:
        """Refuse new RPCs at once, and abort those that still run after a time.

        Args:
          grace: Seconds that running RPCs are given. None aborts at once, and then the call waits until everything has
            ended. A later call may shorten the time, not extend it.

        Returns:
          An event that is set when everything has ended.
        """
        raise NotImplementedError()

    def wait_for_termination(self, timeout: Optional[float] = None) -> bool:
        """Block until the server has stopped.

        Args:
          timeout: Seconds to wait at the most; None for as long as it takes.

        Returns:
          Whether the time ran out.
        """
        raise NotImplementedError()
