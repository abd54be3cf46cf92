"""grpcio's asyncio API."""

from __future__ import annotations

from benchmarks.entries import ECHO, FRESH, KEPT, STREAMING, UNARY, Peer
from peers import environment

PEER = Peer(
    name="grpcio_aio",
    title="grpcio, asyncio API",
    interpreter=environment.python,
    client="aio_client.py",
    server="aio_server.py",
    workloads=(*UNARY, *STREAMING, *ECHO, *KEPT, *FRESH),
    modules=("grpc.aio",),
    first_call="first_call_aio.py",
)
