"""A server whose health is what it is told, on the blocking API; ours or grpcio's, whichever ``grpc`` is at hand.

Beside the service of ``sync_service`` it has ``grpc.health.v1.Health/Watch``, written by hand, so that no generated
code is needed.
"""

from __future__ import annotations

import queue
from concurrent import futures
from typing import Any, Iterator, List, Optional, Tuple

import grpc

try:
    from peers import sync_service, wire_values
except ImportError:  # in a peer's process this folder itself is what is importable
    import sync_service
    import wire_values


class Health:
    """What is said to those who watch. Methods may be called from any thread."""

    def __init__(self) -> None:
        # One for everybody: there is one watch at a time.
        self._words: queue.Queue[Optional[bytes]] = queue.Queue()
        self.requests: List[bytes] = []

    def say(self, status: int) -> None:
        """Say a status to whoever watches, or will."""
        self._words.put(bytes([8, status]))

    def watch(self, request: bytes, context: Any) -> Iterator[bytes]:
        """Serve Watch."""
        self.requests.append(request)
        if not context.add_callback(lambda: self._words.put(None)):
            return
        while True:
            word = self._words.get()
            if word is None:
                return
            yield word


def serve(health: Health) -> Tuple[Any, int, futures.ThreadPoolExecutor]:
    """Start a server on a free port of the loopback interface, to be stopped by ``sync_service.stop``.

    Returns:
        The server, its port, and its pool.
    """
    pool = futures.ThreadPoolExecutor()
    server = grpc.server(pool)
    watch = grpc.unary_stream_rpc_method_handler(health.watch)
    echo = grpc.unary_unary_rpc_method_handler(sync_service.echo)
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Watch": watch}),
            grpc.method_handlers_generic_handler(wire_values.SERVICE, {"Echo": echo}),
        )
    )
    port: Optional[int] = server.add_insecure_port("127.0.0.1:0")
    assert port
    server.start()
    return server, port, pool
