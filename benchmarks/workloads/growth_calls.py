"""Ten times the calls: what a call costs may not depend on how many there were."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="growth_calls",
    title="10,000 calls one after another, by 1,000",
    driver="unary_sequence",
    procedure="growth",
    parameters={"payload_bytes": 100},
    stages=(
        {"pieces": 1000, "weight": 1},
        {"pieces": 10000, "weight": 10},
    ),
    headline="growth",
    unit="x the CPU",
    higher_is_better=False,
    columns={"small us": "small_cpu_us", "large us": "large_cpu_us"},
)
