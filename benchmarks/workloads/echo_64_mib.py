"""Echo of 64 MiB: what a byte costs in messages beyond every window and buffer."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="echo_64_mib",
    title="unary, 64 MiB echoed, one after another, both ways counted",
    driver="unary_sequence",
    parameters={"payload_bytes": 64 << 20},
    unit="MiB/s",
    scale=128.0,
)
