"""Script: makes calls that are held with grpcio; its arguments are a target and its options as JSON."""

from __future__ import annotations

import contextlib
import json
import sys

import held
import line_protocol


def main() -> None:
    """Obey ``held``'s orders until stdin closes."""
    options = [tuple(option) for option in json.loads(sys.argv[2])]
    with contextlib.closing(held.HeldClient(sys.argv[1], options)) as client:
        for order in line_protocol.orders():
            line_protocol.say(client.obey(order))


if __name__ == "__main__":
    main()
