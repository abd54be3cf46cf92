"""grpclib: asyncio on h2."""

from __future__ import annotations

from benchmarks.entries import Peer
from peers import environment

PEER = Peer(
    name="grpclib",
    title="grpclib",
    interpreter=environment.python,
    client="grpclib_client.py",
    server="grpclib_server.py",
    workloads=("unary_sequence", "unary_in_flight"),
)
