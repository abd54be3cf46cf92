"""A thousand connections, opened one after another with a call on each, and kept.

``KiB`` is what each adds to the memory of the process: a channel with its connection, or the server's end of it. The
threads are those with all of them open, ``of one`` those with the first.
"""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="connections",
    title="1,000 connections, each opened, one call made, kept",
    driver="connections",
    procedure="staged",
    parameters={"payload_bytes": 100},
    stages=({"count": 1}, {"count": 100}, {"count": 1000}),
    headline="open_us",
    unit="us each",
    higher_is_better=False,
    columns={
        "client CPU us": "client_cpu_us",
        "server CPU us": "server_cpu_us",
        "client KiB": "client_kib",
        "server KiB": "server_kib",
        "client threads": "client_threads",
        "of one": "client_threads_of_one",
        "server threads": "server_threads",
        "of one ": "server_threads_of_one",
        "CPU of 10x": "growth",
        "closing s": "release_seconds",
    },
)
