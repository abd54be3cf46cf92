"""Script: a side on grpcio's blocking API; obeys the orders of ``sides`` until stdin closes."""

from __future__ import annotations

import contextlib

import line_protocol
import sides
import sync_script
import sync_steps


def main() -> None:
    """Obey."""
    with contextlib.closing(sides.Side(sync_script.SyncServers(), sync_steps.SyncClients())) as side:
        for order in line_protocol.orders():
            line_protocol.say(side.obey(order))


if __name__ == "__main__":
    main()
