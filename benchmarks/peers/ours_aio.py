"""This project's asyncio API; the scripts are those of grpcio, only the interpreter's ``grpc`` differs."""

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
    name="ours_aio",
    title="this project, asyncio API",
    interpreter=this_python,
    client="aio_client.py",
    server="aio_server.py",
    workloads=(*UNARY, *STREAMING, *ECHO, *KEPT, *FRESH, *GROWTH),
    modules=("grpc.aio",),
    first_call="first_call_aio.py",
    python_path=(LINE_PROTOCOL_FOLDER, ROOT),
    is_ours=True,
)
