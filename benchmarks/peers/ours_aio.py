"""This project's asyncio API; the scripts are those of grpcio, only the interpreter's ``grpc`` differs."""

from __future__ import annotations

from benchmarks.entries import LINE_PROTOCOL_FOLDER, ROOT, Peer, this_python

PEER = Peer(
    name="ours_aio",
    title="this project, asyncio API",
    interpreter=this_python,
    client="aio_client.py",
    server="aio_server.py",
    workloads=("unary_sequence", "unary_in_flight"),
    python_path=(LINE_PROTOCOL_FOLDER, ROOT),
    is_ours=True,
)
