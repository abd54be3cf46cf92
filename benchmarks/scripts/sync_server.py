"""Script: the server of the blocking API; ours or grpcio's, whichever ``grpc`` the interpreter finds."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any

import line_protocol
import measuring
import messages
import sync_handlers
import usage

import grpc

_THREADS = 10


class Pool(futures.ThreadPoolExecutor):
    """The server's pool, which counts what reaches it and has all its threads from the start.

    Otherwise it would start them as needed, and threads are counted.

    Attributes:
        arrived: how many calls have come. Of streams that are held most wait for a thread, so nothing later can tell.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=_THREADS)
        self.arrived = 0
        all_there = threading.Barrier(_THREADS)
        for waiting in [self.submit(all_there.wait) for _ in range(_THREADS)]:
            waiting.result()

    def submit(self, *arguments: Any, **named: Any) -> futures.Future[Any]:
        """As the superclass."""
        self.arrived += 1
        return super().submit(*arguments, **named)


def main() -> None:
    """Serve until stdin closes."""
    usage.raise_file_limit()
    with Pool() as pool:
        server = grpc.server(pool, options=messages.SERVER_OPTIONS)
        server.add_generic_rpc_handlers((sync_handlers.handlers(),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        measuring.say_port(port)
        for order in line_protocol.orders():
            usage.answer(order, pool.arrived)
        server.stop(None).wait()


if __name__ == "__main__":
    main()
