"""grpclib: asyncio on h2."""

from __future__ import annotations

from benchmarks.entries import ECHO, FRESH, KEPT, STREAMING, UNARY, Peer
from peers import environment

PEER = Peer(
    name="grpclib",
    title="grpclib",
    interpreter=environment.python,
    client="grpclib_client.py",
    server="grpclib_server.py",
    workloads=(*UNARY, *STREAMING, *ECHO, *KEPT, *FRESH),
    modules=("grpclib.client", "grpclib.server"),
    first_call="first_call_grpclib.py",
)
