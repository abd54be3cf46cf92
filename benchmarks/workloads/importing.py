"""The import in a fresh process, bytecode cached: time, CPU time, and the peak of the process's memory."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="importing",
    title="import",
    driver="",
    procedure="import",
    parameters={"processes": 5},
    headline="ms",
    unit="ms",
    higher_is_better=False,
    columns={"CPU ms": "cpu_ms", "peak MiB": "peak_mib", "before MiB": "peak_before_mib", "modules": "modules"},
)
