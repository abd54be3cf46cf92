"""What a script says and hears: one JSON object a line, orders on stdin, answers on stdout.

Shared by every script that ``peers.process`` starts, whichever interpreter runs it; so it imports nothing else.
A closed stdin is the order to end.
"""

from __future__ import annotations

import json
import sys
from typing import Any, Dict, Iterator, Optional

Line = Dict[str, Any]


def say(line: Line) -> None:
    """Write one line to whoever started this process; may block when it does not read."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def hear() -> Optional[Line]:
    """Wait for the next order; None once stdin is closed. Blocks, so an event loop calls it in a thread."""
    text = sys.stdin.readline()
    order: Optional[Line] = json.loads(text) if text else None
    return order


def orders() -> Iterator[Line]:
    """Yield orders until stdin is closed."""
    while True:
        order = hear()
        if order is None:
            return
        yield order
