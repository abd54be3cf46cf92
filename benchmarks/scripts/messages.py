"""What requests and answers of the streams say, the same for every peer.

* ``Send`` takes how many messages of which size are wanted, and streams them.
* ``Collect`` takes a stream, and answers how many messages of how many bytes in all it had.
* ``Bidi`` sends every message back.
* ``Hold`` takes a message, and sends none until it is cancelled.
"""

from __future__ import annotations

import struct
from typing import Tuple

SERVICE = "bench.Bench"

# Messages of any size go through: 64 MiB are measured, and the usual limit is 4 MiB.
OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))

# grpcio's servers turn calls away when a thousand wait to be looked at, ours have no such limit.
SERVER_OPTIONS = (
    *OPTIONS,
    ("grpc.server.max_pending_requests", 100000),
    ("grpc.server.max_pending_requests_hard_limit", 100000),
)

# grpcio's channels with equal options share a connection unless told otherwise; ours never do.
OWN_CONNECTION = (*OPTIONS, ("grpc.use_local_subchannel_pool", 1))

_PAIR = struct.Struct(">QQ")


def method(name: str) -> str:
    """Return the path of the service's method ``name``."""
    return f"/{SERVICE}/{name}"


def encode_pair(first: int, second: int) -> bytes:
    """Return a message that says two counts."""
    return _PAIR.pack(first, second)


def decode_pair(message: bytes) -> Tuple[int, int]:
    """Undo ``encode_pair``."""
    first, second = _PAIR.unpack(message)
    return first, second
