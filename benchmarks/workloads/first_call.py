"""A fresh process from its first line to the answer of its first call: import, channel, connection, call.

The CPU time is that of the whole process, the interpreter's start included.
"""

from __future__ import annotations

from benchmarks.entries import Workload

WORKLOAD = Workload(
    name="first_call",
    title="first call of a fresh process, import included",
    driver="",
    procedure="first_call",
    parameters={"processes": 5},
    headline="ms",
    unit="ms",
    higher_is_better=False,
    columns={"import ms": "import_ms", "CPU ms": "cpu_ms"},
)
