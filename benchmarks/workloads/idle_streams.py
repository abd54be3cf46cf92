"""Ten thousand streams on ten connections that have nothing to say; the server has answered none of them.

They are calls of one request and many responses, opened at once and kept until all have reached the server. In a
blocking server each takes a thread of the pool, so most of these wait for one; the asyncio servers run all handlers.
grpclib's server admits 100 streams a connection, so its client opens a hundred connections.

``KiB`` is what each adds to the memory of the process. The threads are those with all of them open, ``of one`` those
with the first.
"""

from __future__ import annotations

import dataclasses

from benchmarks.workloads import connections

WORKLOAD = dataclasses.replace(
    connections.WORKLOAD,
    name="idle_streams",
    title="10,000 idle streams on ten connections",
    driver="idle_streams",
    parameters={"connections": 10, "arrive": True},
    stages=({"count": 1}, {"count": 1000}, {"count": 10000}),
)
