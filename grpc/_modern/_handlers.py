"""Method handlers and their makers."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional

from grpc._modern import _interfaces


class MethodHandler(_interfaces.RpcMethodHandler):
    """A handler made of its parts."""

    def __init__(
        self,
        request_streaming: bool,
        response_streaming: bool,
        request_deserializer: Optional[Callable[[bytes], Any]],
        response_serializer: Optional[Callable[[Any], bytes]],
        behavior: Callable[[Any, _interfaces.ServicerContext], Any],
    ) -> None:
        self.request_streaming = request_streaming
        self.response_streaming = response_streaming
        self.request_deserializer = request_deserializer
        self.response_serializer = response_serializer
        request = "stream" if request_streaming else "unary"
        response = "stream" if response_streaming else "unary"
        setattr(self, f"{request}_{response}", behavior)


def unary_unary_rpc_method_handler(
    behavior: Callable[[Any, _interfaces.ServicerContext], Any],
    request_deserializer: Optional[Callable[[bytes], Any]] = None,
    response_serializer: Optional[Callable[[Any], bytes]] = None,
) -> _interfaces.RpcMethodHandler:
    """Make the handler of a method with one request and one response.

    Args:
      behavior: Takes the request and a `ServicerContext`, returns the response.
      request_deserializer: From bytes to request; None if it takes bytes.
      response_serializer: From response to bytes; None if it returns bytes.
    """
    return MethodHandler(False, False, request_deserializer, response_serializer, behavior)


class DictionaryHandler(_interfaces.ServiceRpcHandler):
    """Finds the handlers of one service by their names."""

    def __init__(self, service: str, method_handlers: Mapping[str, _interfaces.RpcMethodHandler]) -> None:
        self._service = service
        self._handlers = {f"/{service}/{method}": handler for method, handler in method_handlers.items()}

    def service_name(self) -> str:
        return self._service

    def service(self, handler_call_details: _interfaces.HandlerCallDetails) -> Optional[_interfaces.RpcMethodHandler]:
        return self._handlers.get(handler_call_details.method)


def method_handlers_generic_handler(
    service: str, method_handlers: Mapping[str, _interfaces.RpcMethodHandler]
) -> _interfaces.GenericRpcHandler:
    """Make a generic handler of one service.

    Args:
      service: The service's name, package included.
      method_handlers: From method name to handler.
    """
    return DictionaryHandler(service, method_handlers)
