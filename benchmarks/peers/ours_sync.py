"""This project's blocking API; the scripts are those of grpcio, only the interpreter's ``grpc`` differs."""

from __future__ import annotations

from benchmarks.entries import (
    ECHO,
    FRESH,
    GROWTH,
    KEPT,
    LINE_PROTOCOL_FOLDER,
    ROOT,
    STREAMING,
    UNARY,
    Peer,
    this_python,
)

PEER = Peer(
    name="ours_sync",
    title="this project, blocking API",
    interpreter=this_python,
    client="sync_client.py",
    server="sync_server.py",
    workloads=(*UNARY, *STREAMING, *ECHO, *KEPT, *FRESH, *GROWTH),
    modules=("grpc",),
    first_call="first_call_sync.py",
    python_path=(LINE_PROTOCOL_FOLDER, ROOT),
    is_ours=True,
)
