"""The service on the asyncio API; ours or grpcio's, whichever ``grpc`` the interpreter finds.

Streams in both forms that the API has: iterators, and under names that end in ``ByCall`` reads and writes.
"""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, List

import messages

import grpc
from grpc import aio


async def echo(request: bytes, context: Any) -> bytes:
    """Return the request."""
    return request


async def send(request: bytes, context: Any) -> AsyncIterator[bytes]:
    """Stream what was asked for."""
    count, size = messages.decode_pair(request)
    message = bytes(size)
    for _ in range(count):
        yield message


async def send_by_call(request: bytes, context: Any) -> None:
    """Stream what was asked for."""
    count, size = messages.decode_pair(request)
    message = bytes(size)
    for _ in range(count):
        await context.write(message)


async def collect(requests: AsyncIterator[bytes], context: Any) -> bytes:
    """Tell what came."""
    count = size = 0
    async for request in requests:
        count += 1
        size += len(request)
    return messages.encode_pair(count, size)


async def collect_by_call(requests: AsyncIterator[bytes], context: Any) -> bytes:
    """Tell what came."""
    count = size = 0
    while (request := await context.read()) is not aio.EOF:
        count += 1
        size += len(request)
    return messages.encode_pair(count, size)


async def bidi(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    """Send every message back."""
    async for request in requests:
        yield request


async def bidi_by_call(requests: AsyncIterator[bytes], context: Any) -> None:
    """Send every message back."""
    while (request := await context.read()) is not aio.EOF:
        await context.write(request)


class Service(grpc.GenericRpcHandler):
    """The service.

    Attributes:
        arrived: how many calls of ``Hold`` have come.
    """

    def __init__(self) -> None:
        self.arrived = 0
        self._held: List[asyncio.Future[None]] = []
        self._handlers = {
            messages.method("Echo"): grpc.unary_unary_rpc_method_handler(echo),
            messages.method("Send"): grpc.unary_stream_rpc_method_handler(send),
            messages.method("SendByCall"): grpc.unary_stream_rpc_method_handler(send_by_call),
            messages.method("Collect"): grpc.stream_unary_rpc_method_handler(collect),
            messages.method("CollectByCall"): grpc.stream_unary_rpc_method_handler(collect_by_call),
            messages.method("Bidi"): grpc.stream_stream_rpc_method_handler(bidi),
            messages.method("BidiByCall"): grpc.stream_stream_rpc_method_handler(bidi_by_call),
            messages.method("Hold"): grpc.unary_stream_rpc_method_handler(self._hold),
        }

    def service(self, handler_call_details: Any) -> Any:
        """Return the handler of a call."""
        return self._handlers.get(handler_call_details.method)

    async def _hold(self, request: bytes, context: Any) -> None:
        """Greet, then say nothing until the call is cancelled."""
        self.arrived += 1
        await context.send_initial_metadata(())
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Kept, as a loop does not keep what waits for nothing that it knows.
        self._held.append(over)
        await over
