"""Servers: a server side whose methods are Face implementations with messages of the application's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional

from grpc import _assembly
from grpc.beta import _coding, _methods, interfaces
from grpc.framework.foundation import logging_pool

if TYPE_CHECKING:
    import threading
    from concurrent import futures

    from grpc.framework.interfaces.face import face

_POOL_SIZE = 8
"""How many threads run methods where nobody says how many: what 1.0 had."""


class ServerOptions:
    """The options of a server; made by `server_options`, which explains them.

    Attributes:
      multi_method_implementation: See `server_options`.
      request_deserializers: See `server_options`.
      response_serializers: See `server_options`.
      thread_pool: See `server_options`.
      thread_pool_size: See `server_options`.
      default_timeout: See `server_options`.
      maximum_timeout: See `server_options`.
    """

    __slots__ = (
        "default_timeout",
        "maximum_timeout",
        "multi_method_implementation",
        "request_deserializers",
        "response_serializers",
        "thread_pool",
        "thread_pool_size",
    )

    def __init__(
        self,
        multi_method_implementation: Optional[face.MultiMethodImplementation],
        request_deserializers: Optional[Mapping[_coding.Name, _coding.Deserializer]],
        response_serializers: Optional[Mapping[_coding.Name, _coding.Serializer]],
        thread_pool: Optional[futures.Executor],
        thread_pool_size: Optional[int],
        default_timeout: Optional[float],
        maximum_timeout: Optional[float],
    ) -> None:
        self.multi_method_implementation = multi_method_implementation
        self.request_deserializers = request_deserializers
        self.response_serializers = response_serializers
        self.thread_pool = thread_pool
        self.thread_pool_size = thread_pool_size
        self.default_timeout = default_timeout
        self.maximum_timeout = maximum_timeout


NO_OPTIONS = ServerOptions(None, None, None, None, None, None, None)


class Server(interfaces.Server):
    """See `interfaces.Server`.

    Attributes:
      side: What it stands on.
    """

    __slots__ = ("__weakref__", "side")

    def __init__(
        self, service_implementations: Mapping[_coding.Name, face.MethodImplementation], options: ServerOptions
    ) -> None:
        coders = _coding.CoderTable(options.response_serializers, options.request_deserializers)
        methods = _methods.adapted_methods(service_implementations, coders)
        pool = options.thread_pool
        own_pool_ends: Optional[Callable[[], None]] = None
        if pool is None:
            size = _POOL_SIZE if options.thread_pool_size is None else options.thread_pool_size
            own_pool = pool = logging_pool.pool(size)

            def own_pool_ends() -> None:
                own_pool.shutdown(wait=False)  # not waited for: this may be called in one of its threads

        self.side = _assembly.server.ServerSide(
            _methods.MultiMethod(options.multi_method_implementation, coders),
            pool,
            (),
            None,
            None,
            method_implementations=methods,
            default_timeout=options.default_timeout,
            maximum_timeout=options.maximum_timeout,
            ended=own_pool_ends,
        )

    def add_insecure_port(self, address: str) -> int:
        return self.side.add_insecure_port(address)

    def add_secure_port(self, address: str, server_credentials: Any) -> int:
        return self.side.add_secure_port(address, server_credentials)

    def start(self) -> None:
        self.side.start()

    def stop(self, grace: Optional[float]) -> threading.Event:
        return self.side.stop(grace)

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(None)
