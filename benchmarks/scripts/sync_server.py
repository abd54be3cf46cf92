"""Script: the server of the blocking API; ours or grpcio's, whichever ``grpc`` the interpreter finds."""

from __future__ import annotations

from concurrent import futures
from typing import Any

import line_protocol
import measuring

import grpc


def echo(request: bytes, context: Any) -> bytes:
    """Return the request."""
    return request


def main() -> None:
    """Serve until stdin closes."""
    with futures.ThreadPoolExecutor(max_workers=10) as pool:
        server = grpc.server(pool)
        handlers = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Bench", handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        line_protocol.say({"port": port})
        measuring.answer_server()
        server.stop(None).wait()


if __name__ == "__main__":
    main()
