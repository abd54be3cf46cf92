"""Script: holds calls with grpcio; its argument is its options as JSON. Says its port, then obeys ``held``'s orders."""

from __future__ import annotations

import contextlib
import json
import sys

import held
import line_protocol


def main() -> None:
    """Obey until stdin closes."""
    with contextlib.closing(held.HeldServer([tuple(option) for option in json.loads(sys.argv[1])])) as server:
        line_protocol.say({"port": server.port})
        for order in line_protocol.orders():
            line_protocol.say(server.obey(order))


if __name__ == "__main__":
    main()
