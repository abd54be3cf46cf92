"""Plain functions as handlers: run in a pool, by the synchronous API's own methods.

What they say reaches Face on the loop, whichever thread they say it in.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import logging
import threading
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional

from grpc._modern import _methods
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.face import face

if TYPE_CHECKING:
    from concurrent import futures

    from grpc._modern._serving import RpcMethodHandler
    from grpc._modern.aio._context import ServicerContext


_LOGGER = logging.getLogger(__name__)


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


class _Responses:
    """The responses of a plain function, drawn by one thread of the pool at a time."""

    __slots__ = ("_lock", "_responses")

    def __init__(self, responses: Any) -> None:
        self._responses = responses
        # Held while the generator runs: it may not be closed meanwhile.
        self._lock = threading.Lock()

    def next(self) -> Optional[bytes]:
        """The next one, or None."""
        with self._lock:
            payload: Optional[bytes] = next(self._responses, None)
            return payload

    def close(self) -> None:
        """Have the function end, if it still runs; what it raises then concerns nobody but the log."""
        try:
            with self._lock:
                self._responses.close()
        except Exception:
            _LOGGER.exception("A handler raised when it was closed")


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
    run_there: Any = contextvars.copy_context().run
    away: Any = functools.partial(loop.run_in_executor, pool, run_there)
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
    responses = _Responses(await away(behavior, requests, seen))
    try:
        payload = await away(responses.next)
        while payload is not None:
            await context.send(payload)
            payload = await away(responses.next)
    except BaseException:
        # The generator ends in the pool, as it ran: now, or as soon as it lets go of its thread.
        with contextlib.suppress(RuntimeError):  # the pool takes no more, since the program ends
            loop.run_in_executor(pool, responses.close)
        raise
    context.finish()
