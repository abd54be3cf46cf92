"""grpc-interceptor: its base classes for interceptors and its exceptions, on our servers and clients."""

from __future__ import annotations

import asyncio
from concurrent import futures
from typing import Any, List

import grpc_interceptor
import pytest
from google.protobuf.wrappers_pb2 import StringValue
from grpc_interceptor import exceptions

import grpc
from tests.interop.companions import bakery


class _Noting(grpc_interceptor.ServerInterceptor):
    def __init__(self, notes: List[str]) -> None:
        self._notes = notes

    def intercept(self, method: Any, request_or_iterator: Any, context: Any, method_name: str) -> Any:
        self._notes.append(method_name)
        context.noted = True  # on the context, for the handler
        return method(request_or_iterator, context)


class _NotingAio(grpc_interceptor.AsyncServerInterceptor):
    def __init__(self, notes: List[str]) -> None:
        self._notes = notes

    async def intercept(self, method: Any, request_or_iterator: Any, context: Any, method_name: str) -> Any:
        self._notes.append(method_name)
        answer = method(request_or_iterator, context)
        return answer if hasattr(answer, "__aiter__") else await answer


class _Tagging(grpc_interceptor.ClientInterceptor):
    def intercept(self, method: Any, request_or_iterator: Any, call_details: Any) -> Any:
        metadata = [*(call_details.metadata or ()), ("tag", "client")]
        return method(request_or_iterator, call_details._replace(metadata=metadata))


class _Missing(bakery.Blocking):
    """Raises what the package turns into a status."""

    def unary_unary(self, request: StringValue, context: grpc.ServicerContext) -> StringValue:
        metadata = dict(context.invocation_metadata())
        raise exceptions.NotFound(f"nothing for {metadata.get('tag', 'nobody')}")


class _MissingAio(bakery.Asyncio):
    """Raises what the package turns into a status."""

    async def unary_unary(self, request: StringValue, context: Any) -> StringValue:
        raise exceptions.NotFound("nothing")


def blocking() -> None:
    """On a blocking server and a blocking client."""
    notes: List[str] = []
    for handlers in (bakery.Blocking(), _Missing()):
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=2),
            interceptors=[grpc_interceptor.ExceptionToStatusInterceptor(), _Noting(notes)],
        )
        bakery.add(handlers, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.intercept_channel(grpc.insecure_channel(f"127.0.0.1:{port}"), _Tagging()) as channel:
            if isinstance(handlers, _Missing):
                with pytest.raises(grpc.RpcError) as refusal:
                    bakery.method(channel, "unary_unary")(StringValue(), timeout=20)
                assert refusal.value.code() is grpc.StatusCode.NOT_FOUND
                assert refusal.value.details() == "nothing for client"
            else:
                bakery.call_all(channel)
        server.stop(None).wait()
    assert len(notes) == bakery.CALLS + 1


async def _asyncio() -> None:
    notes: List[str] = []
    for handlers in (bakery.Asyncio(), _MissingAio()):
        server = grpc.aio.server(
            interceptors=[grpc_interceptor.AsyncExceptionToStatusInterceptor(), _NotingAio(notes)]
        )
        bakery.add(handlers, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            if isinstance(handlers, _MissingAio):
                with pytest.raises(grpc.aio.AioRpcError) as refusal:
                    await bakery.method(channel, "unary_unary")(StringValue(), timeout=20)
                assert (refusal.value.code(), refusal.value.details()) == (grpc.StatusCode.NOT_FOUND, "nothing")
            else:
                await bakery.call_all_aio(channel)
        await server.stop(None)
    assert len(notes) == bakery.CALLS + 1


if __name__ == "__main__":
    blocking()
    asyncio.run(_asyncio())
