"""Script: what it costs to import the modules that it is given; nothing is imported before that could be part of it."""

import sys
import time


def peak_mib():  # type: ignore[no-untyped-def]  # nothing is imported for the sake of types
    """Return the most memory that was in use so far; VmHWM, as ``ru_maxrss`` begins with that of who started us."""
    with open("/proc/self/status", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise LookupError("/proc/self/status has no VmHWM")


before, peak_before = set(sys.modules), peak_mib()
cpu_before, begun = time.process_time(), time.perf_counter()
for name in sys.argv[1:]:
    __import__(name)
seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu_before
modules, peak = len(set(sys.modules) - before), peak_mib()

import line_protocol  # noqa: E402
import measuring  # noqa: E402

line_protocol.say(
    {
        "versions": measuring.versions(),
        "ms": seconds * 1e3,
        "cpu_ms": cpu * 1e3,
        "modules": modules,
        "peak_mib": peak,
        "peak_before_mib": peak_before,
    }
)
