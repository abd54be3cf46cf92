"""The service that interop tests call, on the blocking API; ours or grpcio's, whichever ``grpc`` is at hand.

``peers/grpclib_server.py`` offers the same methods, with the same rules:

* ``Echo`` returns its request.
* ``Status`` ends as its JSON request says: ``{"code": "NOT_FOUND", "details": "..."}``; OK comes with the request.
* ``Metadata`` echoes metadata by its key's prefix, as initial or as trailing metadata, and the request.
* ``FailWithMetadata`` does the same, then ends with ABORTED.
* ``Remaining`` returns the seconds that the server believes are left, as text, or ``none``.
* ``Wait`` returns only when the call has ended for another reason.
"""

from __future__ import annotations

import json
import threading
from concurrent import futures
from typing import Any, Callable, Dict, Optional, Tuple

import grpc

try:
    from peers import wire_values
except ImportError:  # in a peer's process this folder itself is what is importable
    import wire_values

Behaviour = Callable[[bytes, Any], bytes]


def echo(request: bytes, context: Any) -> bytes:
    """Return the request."""
    return request


def status(request: bytes, context: Any) -> bytes:
    """End with the code and the details that the request names."""
    wanted = json.loads(request)
    context.set_code(grpc.StatusCode[wanted["code"]])
    context.set_details(wanted["details"])
    return request


def metadata(request: bytes, context: Any) -> bytes:
    """Send back the metadata that asks for it."""
    received = [(pair[0], pair[1]) for pair in context.invocation_metadata()]
    context.send_initial_metadata(tuple(pair for pair in received if pair[0].startswith(wire_values.INITIAL_PREFIX)))
    context.set_trailing_metadata(tuple(pair for pair in received if pair[0].startswith(wire_values.TRAILING_PREFIX)))
    return request


def fail_with_metadata(request: bytes, context: Any) -> bytes:
    """Send back metadata, then fail."""
    metadata(request, context)
    context.abort(grpc.StatusCode.ABORTED, "as asked")
    return b""


def remaining(request: bytes, context: Any) -> bytes:
    """Tell how many seconds are left."""
    left = context.time_remaining()
    return b"none" if left is None else repr(left).encode()


def wait(request: bytes, context: Any) -> bytes:
    """Hold the call until it is over."""
    over = threading.Event()
    if context.add_callback(over.set):
        over.wait()
    return request


BEHAVIOURS: Dict[str, Behaviour] = {
    "Echo": echo,
    "Status": status,
    "Metadata": metadata,
    "FailWithMetadata": fail_with_metadata,
    "Remaining": remaining,
    "Wait": wait,
}


def serve() -> Tuple[Any, int, futures.ThreadPoolExecutor]:
    """Start a server with the service on a free port of the loopback interface.

    Returns:
        The server, its port, and its pool, which the caller shuts down after stopping the server.
    """
    pool = futures.ThreadPoolExecutor()
    server = grpc.server(pool)
    handlers = {name: grpc.unary_unary_rpc_method_handler(behaviour) for name, behaviour in BEHAVIOURS.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(wire_values.SERVICE, handlers),))
    port: Optional[int] = server.add_insecure_port("127.0.0.1:0")
    assert port
    server.start()
    return server, port, pool


def stop(server: Any, pool: futures.ThreadPoolExecutor) -> None:
    """End what ``serve`` started; returns when its threads are gone."""
    server.stop(None).wait()
    pool.shutdown()
