"""Script: makes the unary calls it is ordered to with grpcio."""

from __future__ import annotations

import contextlib

import line_protocol
import sync_calls


def main() -> None:
    """Answer each order until stdin closes."""
    with contextlib.closing(sync_calls.SyncCaller()) as caller:
        for order in line_protocol.orders():
            line_protocol.say(caller.call(order))


if __name__ == "__main__":
    main()
