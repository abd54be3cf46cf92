"""Client streaming: what a message costs on its way to the server."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="client_streaming",
    title="client streaming, 100-byte messages",
    driver="client_streaming",
    parameters={"payload_bytes": 100, "messages": 5000, "client_form": "iterate", "server_form": "iterate"},
    unit="messages/s",
)
