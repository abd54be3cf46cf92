"""The memory of a server that was started and has nothing to do."""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="idle_server",
    title="idle server",
    driver="",
    procedure="idle_server",
    parameters={"processes": 1},
    headline="rss_mib",
    unit="MiB",
    higher_is_better=False,
    columns={"peak MiB": "peak_mib", "threads": "server_threads", "CPU ms": "cpu_ms"},
)
