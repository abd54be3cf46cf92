"""Plain functions as handlers: run in a pool, by the synchronous API's own methods.

What they say reaches Face on the loop, whichever thread they say it in.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional

from grpc._modern import _methods
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from concurrent import futures

    from grpc._modern._serving import RpcMethodHandler
    from grpc._modern.aio._context import ServicerContext


class _FromThread(face.ServicerContext):
    """A Face context for a thread of the pool: what sends goes to the loop, in order, the rest is plain data."""

    __slots__ = ("_call", "_loop")

    def __init__(self, call: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._call = call
        self._loop = loop

    def _on_loop(self, action: Callable[..., Any], *arguments: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action, *arguments)

    def is_active(self) -> bool:
        return bool(self._call.is_active())

    def time_remaining(self) -> Optional[float]:
        remaining: Optional[float] = self._call.time_remaining()
        return remaining

    def add_abortion_callback(self, abortion_callback: Callable[[face.Abortion], None]) -> None:
        self._call.add_abortion_callback(abortion_callback)

    def cancel(self) -> Optional[bool]:
        self._on_loop(self._call.cancel)
        return False

    def protocol_context(self) -> Any:
        return self._call.protocol_context()

    def invocation_metadata(self) -> Optional[Any]:
        return self._call.invocation_metadata()

    def initial_metadata(self, initial_metadata: Any) -> None:
        self._on_loop(self._call.initial_metadata, initial_metadata)

    def terminal_metadata(self, terminal_metadata: Any) -> None:
        self._call.terminal_metadata(terminal_metadata)

    def code(self, code: Any) -> None:
        self._call.code(code)

    def details(self, details: str) -> None:
        self._call.details(details)


class _Payloads(Iterator[bytes]):
    """The requests of an RPC, for a thread of the pool, which waits for each."""

    __slots__ = ("_context", "_loop")

    def __init__(self, context: ServicerContext, loop: asyncio.AbstractEventLoop) -> None:
        self._context = context
        self._loop = loop

    def __next__(self) -> bytes:
        next_one = self._context.payload()
        try:
            waiting = asyncio.run_coroutine_threadsafe(next_one, self._loop)
        except RuntimeError:  # the loop has been closed
            next_one.close()
            raise abandonment.Abandoned() from None
        try:
            payload = waiting.result()
        except Exception as error:
            raise abandonment.Abandoned() from error
        if payload is None:
            raise StopIteration
        return payload


async def run(
    handler: RpcMethodHandler,
    context: ServicerContext,
    face_context: Any,
    loop: asyncio.AbstractEventLoop,
    pool: Optional[futures.Executor],
) -> None:
    """Serve an RPC with a handler whose callable is a plain function.

    Args:
      handler: The handler.
      context: The RPC as coroutines see it.
      face_context: The same beneath.
      loop: Where it is served.
      pool: Where the function runs; None for the loop's default executor.
    """
    method: Any = _methods.method_of(context.method, handler)
    away = functools.partial(loop.run_in_executor, pool, contextvars.copy_context().run)
    seen = _FromThread(face_context, loop)
    requests: Any
    if handler.request_streaming:
        requests = _Payloads(context, loop)
    else:
        requests = await context.single_payload()
    if not handler.response_streaming:
        behavior = method.stream_unary_inline if handler.request_streaming else method.unary_unary_inline
        context.finish(await away(behavior, requests, seen))
        return
    behavior = method.stream_stream_inline if handler.request_streaming else method.unary_stream_inline
    responses = await away(behavior, requests, seen)
    drawing: Optional[asyncio.Future[Any]] = None
    try:
        while True:
            drawing = away(next, responses, None)
            payload = await drawing
            if payload is None:
                break
            await context.send(payload)
    except BaseException:
        # The generator ends where it ran: now, or as soon as it lets go of its thread.
        if drawing is not None and not drawing.cancelled():
            _close_later(loop, pool, responses)
        else:
            _close_later(loop, pool, responses)
        raise
    context.finish()


def _close_later(loop: asyncio.AbstractEventLoop, pool: Optional[futures.Executor], responses: Any) -> None:
    loop.run_in_executor(pool, _close, responses)


def _close(responses: Any) -> None:
    responses.close()
