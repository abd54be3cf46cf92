"""Ten times the messages of a stream: what one costs may not depend on how many came before it."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="growth_messages",
    title="bidi streams of 20,000 messages, by 2,000",
    driver="bidi_streaming",
    procedure="growth",
    parameters={"payload_bytes": 100, "client_form": "iterate", "server_form": "iterate"},
    stages=(
        {"messages": 2000, "pieces": 20000, "weight": 1},
        {"messages": 20000, "pieces": 80000, "weight": 10},
    ),
    headline="growth",
    unit="x the CPU",
    higher_is_better=False,
    columns={"small us": "small_cpu_us", "large us": "large_cpu_us"},
)
