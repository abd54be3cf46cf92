"""Method handlers and their makers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

from grpc._modern import _serving

if TYPE_CHECKING:
    from grpc._modern._calling import Deserializer, Serializer

# The second argument is the context of the API that serves it, one or the other.
Behavior = Callable[[Any, Any], Any]


class MethodHandler(_serving.RpcMethodHandler):
    """A handler made of its parts."""

    def __init__(
        self,
        request_streaming: bool,
        response_streaming: bool,
        request_deserializer: Deserializer,
        response_serializer: Serializer,
        behavior: Behavior,
    ) -> None:
        if not callable(behavior):
            raise TypeError(f"a method is served by a callable, not by {behavior!r}")
        self.request_streaming = request_streaming
        self.response_streaming = response_streaming
        self.request_deserializer = request_deserializer
        self.response_serializer = response_serializer
        setattr(self, shape(self), behavior)

    def __repr__(self) -> str:
        return f"<{shape(self)} handler {getattr(self, shape(self))!r}>"


def shape(handler: _serving.RpcMethodHandler) -> str:
    """The name of the attribute that holds a handler's callable, such as `unary_stream`."""
    request = "stream" if handler.request_streaming else "unary"
    response = "stream" if handler.response_streaming else "unary"
    return f"{request}_{response}"


def unary_unary_rpc_method_handler(
    behavior: Behavior, request_deserializer: Deserializer = None, response_serializer: Serializer = None
) -> _serving.RpcMethodHandler:
    """Make the handler of a method with one request and one response.

    Args:
      behavior: Takes the request and a `ServicerContext`, returns the response.
      request_deserializer: From bytes to request; None if it takes bytes.
      response_serializer: From response to bytes; None if it returns bytes.
    """
    return MethodHandler(False, False, request_deserializer, response_serializer, behavior)


def unary_stream_rpc_method_handler(
    behavior: Behavior, request_deserializer: Deserializer = None, response_serializer: Serializer = None
) -> _serving.RpcMethodHandler:
    """Make the handler of a method with one request and many responses.

    Args:
      behavior: Takes the request and a `ServicerContext`, returns an iterator of responses.
      request_deserializer: From bytes to request; None if it takes bytes.
      response_serializer: From response to bytes; None if it gives bytes.
    """
    return MethodHandler(False, True, request_deserializer, response_serializer, behavior)


def stream_unary_rpc_method_handler(
    behavior: Behavior, request_deserializer: Deserializer = None, response_serializer: Serializer = None
) -> _serving.RpcMethodHandler:
    """Make the handler of a method with many requests and one response.

    Args:
      behavior: Takes an iterator of requests and a `ServicerContext`, returns the response.
      request_deserializer: From bytes to request; None if it takes bytes.
      response_serializer: From response to bytes; None if it returns bytes.
    """
    return MethodHandler(True, False, request_deserializer, response_serializer, behavior)


def stream_stream_rpc_method_handler(
    behavior: Behavior, request_deserializer: Deserializer = None, response_serializer: Serializer = None
) -> _serving.RpcMethodHandler:
    """Make the handler of a method with many requests and many responses.

    Args:
      behavior: Takes an iterator of requests and a `ServicerContext`, returns an iterator of responses.
      request_deserializer: From bytes to request; None if it takes bytes.
      response_serializer: From response to bytes; None if it gives bytes.
    """
    return MethodHandler(True, True, request_deserializer, response_serializer, behavior)


class DictionaryHandler(_serving.ServiceRpcHandler):
    """Finds the handlers of one service by their names."""

    def __init__(self, service: str, method_handlers: Mapping[str, _serving.RpcMethodHandler]) -> None:
        self._service = service
        self._handlers = {f"/{service}/{method}": handler for method, handler in method_handlers.items()}

    def service_name(self) -> str:
        return self._service

    def service(self, handler_call_details: _serving.HandlerCallDetails) -> Optional[_serving.RpcMethodHandler]:
        return self._handlers.get(handler_call_details.method)


def method_handlers_generic_handler(
    service: str, method_handlers: Mapping[str, _serving.RpcMethodHandler]
) -> _serving.GenericRpcHandler:
    """Make a generic handler of one service.

    Args:
      service: The service's name, package included.
      method_handlers: From method name to handler.
    """
    return DictionaryHandler(service, method_handlers)
