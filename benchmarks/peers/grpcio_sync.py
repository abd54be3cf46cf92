"""grpcio's blocking API; the scripts are those of ours."""

from __future__ import annotations

from benchmarks.entries import ECHO, FRESH, KEPT, STREAMING, UNARY, Peer
from peers import environment

PEER = Peer(
    name="grpcio_sync",
    title="grpcio, blocking API",
    interpreter=environment.python,
    client="sync_client.py",
    server="sync_server.py",
    workloads=(*UNARY, *STREAMING, *ECHO, *KEPT, *FRESH),
    modules=("grpc",),
    first_call="first_call_sync.py",
)
