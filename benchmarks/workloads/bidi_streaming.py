"""Bidirectional streaming, sender and receiver running free of each other."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="bidi_streaming",
    title="bidi streaming, 100-byte messages there and back",
    driver="bidi_streaming",
    parameters={"payload_bytes": 100, "messages": 5000, "client_form": "iterate", "server_form": "iterate"},
    unit="messages/s",
)
