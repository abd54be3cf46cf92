"""Ten times the streams in flight: what a call costs may not depend on how many are open beside it."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="growth_in_flight",
    title="1,000 calls in flight, by 100",
    driver="unary_in_flight",
    procedure="growth",
    parameters={"payload_bytes": 100, "form": "callbacks", "pieces": 10000},
    stages=(
        {"in_flight": 100, "weight": 1},
        {"in_flight": 1000, "weight": 10},
    ),
    headline="growth",
    unit="x the CPU",
    higher_is_better=False,
    columns={"small us": "small_cpu_us", "large us": "large_cpu_us"},
)
