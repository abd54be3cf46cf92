"""Servers: a Face multi-method implementation that makes a task of every RPC."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
from typing import (
    TYPE_CHECKING,
    Any,
    Awaitable,
    Callable,
    Dict,
    Iterable,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from grpc._assembly import aio as assembly
from grpc._modern import _handlers, _serving
from grpc._modern.aio import _base_server, _handling, _migration
from grpc._modern.aio._context import Failed, ServicerContext
from grpc._modern.aio._errors import UsageError
from grpc._values import metadata as _metadata
from grpc._values import status
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from concurrent import futures

    from grpc._modern._channel import ChannelOptions
    from grpc._values.compression import Compression
    from grpc._values.credentials import ServerCredentials

_LOGGER = logging.getLogger(__name__)

_Continuation = Callable[[_serving.HandlerCallDetails], Awaitable[Optional[_serving.RpcMethodHandler]]]

# How many handlers' plans are kept: interceptors may make handlers anew for every RPC.
_PLANS = 1024


class _DetailsFields(NamedTuple):
    method: str
    invocation_metadata: Any


class _Details(_DetailsFields, _serving.HandlerCallDetails):
    """A tuple, so that interceptors can `_replace` parts of it."""


class _Application(face.MultiMethodImplementation):
    """All generic handlers of a server, behind its interceptors."""

    __slots__ = ("_find", "_handlers", "_loop", "_plans", "_pool", "_variables", "tasks")

    def __init__(
        self, interceptors: Sequence[_base_server.ServerInterceptor], pool: Optional[futures.Executor]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._pool = pool
        # Replaced as a whole when one is added, so that a running call sees one or the other.
        self._handlers: Tuple[_serving.GenericRpcHandler, ...] = ()
        self._plans: Dict[_serving.RpcMethodHandler, _handling.Plan] = {}
        self._find: Optional[_Continuation] = None
        for interceptor in reversed(interceptors):
            self._find = functools.partial(interceptor.intercept_service, self._find or self._find_later)
        # What handlers find in context variables: what was there when the server was made.
        self._variables = contextvars.copy_context()
        # The loop itself holds tasks weakly.
        self.tasks: Set[asyncio.Task[None]] = set()

    def add(self, handlers: Iterable[_serving.GenericRpcHandler]) -> None:
        """Ask these too, after the ones that are there."""
        added = tuple(handlers)
        for handler in added:
            if not callable(getattr(handler, "service", None)):
                raise AttributeError(f"{handler!r} must conform to grpc.GenericRpcHandler: it has no service method")
        self._handlers = (*self._handlers, *added)

    # ------------------------------------------------------------ who serves it

    def _find_handler(self, details: _serving.HandlerCallDetails) -> Optional[_serving.RpcMethodHandler]:
        for handler in self._handlers:
            found = handler.service(details)
            if found is not None:
                return found
        return None

    async def _find_later(self, details: _serving.HandlerCallDetails) -> Optional[_serving.RpcMethodHandler]:
        return self._find_handler(details)

    async def _handler(self, context: ServicerContext, metadata: Any) -> _serving.RpcMethodHandler:
        """The handler of an RPC.

        Raises:
          Failed: There is none.
        """
        details = _Details(context.method, _metadata.named(metadata))
        try:
            handler = self._find_handler(details) if self._find is None else await self._find(details)
        except Exception as error:
            if not context.done():
                _LOGGER.exception("Exception finding the handler of %s", context.method)
                context.fail(status.UNKNOWN, f"Error in service handler! {error}")
            raise Failed() from None
        if handler is None:
            context.fail(status.UNIMPLEMENTED, "Method not found!")
            raise Failed()
        return handler

    def _plan(self, handler: _serving.RpcMethodHandler) -> _handling.Plan:
        plan = self._plans.get(handler)
        if plan is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            plan = self._plans[handler] = _handling.plan(handler)
        return plan

    # ------------------------------------------------------------ serving it

    def service(self, group: str, method: str, response_consumer: Any, context: Any) -> None:
        mine = ServicerContext(context, f"/{group}/{method}", self._loop)
        task = self._variables.copy().run(self._loop.create_task, self._serve(mine, context))
        mine.task = task
        self.tasks.add(task)
        context.add_abortion_callback(functools.partial(self._aborted, mine))

    def _aborted(self, context: ServicerContext, abortion: face.Abortion) -> None:
        # Cancelled before its first step, a task does not come to its own end.
        context.task.add_done_callback(self.tasks.discard)
        context.aborted(abortion)

    async def _serve(self, context: ServicerContext, face_context: Any) -> None:
        try:
            await _handling.guarded(context, self._work(context, face_context))
        finally:
            self.tasks.discard(context.task)

    async def _work(self, context: ServicerContext, face_context: Any) -> None:
        handler = await self._handler(context, face_context.invocation_metadata())
        context.use(handler.request_deserializer, handler.response_serializer)
        plan = self._plan(handler)
        if plan.run is None:
            await _migration.run(handler, context, face_context, self._loop, self._pool)
        else:
            await plan.run(context, handler, plan.behavior)


class Server(_base_server.Server):
    """See `grpc.aio.Server`."""

    __slots__ = ("__dict__", "__weakref__", "_application", "side")

    def __init__(
        self,
        migration_thread_pool: Optional[futures.Executor],
        handlers: Optional[Sequence[_serving.GenericRpcHandler]],
        interceptors: Optional[Sequence[_base_server.ServerInterceptor]],
        options: Optional[ChannelOptions],
        maximum_concurrent_rpcs: Optional[int],
        compression: Optional[Compression],
    ) -> None:
        self._application = _Application(interceptors or (), migration_thread_pool)
        self._application.add(handlers or ())
        self.side = assembly.ServerSide(
            None, self._application, options or (), maximum_concurrent_rpcs, compression
        )

    def add_generic_rpc_handlers(self, generic_rpc_handlers: Sequence[_serving.GenericRpcHandler]) -> None:
        self._application.add(generic_rpc_handlers)

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, _serving.RpcMethodHandler]
    ) -> None:
        self._application.add((_handlers.DictionaryHandler(service_name, method_handlers),))

    def add_insecure_port(self, address: str) -> int:
        return self.side.add_insecure_port(address)

    def add_secure_port(self, address: str, server_credentials: ServerCredentials) -> int:
        return self.side.add_secure_port(address, server_credentials)

    async def start(self) -> None:
        try:
            self.side.start()
        except ValueError as error:
            raise UsageError("a server is started once: make another one") from error

    async def stop(self, grace: Optional[float]) -> None:
        if grace is not None and (isinstance(grace, bool) or not isinstance(grace, (int, float)) or grace < 0):
            raise ValueError(f"grace is a number of seconds that is not negative, or None, not {grace!r}")
        self.side.stop(grace)
        await self._wait_stopped()

    async def _wait_stopped(self) -> None:
        """Wait until everything has ended, handlers that take their time to be cancelled included."""
        await self.side.wait_stopped()
        while True:
            others = self._application.tasks - {asyncio.current_task()}
            if not others:
                return
            await asyncio.wait(others)

    async def wait_for_termination(self, timeout: Optional[float] = None) -> bool:
        if timeout is None:
            await self._wait_stopped()
            return False
        try:
            await asyncio.wait_for(self._wait_stopped(), timeout)
        except asyncio.TimeoutError:
            return True
        return False


def server(
    migration_thread_pool: Optional[futures.Executor] = None,
    handlers: Optional[Sequence[_serving.GenericRpcHandler]] = None,
    interceptors: Optional[Sequence[Any]] = None,
    options: Optional[ChannelOptions] = None,
    maximum_concurrent_rpcs: Optional[int] = None,
    compression: Optional[Compression] = None,
) -> Server:
    """Make a server on the event loop that runs.

    Args:
      migration_thread_pool: Runs handlers that are plain functions; None for the loop's default executor. Coroutines
        and asynchronous generators run on the loop.
      handlers: Generic handlers to begin with.
      interceptors: Server interceptors, outermost first.
      options: (key, value) pairs, see `docs/channel-arguments.md`.
      maximum_concurrent_rpcs: How many RPCs to serve at once, others are answered RESOURCE_EXHAUSTED; None for any.
      compression: How to compress responses.

    Raises:
      RuntimeError: No loop runs.
      TypeError: An option is of the wrong type.
      ValueError: An interceptor is none, or a number is out of range.
    """
    for interceptor in interceptors or ():
        if not callable(getattr(interceptor, "intercept_service", None)):
            raise ValueError(f"interceptor must be a grpc.aio.ServerInterceptor, not {interceptor!r}")
    if maximum_concurrent_rpcs is not None and (
        isinstance(maximum_concurrent_rpcs, bool)
        or not isinstance(maximum_concurrent_rpcs, int)
        or maximum_concurrent_rpcs < 1
    ):
        raise ValueError(f"maximum_concurrent_rpcs is a positive number or None, not {maximum_concurrent_rpcs!r}")
    return Server(migration_thread_pool, handlers, interceptors, options, maximum_concurrent_rpcs, compression)
