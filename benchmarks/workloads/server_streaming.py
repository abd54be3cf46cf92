"""Server streaming: what a message costs on its way to the client."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="server_streaming",
    title="server streaming, 100-byte messages",
    driver="server_streaming",
    parameters={"payload_bytes": 100, "messages": 5000, "client_form": "iterate", "server_form": "iterate"},
    unit="messages/s",
)
