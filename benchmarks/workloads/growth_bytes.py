"""Ten times the bytes: what a byte costs may not depend on how long its message is."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="growth_bytes",
    title="10 MiB echoed, by 1 MiB",
    driver="unary_sequence",
    procedure="growth",
    parameters={},
    stages=(
        {"payload_bytes": 1 << 20, "pieces": 60, "weight": 1},
        {"payload_bytes": 10 << 20, "pieces": 12, "weight": 1},
    ),
    headline="growth",
    unit="x the CPU",
    higher_is_better=False,
    columns={"small us": "small_cpu_us", "large us": "large_cpu_us"},
)
