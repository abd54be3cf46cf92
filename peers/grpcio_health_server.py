"""Script: serves with grpcio and is as healthy as it is told; says its port, ends when stdin closes.

Orders are `{"status": 1}`, which is said to whoever watches; each is answered by `{"requests": n}`, how many watches
have begun so far.
"""

from __future__ import annotations

import health_service
import line_protocol
import sync_service


def main() -> None:
    """Serve until stdin closes."""
    health = health_service.Health()
    server, port, pool = health_service.serve(health)
    try:
        line_protocol.say({"port": port})
        for order in line_protocol.orders():
            health.say(order["status"])
            line_protocol.say({"requests": len(health.requests)})
    finally:
        sync_service.stop(server, pool)


if __name__ == "__main__":
    main()
