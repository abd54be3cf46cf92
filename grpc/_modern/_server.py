"""Servers: a Face multi-method implementation that asks the generic handlers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Sequence, Tuple, Union

from grpc._assembly.server import ServerSide
from grpc._modern import _context, _interfaces
from grpc._modern._channel import ChannelOptions, limits_of
from grpc._values import status
from grpc.framework.common import cardinality, style
from grpc.framework.foundation import stream
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    import threading
    from concurrent import futures

_LOGGER = logging.getLogger(__name__)


class _Ignore(stream.Consumer[Any]):
    """Takes the requests of a call that nobody serves."""

    __slots__ = ()

    def consume(self, value: Any) -> None:
        pass

    def terminate(self) -> None:
        pass

    def consume_and_terminate(self, value: Any) -> None:
        pass


_IGNORE = _Ignore()


class _UnaryUnary(face.MethodImplementation):
    """A unary-unary handler as Face runs it."""

    __slots__ = ("_handler", "_method")

    cardinality = cardinality.Cardinality.UNARY_UNARY
    style = style.Service.INLINE

    def __init__(self, method: str, handler: _interfaces.RpcMethodHandler) -> None:
        self._method = method
        self._handler = handler

    def unary_unary_inline(self, request: bytes, face_context: face.ServicerContext) -> Optional[bytes]:
        """Deserialize, run the handler, serialize; None, with a status set, if any of it fails."""
        handler = self._handler
        context = _context.ServicerContext(face_context)
        message: Any = request
        if handler.request_deserializer is not None:
            try:
                message = handler.request_deserializer(request)
            except Exception as error:
                _LOGGER.exception("Exception deserializing request of %s", self._method)
                context.fail(status.INTERNAL, f"Exception deserializing request! {error}")
                return None
        assert handler.unary_unary is not None
        try:
            response = handler.unary_unary(message, context)
        except Exception as error:
            if not context.aborted:
                _LOGGER.exception("Exception calling application in %s: %s", self._method, error)
                context.fail(status.UNKNOWN, f"Exception calling application: {error}")
            return None
        return _serialize(handler.response_serializer, response, context, self._method)


def _serialize(
    serializer: Optional[Callable[[Any], bytes]], response: Any, context: _context.ServicerContext, method: str
) -> Optional[bytes]:
    """The response's bytes; None, with a status set, if there are none."""
    if serializer is None:
        if isinstance(response, bytes):
            return response
        if not context.code_set:
            _LOGGER.error("%s has no serializer and returned %s, not bytes", method, type(response).__name__)
            context.fail(status.INTERNAL, "Failed to serialize response!")
        return None
    if response is None and context.code_set:
        return None  # a handler that set an error need not return anything
    try:
        return serializer(response)
    except Exception as error:
        _LOGGER.exception("Exception serializing response of %s", method)
        context.fail(status.INTERNAL, f"Exception serializing response! {error}")
        return None


class _Application(face.MultiMethodImplementation):
    """All generic handlers of a server."""

    __slots__ = ("_handlers",)

    def __init__(self) -> None:
        # Replaced as a whole when one is added, so that a running call sees one or the other.
        self._handlers: Tuple[_interfaces.GenericRpcHandler, ...] = ()

    def add(self, handlers: Sequence[_interfaces.GenericRpcHandler]) -> None:
        self._handlers = (*self._handlers, *handlers)

    def service(
        self, group: str, method: str, response_consumer: stream.Consumer[Any], context: face.ServicerContext
    ) -> Union[stream.Consumer[Any], face.MethodImplementation]:
        name = f"/{group}/{method}"
        details = _interfaces.HandlerCallDetails(name, context.invocation_metadata() or ())
        try:
            for generic in self._handlers:
                handler = generic.service(details)
                if handler is not None:
                    return _UnaryUnary(name, handler)
        except Exception as error:
            _LOGGER.exception("Exception finding the handler of %s", name)
            context.code(status.UNKNOWN)
            context.details(f"Error in service handler! {error}")
        else:
            context.code(status.UNIMPLEMENTED)
            context.details("Method not found!")
        response_consumer.terminate()
        return _IGNORE


class Server(_interfaces.Server):
    """See `grpc.Server`."""

    __slots__ = ("__weakref__", "_application", "side")

    def __init__(
        self,
        thread_pool: Optional[futures.Executor],
        handlers: Optional[Sequence[_interfaces.GenericRpcHandler]],
        options: Optional[ChannelOptions],
    ) -> None:
        self._application = _Application()
        self._application.add(handlers or ())
        self.side = ServerSide(self._application, thread_pool, limits_of(options))

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[_interfaces.GenericRpcHandler]) -> None:
        checked: List[_interfaces.GenericRpcHandler] = []
        for handler in generic_rpc_handlers:
            if not callable(getattr(handler, "service", None)):
                raise AttributeError(f"{handler!r} must conform to grpc.GenericRpcHandler: it has no service method")
            checked.append(handler)
        self._application.add(checked)

    def add_insecure_port(self, address: str) -> int:
        try:
            return self.side.add_port(address)
        except OSError as error:
            raise RuntimeError(f"Failed to bind to address {address}: {error}") from error

    def start(self) -> None:
        self.side.start()

    def stop(self, grace: Optional[float]) -> threading.Event:
        return self.side.stop(grace)


def server(
    thread_pool: Optional[futures.Executor],
    handlers: Optional[Sequence[_interfaces.GenericRpcHandler]] = None,
    interceptors: Optional[Sequence[Any]] = None,
    options: Optional[ChannelOptions] = None,
    maximum_concurrent_rpcs: Optional[int] = None,
    compression: Optional[Any] = None,
) -> Server:
    """Make a server.

    Args:
      thread_pool: Runs the handlers, and nothing else does.
      handlers: Generic handlers to begin with.
      interceptors: Server interceptors, outermost first.
      options: (key, value) pairs, see the table of channel arguments.
      maximum_concurrent_rpcs: How many RPCs to serve at once; more are answered RESOURCE_EXHAUSTED.
      compression: How to compress responses.
    """
    return Server(thread_pool, handlers, options)
