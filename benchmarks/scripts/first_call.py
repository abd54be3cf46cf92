"""What the scripts of the first call tell; imported by them only when it is over."""

from __future__ import annotations

import line_protocol
import measuring
import usage


def say(begun: float, imported: float, answered: float, answer: bytes) -> None:
    """Tell how long it took; times are seconds of ``time.perf_counter``.

    Raises:
        ValueError: the answer was not the right one.
    """
    if answer != b"first":
        raise ValueError("the first call was answered wrongly")
    line_protocol.say(
        {
            "versions": measuring.versions(),
            "ms": (answered - begun) * 1e3,
            "import_ms": (imported - begun) * 1e3,
            "cpu_ms": usage.cpu_seconds() * 1e3,
        }
    )
