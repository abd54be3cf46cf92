"""Handlers at work: how each shape is run in its task, and what each failure is."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any, AsyncIterator, Awaitable, Callable, Dict, NamedTuple, Optional

from grpc._modern import _handlers
from grpc._modern.aio._context import Failed
from grpc._modern.aio._errors import EOF, AioRpcError, BaseError
from grpc._values import status

if TYPE_CHECKING:
    from grpc._modern._serving import RpcMethodHandler
    from grpc._modern.aio._context import ServicerContext

_LOGGER = logging.getLogger(__name__)

# What tells a handler that its RPC has ended, or gets it out when it has aborted it: then it is not at fault.
_STUMBLES = (BaseError, AioRpcError)

_Run = Callable[["ServicerContext", "RpcMethodHandler", Any], Awaitable[None]]


class Plan(NamedTuple):
    """How a handler is run.

    Attributes:
      behavior: Its callable.
      run: Runs it on the loop; None for a plain function, which runs in a pool.
    """

    behavior: Any
    run: Optional[_Run]


def plan(handler: RpcMethodHandler) -> Plan:
    """Find out how a handler is run."""
    shape = _handlers.shape(handler)
    behavior = getattr(handler, shape)
    return Plan(behavior, _RUNNERS[shape] if _is_asynchronous(behavior) else None)


def _is_asynchronous(behavior: Any) -> bool:
    """Whether calling it gives something to be awaited or iterated over on the loop."""
    for candidate in (behavior, inspect.unwrap(behavior), getattr(behavior, "__call__", None)):  # noqa: B004
        if inspect.iscoroutinefunction(candidate) or inspect.isasyncgenfunction(candidate):
            return True
    return False


async def guarded(context: ServicerContext, work: Awaitable[None]) -> None:
    """Run what serves an RPC; whatever comes of it, the RPC is over in the end."""
    try:
        await work
    except asyncio.CancelledError:
        context.fail(status.CANCELLED, "the handler was cancelled")
        raise
    except Failed:
        pass
    except Exception as error:
        over = context.done()
        if not (over and isinstance(error, _STUMBLES)):
            _LOGGER.exception("Exception calling application in %s: %s", context.method, error)
        if not over:
            context.fail(status.UNKNOWN, f"Exception calling application: {error}")
    finally:
        context.finish()


# ---------------------------------------------------------------- requests


class _Requests:
    """The requests of an RPC as an asynchronous iterator."""

    __slots__ = ("_context",)

    def __init__(self, context: ServicerContext) -> None:
        self._context = context

    def __aiter__(self) -> _Requests:
        return self

    async def __anext__(self) -> Any:
        request = await self._context.read()
        if request is EOF:
            raise StopAsyncIteration
        return request


# ---------------------------------------------------------------- responses


async def _answer(context: ServicerContext, result: Awaitable[Any]) -> None:
    """One response: the last thing to be said, unless the status that was set forbids it."""
    response = await result
    if context.finished:
        return
    code = context.code()
    if code is not None and code is not status.StatusCode.OK:
        context.finish()
    else:
        context.finish(context.response(response))


async def _answer_all(context: ServicerContext, result: Any) -> None:
    """Many responses: those that an asynchronous generator gives, or those that a coroutine writes."""
    if not hasattr(result, "__aiter__"):
        result = await result
        if not hasattr(result, "__aiter__"):
            context.complete()
            return
    responses: AsyncIterator[Any] = result.__aiter__()
    try:
        async for response in responses:
            await context.write(response)
    finally:
        # A generator of which no more is wanted cleans up now, not whenever memory is tidied.
        close = getattr(responses, "aclose", None)
        if close is not None:
            await close()
    context.complete()


async def _unary_unary(context: ServicerContext, handler: RpcMethodHandler, behavior: Any) -> None:
    request = context.request(await context.single_payload())
    await _answer(context, behavior(request, context))


async def _unary_stream(context: ServicerContext, handler: RpcMethodHandler, behavior: Any) -> None:
    request = context.request(await context.single_payload())
    await _answer_all(context, behavior(request, context))


async def _stream_unary(context: ServicerContext, handler: RpcMethodHandler, behavior: Any) -> None:
    await _answer(context, behavior(_Requests(context), context))


async def _stream_stream(context: ServicerContext, handler: RpcMethodHandler, behavior: Any) -> None:
    await _answer_all(context, behavior(_Requests(context), context))


_RUNNERS: Dict[str, _Run] = {
    "unary_unary": _unary_unary,
    "unary_stream": _unary_stream,
    "stream_unary": _stream_unary,
    "stream_stream": _stream_stream,
}
