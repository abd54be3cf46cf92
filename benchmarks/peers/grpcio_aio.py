"""grpcio's asyncio API."""

from __future__ import annotations

from benchmarks.entries import Peer
from peers import environment

PEER = Peer(
    name="grpcio_aio",
    title="grpcio, asyncio API",
    interpreter=environment.python,
    client="aio_client.py",
    server="aio_server.py",
    workloads=("unary_sequence", "unary_in_flight"),
)
