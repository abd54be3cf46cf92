"""The handlers, for threads and for a loop: they do what the plan of each call says, and tell the ledger.

A request names its call in its metadata. Handlers of both kinds stand side by side, step for step.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, AsyncIterator, Callable, Dict, Iterator

import grpc
from tests.faults.ledger import ABORTED, Execution, Ledger
from tests.faults.messages import RESPONSES, encode_message
from tests.faults.plans import Order, Plan, PlannedError, Shape

SERVICE = "faults.Soak"
KEY = "faults-call"
PREVIOUS_ATTEMPTS = "grpc-previous-rpc-attempts"

_MAKERS: Dict[Shape, Callable[..., grpc.RpcMethodHandler]] = {
    Shape.UNARY_UNARY: grpc.unary_unary_rpc_method_handler,
    Shape.UNARY_STREAM: grpc.unary_stream_rpc_method_handler,
    Shape.STREAM_UNARY: grpc.stream_unary_rpc_method_handler,
    Shape.STREAM_STREAM: grpc.stream_stream_rpc_method_handler,
}


def path(shape: Shape) -> str:
    """The full name of the method of a shape."""
    return f"/{SERVICE}/{shape.value}"


def metadata(plan: Plan) -> Any:
    """What a caller sends along."""
    return ((KEY, str(plan.key)),)


def _execution(ledger: Ledger, context: Any) -> Execution:
    told = dict(context.invocation_metadata())
    execution = ledger.execute(int(told[KEY]), int(told.get(PREVIOUS_ATTEMPTS, 0)))
    context.set_compression(grpc.Compression(execution.plan.compression))
    return execution


def _response(plan: Plan, place: int) -> bytes:
    return encode_message(plan.key, RESPONSES, place, plan.responses[place])


# What a handler does is a list of steps: "take" a request, "give" a response, "hear" the end of the requests, "abort".
# A handler of one request has been given it, and so does not take any.


def steps(plan: Plan) -> Iterator[str]:
    """What the handler of a call does, step by step."""
    many = plan.shape.many_requests
    takes = ["take"] * len(plan.requests) + ["hear"] if many else []
    gives = ["give"] * len(plan.responses)
    if plan.aborts_at is not None:
        gives[plan.aborts_at :] = ["abort"]
    if plan.order is Order.EARLY and plan.shape.many_responses:
        return iter(gives + takes)
    if plan.order is Order.LEAVE and many:
        return iter(takes[: len(plan.requests) // 2] + gives)
    if plan.order is Order.ECHO and plan.shape is Shape.STREAM_STREAM:
        paired = [step for pair in zip(takes, gives) for step in pair]
        rest = max(0, len(gives) - len(takes))
        return iter(paired + takes[len(gives) :] + gives[len(gives) - rest :])
    return iter(takes + gives)


# ------------------------------------------------------------ threads


def _conversation(execution: Execution, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
    plan = execution.plan
    given = 0
    for step in steps(plan):
        if plan.pause:
            time.sleep(plan.pause)
        if step == "give":
            yield _response(plan, given)
            given += 1
        elif step == "abort":
            if plan.aborts_by_raising:
                raise PlannedError("as planned")
            context.abort(grpc.StatusCode[ABORTED], "as planned")
        else:
            _take(execution, requests, step)
    execution.completed()


def _take(execution: Execution, requests: Iterator[bytes], step: str) -> None:
    for request in requests:
        execution.request(request)
        if step == "take":
            return
    execution.no_more_requests()


def sync_handlers(ledger: Ledger) -> grpc.GenericRpcHandler:
    """The handlers for a server of threads."""

    def stream(shape: Shape) -> Callable[[Any, Any], Iterator[bytes]]:
        def handle(request: Any, context: Any) -> Iterator[bytes]:
            with _execution(ledger, context) as execution:
                if not context.add_callback(execution.tell):  # over already
                    execution.tell()
                if not shape.many_requests:
                    execution.request(request)
                yield from _conversation(execution, request, context)

        return handle

    def unary(shape: Shape) -> Callable[[Any, Any], bytes]:
        handle = stream(shape)

        def handle_unary(request: Any, context: Any) -> bytes:
            (response,) = list(handle(request, context))
            return response

        return handle_unary

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            shape.value: make((stream if shape.many_responses else unary)(shape))
            for shape, make in _MAKERS.items()
        },
    )  # fmt: skip


# ------------------------------------------------------------ a loop


async def _conversation_on_loop(
    execution: Execution, requests: AsyncIterator[bytes], context: Any
) -> AsyncIterator[bytes]:
    plan = execution.plan
    given = 0
    for step in steps(plan):
        if plan.pause:
            await asyncio.sleep(plan.pause)
        if step == "give":
            yield _response(plan, given)
            given += 1
        elif step == "abort":
            if plan.aborts_by_raising:
                raise PlannedError("as planned")
            await context.abort(grpc.StatusCode[ABORTED], "as planned")
        else:
            await _take_on_loop(execution, requests, step, context)
    execution.completed()


async def _take_on_loop(execution: Execution, requests: AsyncIterator[bytes], step: str, context: Any) -> None:
    if execution.plan.key % 2:  # every other call is read from, instead
        while True:
            request = await context.read()
            if request is grpc.aio.EOF:
                break
            execution.request(request)
            if step == "take":
                return
    else:
        async for request in requests:
            execution.request(request)
            if step == "take":
                return
    execution.no_more_requests()


def aio_handlers(ledger: Ledger) -> grpc.GenericRpcHandler:
    """The handlers for a server on a loop."""

    def stream(shape: Shape) -> Callable[[Any, Any], AsyncIterator[bytes]]:
        async def handle(request: Any, context: Any) -> AsyncIterator[bytes]:
            with _execution(ledger, context) as execution:
                context.add_done_callback(lambda _: execution.tell())
                if not shape.many_requests:
                    execution.request(request)
                async for response in _conversation_on_loop(execution, request, context):
                    yield response

        return handle

    def unary(shape: Shape) -> Callable[[Any, Any], Any]:
        handle = stream(shape)

        async def handle_unary(request: Any, context: Any) -> bytes:
            (response,) = [response async for response in handle(request, context)]
            return response

        return handle_unary

    def writing(shape: Shape) -> Callable[[Any, Any], Any]:
        handle = stream(shape)

        async def handle_writing(request: Any, context: Any) -> None:
            async for response in handle(request, context):
                await context.write(response)

        return handle_writing

    chosen = {True: {Shape.UNARY_STREAM: stream, Shape.STREAM_STREAM: writing}, False: {}}
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            shape.value: make(chosen[shape.many_responses].get(shape, unary)(shape))
            for shape, make in _MAKERS.items()
        },
    )  # fmt: skip
