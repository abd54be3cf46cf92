"""Script: serves the interop service with grpcio; says its port, ends when stdin closes."""

from __future__ import annotations

import line_protocol
import sync_service


def main() -> None:
    """Serve until stdin closes."""
    server, port, pool = sync_service.serve()
    try:
        line_protocol.say({"port": port})
        for _ in line_protocol.orders():
            pass
    finally:
        sync_service.stop(server, pool)


if __name__ == "__main__":
    main()
