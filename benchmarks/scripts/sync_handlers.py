"""The service on the blocking API; ours or grpcio's, whichever ``grpc`` the interpreter finds."""

from __future__ import annotations

import itertools
import threading
from typing import Any, Iterator

import messages

import grpc


def echo(request: bytes, context: Any) -> bytes:
    """Return the request."""
    return request


def send(request: bytes, context: Any) -> Iterator[bytes]:
    """Stream what was asked for."""
    count, size = messages.decode_pair(request)
    return itertools.repeat(bytes(size), count)


def collect(requests: Iterator[bytes], context: Any) -> bytes:
    """Tell what came."""
    count = size = 0
    for request in requests:
        count += 1
        size += len(request)
    return messages.encode_pair(count, size)


def bidi(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
    """Send every message back."""
    return requests


def hold(request: bytes, context: Any) -> Iterator[bytes]:
    """Say nothing until the call is over."""
    over = threading.Event()
    if context.add_callback(over.set):
        over.wait()
    return iter(())


def handlers() -> Any:
    """Return the service."""
    return grpc.method_handlers_generic_handler(
        messages.SERVICE,
        {
            "Echo": grpc.unary_unary_rpc_method_handler(echo),
            "Send": grpc.unary_stream_rpc_method_handler(send),
            "Collect": grpc.stream_unary_rpc_method_handler(collect),
            "Bidi": grpc.stream_stream_rpc_method_handler(bidi),
            "Hold": grpc.unary_stream_rpc_method_handler(hold),
        },
    )
