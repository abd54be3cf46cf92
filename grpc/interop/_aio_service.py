"""The server that the test cases call, on the asynchronous API."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, AsyncIterator, Awaitable, Callable, Optional, Sequence, Tuple

import grpc
import grpc.aio
from grpc.interop import _rules, _seeing
from grpc.interop.protos import messages_pb2 as messages
from grpc.interop.protos import test_pb2_grpc


async def _open(context: Any, at_once: bool = False) -> None:
    """Send back the metadata that ask for it; initial metadata even if there are none, when that is to be `at_once`."""
    received = [(pair[0], pair[1]) for pair in context.invocation_metadata()]
    initial = tuple(pair for pair in received if pair[0] == _rules.ECHO_INITIAL)
    if initial or at_once:
        await context.send_initial_metadata(initial)
    context.set_trailing_metadata(tuple(pair for pair in received if pair[0] == _rules.ECHO_TRAILING))


async def _end_as_wanted(request: Any, context: Any) -> None:
    """Abort, if the request asks for a status."""
    wanted = request.response_status
    if wanted.code:
        await context.abort(_rules.code_of(wanted.code), wanted.message)


async def _responses(
    request: messages.StreamingOutputCallRequest, context: Any
) -> AsyncIterator[messages.StreamingOutputCallResponse]:
    for wanted in request.response_parameters:
        if wanted.interval_us:
            await asyncio.sleep(wanted.interval_us / 1e6)
        if not wanted.compressed.value:
            context.disable_next_message_compression()
        yield messages.StreamingOutputCallResponse(payload=_rules.zeros(wanted.size))
    await _end_as_wanted(request, context)


class TestService(test_pb2_grpc.TestServiceServicer):
    """The methods, as the .proto file describes them."""

    async def EmptyCall(self, request: messages.Empty, context: Any) -> messages.Empty:
        await _open(context)
        return messages.Empty()

    async def UnaryCall(self, request: messages.SimpleRequest, context: Any) -> messages.SimpleResponse:
        chosen = request.HasField("response_compressed")
        if chosen:
            context.set_compression(_rules.compression(request.response_compressed.value))
        await _open(context, at_once=chosen)  # grpcio loses the choice where a unary response brings the metadata along
        await _end_as_wanted(request, context)
        return messages.SimpleResponse(payload=_rules.zeros(request.response_size))

    async def CacheableUnaryCall(self, request: messages.SimpleRequest, context: Any) -> messages.SimpleResponse:
        await context.send_initial_metadata((_rules.CACHE_CONTROL,))
        return messages.SimpleResponse(payload=messages.Payload(body=str(time.time_ns()).encode()))

    async def StreamingOutputCall(
        self, request: messages.StreamingOutputCallRequest, context: Any
    ) -> AsyncIterator[messages.StreamingOutputCallResponse]:
        if any(wanted.compressed.value for wanted in request.response_parameters):
            context.set_compression(_rules.compression(True))
        await _open(context)
        async for response in _responses(request, context):
            yield response

    async def StreamingInputCall(self, request_iterator: Any, context: Any) -> messages.StreamingInputCallResponse:
        await _open(context)
        size = 0
        async for request in request_iterator:
            size += len(request.payload.body)
        return messages.StreamingInputCallResponse(aggregated_payload_size=size)

    async def FullDuplexCall(
        self, request_iterator: Any, context: Any
    ) -> AsyncIterator[messages.StreamingOutputCallResponse]:
        await _open(context)
        async for request in request_iterator:
            async for response in _responses(request, context):
                yield response

    async def HalfDuplexCall(
        self, request_iterator: Any, context: Any
    ) -> AsyncIterator[messages.StreamingOutputCallResponse]:
        await _open(context)
        for request in [request async for request in request_iterator]:
            async for response in _responses(request, context):
                yield response

    async def UnimplementedCall(self, request: messages.Empty, context: Any) -> messages.Empty:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, _rules.UNIMPLEMENTED_TEXT)
        raise AssertionError("abort raises")


class _CompressionCheck(grpc.aio.ServerInterceptor):
    """Refuses requests that are not as compressed as they say."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method not in _seeing.CHECKED:
            return handler
        original = _seeing.rewritten(handler)

        async def checked(request: _seeing.Seen[Any], context: Any) -> Any:
            found = _seeing.objection(request)
            if found is not None:
                await context.abort(*found)
            return request.message

        async def one(request: _seeing.Seen[Any], context: Any) -> Any:
            return await original.behavior(await checked(request, context), context)

        async def each(requests: AsyncIterator[_seeing.Seen[Any]], context: Any) -> AsyncIterator[Any]:
            async for request in requests:
                yield await checked(request, context)

        async def many(requests: AsyncIterator[_seeing.Seen[Any]], context: Any) -> Any:
            return await original.behavior(each(requests, context), context)

        return original.handler(handler, many if handler.request_streaming else one)


@contextlib.asynccontextmanager
async def serving(
    address: str, credentials: Optional[grpc.ServerCredentials] = None, options: Sequence[Tuple[str, Any]] = ()
) -> AsyncIterator[int]:
    """Serve during an `async with` block.

    Args:
        address: Host and port; port 0 for any that is free.
        credentials: What to prove who the server is with; None for plaintext.
        options: Channel arguments of the server.

    Yields:
        The port. When the block is left all calls are cancelled and everything has ended.
    """
    server = grpc.aio.server(interceptors=(_CompressionCheck(),), options=list(options))
    test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
    port = server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)
