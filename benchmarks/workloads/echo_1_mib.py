"""Echo of 1 MiB: what a byte costs."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="echo_1_mib",
    title="unary, 1 MiB echoed, one after another, both ways counted",
    driver="unary_sequence",
    parameters={"payload_bytes": 1 << 20},
    unit="MiB/s",
    scale=2.0,
)
