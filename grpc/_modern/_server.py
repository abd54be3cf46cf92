"""Servers: a Face multi-method implementation that asks the generic handlers through the interceptors."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from grpc import _assembly
from grpc._modern import _handlers, _methods, _serving
from grpc._modern._threads import IsolatingPool
from grpc._values import metadata as _metadata
from grpc._values import status
from grpc.framework.foundation import stream
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    import threading
    from concurrent import futures

    from grpc._modern._channel import ChannelOptions
    from grpc._values.compression import Compression
    from grpc._values.credentials import ServerCredentials

_LOGGER = logging.getLogger(__name__)

_Continuation = Callable[[_serving.HandlerCallDetails], Optional[_serving.RpcMethodHandler]]


class _DetailsFields(NamedTuple):
    method: str
    invocation_metadata: Any


class _Details(_DetailsFields, _serving.HandlerCallDetails):
    """A tuple, so that interceptors can `_replace` parts of it."""


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


class _Application(face.MultiMethodImplementation):
    """All generic handlers of a server, behind its interceptors."""

    __slots__ = ("_find", "_handlers")

    def __init__(self, interceptors: Sequence[_serving.ServerInterceptor]) -> None:
        # Replaced as a whole when one is added, so that a running call sees one or the other.
        self._handlers: Tuple[_serving.GenericRpcHandler, ...] = ()
        self._find: _Continuation = self._find_handler
        for interceptor in reversed(interceptors):
            self._find = _intercepted(interceptor, self._find)

    def add(self, handlers: Iterable[_serving.GenericRpcHandler]) -> None:
        """Ask these too, after the ones that are there."""
        added = tuple(handlers)
        for handler in added:
            if not callable(getattr(handler, "service", None)):
                raise AttributeError(f"{handler!r} must conform to grpc.GenericRpcHandler: it has no service method")
        self._handlers = (*self._handlers, *added)

    def _find_handler(self, details: _serving.HandlerCallDetails) -> Optional[_serving.RpcMethodHandler]:
        for handler in self._handlers:
            found = handler.service(details)
            if found is not None:
                return found
        return None

    def service(
        self, group: str, method: str, response_consumer: stream.Consumer[Any], context: face.ServicerContext
    ) -> Union[stream.Consumer[Any], face.MethodImplementation]:
        name = f"/{group}/{method}"
        try:
            handler = self._find(_Details(name, _metadata.named(context.invocation_metadata())))
        except Exception as error:
            _LOGGER.exception("Exception finding the handler of %s", name)
            context.code(status.UNKNOWN)
            context.details(f"Error in service handler! {error}")
        else:
            if handler is not None:
                return _methods.method_of(name, handler)
            context.code(status.UNIMPLEMENTED)
            context.details("Method not found!")
        response_consumer.terminate()
        return _IGNORE


def _intercepted(interceptor: _serving.ServerInterceptor, continuation: _Continuation) -> _Continuation:
    def find(details: _serving.HandlerCallDetails) -> Optional[_serving.RpcMethodHandler]:
        return interceptor.intercept_service(continuation, details)

    return find


class Server(_serving.Server):
    """See `grpc.Server`."""

    __slots__ = ("__dict__", "__weakref__", "_application", "side")

    def __init__(
        self,
        thread_pool: futures.Executor,
        handlers: Optional[Sequence[_serving.GenericRpcHandler]],
        interceptors: Optional[Sequence[_serving.ServerInterceptor]],
        options: Optional[ChannelOptions],
        maximum_concurrent_rpcs: Optional[int],
        compression: Optional[Compression],
    ) -> None:
        self._application = _Application(interceptors or ())
        self._application.add(handlers or ())
        self.side = _assembly.server.ServerSide(
            self._application, IsolatingPool(thread_pool), options or (), maximum_concurrent_rpcs, compression
        )

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Iterable[_serving.GenericRpcHandler]) -> None:
        self._application.add(generic_rpc_handlers)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, _serving.RpcMethodHandler]
    ) -> None:
        self._application.add((_handlers.DictionaryHandler(service_name, method_handlers),))

    def add_insecure_port(self, address: str) -> int:
        return self.side.add_insecure_port(address)

    def add_secure_port(self, address: str, server_credentials: ServerCredentials) -> int:
        return self.side.add_secure_port(address, server_credentials)

    def start(self) -> None:
        self.side.start()

    def stop(self, grace: Optional[float]) -> threading.Event:
        if grace is not None and (isinstance(grace, bool) or not isinstance(grace, (int, float)) or grace < 0):
            raise ValueError(f"grace is a number of seconds that is not negative, or None, not {grace!r}")
        return self.side.stop(grace)

    def wait_for_termination(self, timeout: Optional[float] = None) -> bool:
        return not self.side.stopped.wait(timeout)


def server(
    thread_pool: Optional[futures.Executor],
    handlers: Optional[Sequence[_serving.GenericRpcHandler]] = None,
    interceptors: Optional[Sequence[_serving.ServerInterceptor]] = None,
    options: Optional[ChannelOptions] = None,
    maximum_concurrent_rpcs: Optional[int] = None,
    compression: Optional[Compression] = None,
) -> Server:
    """Make a server.

    Args:
      thread_pool: Runs the handlers, and nothing else does.
      handlers: Generic handlers to begin with.
      interceptors: Server interceptors, outermost first.
      options: (key, value) pairs, see `docs/channel-arguments.md`.
      maximum_concurrent_rpcs: How many RPCs to serve at once, others are answered RESOURCE_EXHAUSTED; None for any.
      compression: How to compress responses.

    Raises:
      TypeError: The pool cannot run anything, an interceptor is none, or an option is of the wrong type.
      ValueError: A number is out of range.
    """
    if thread_pool is None or not callable(getattr(thread_pool, "submit", None)):
        raise TypeError(f"a server's handlers run in a concurrent.futures executor, and {thread_pool!r} is none")
    for interceptor in interceptors or ():
        if not callable(getattr(interceptor, "intercept_service", None)):
            raise TypeError(f"interceptor must be a grpc.ServerInterceptor, not {interceptor!r}")
    if maximum_concurrent_rpcs is not None and (
        isinstance(maximum_concurrent_rpcs, bool)
        or not isinstance(maximum_concurrent_rpcs, int)
        or maximum_concurrent_rpcs < 1
    ):
        raise ValueError(f"maximum_concurrent_rpcs is a positive number or None, not {maximum_concurrent_rpcs!r}")
    return Server(thread_pool, handlers, interceptors, options, maximum_concurrent_rpcs, compression)
