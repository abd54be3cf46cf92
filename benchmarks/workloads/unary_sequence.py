"""Unary calls one after another: what a single call costs from end to end."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="unary_sequence",
    title="unary, 100 bytes echoed, one after another",
    driver="unary_sequence",
    parameters={"payload_bytes": 100},
)
