"""opentelemetry-instrumentation-grpc: a span on either side of every call, the client's the parent of the server's."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent import futures
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation import grpc as instrumentation
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

import grpc
from tests.interop.companions import bakery

# It looks for a distribution called grpcio, and does nothing without one unless it is told not to look.
_UNLOOKED = {"skip_dep_check": True}


def _check(spans: Any) -> None:
    servers = [span for span in spans if span.kind is SpanKind.SERVER]
    clients = {span.context.span_id: span for span in spans if span.kind is SpanKind.CLIENT}
    assert (len(clients), len(servers)) == (bakery.CALLS, bakery.CALLS)
    for served in servers:
        client = clients[served.parent.span_id]
        assert client.name == served.name
        assert client.attributes["rpc.grpc.status_code"] == served.attributes["rpc.grpc.status_code"]
    codes = Counter(span.attributes["rpc.grpc.status_code"] for span in servers)
    assert codes == {grpc.StatusCode.OK.value[0]: 4, grpc.StatusCode.NOT_FOUND.value[0]: 2}


def blocking() -> None:
    """Between a blocking client and a blocking server."""
    client, server_side = instrumentation.GrpcInstrumentorClient(), instrumentation.GrpcInstrumentorServer()
    client.instrument(**_UNLOOKED)
    server_side.instrument(**_UNLOOKED)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    bakery.add(bakery.Blocking(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        bakery.call_all(channel)
    server.stop(20).wait()
    client.uninstrument()
    server_side.uninstrument()


async def _asyncio() -> None:
    client, server_side = instrumentation.GrpcAioInstrumentorClient(), instrumentation.GrpcAioInstrumentorServer()
    client.instrument(**_UNLOOKED)
    server_side.instrument(**_UNLOOKED)
    server = grpc.aio.server()
    bakery.add(bakery.Asyncio(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await bakery.call_all_aio(channel)
    await server.stop(20)
    client.uninstrument()
    server_side.uninstrument()


if __name__ == "__main__":
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    blocking()
    _check(exporter.get_finished_spans())
    exporter.clear()
    asyncio.run(_asyncio())
    _check(exporter.get_finished_spans())
