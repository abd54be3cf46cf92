"""Calls that are scripted by their requests: the methods, the messages, and what is said of a message afterwards.

A request is a line of JSON, a list of steps for the server, and then as much filler as is wanted:

* ``["send", text]``, ``["fill", size]``: respond with this text, or with so many bytes of filler.
* ``["return"]``: respond with the request, filler and all.
* ``["tell", fact]``: respond with what the server knows: ``remaining`` (seconds as text, or ``none``), ``peer``,
  ``identity`` (JSON: the key and the identities as text), ``received`` (how many requests came so far).
* ``["initial"]``, ``["trailing"]``: send back the metadata that asks for it, as the one or at the end as the other.
* ``["compression", name]``: compress the responses so; ``["plain"]``: but not the next one.
* ``["drain"]``: read all further requests, without a look at their steps.
* ``["hold"]``: wait until the call is over, or is released by an order to the server.
* ``["cancel"]``: end the call by cancelling it at the server.
* ``["status", code, details]``: end with this status; ``["status", code, details, base64]`` adds these bytes as
  ``grpc-status-details-bin``.
* ``["leave"]``: end now, with what has been set and sent.

Each method takes such requests, the four differ in how many go each way. A method with one response sends its last one.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

SERVICE = "interop.Scripted"
METHODS = {
    "unary_unary": "UnaryUnary",
    "unary_stream": "UnaryStream",
    "stream_unary": "StreamUnary",
    "stream_stream": "StreamStream",
}

# The call's name, which the server is asked about in orders.
TAG = "interop-tag"
STATUS_DETAILS = "grpc-status-details-bin"

# What any order may wait for before it is clear that it waits in vain, in seconds.
PATIENCE = 15.0

Step = List[Any]
Pairs = Sequence[Tuple[str, Union[str, bytes]]]
Recipe = Dict[str, Any]
Line = Dict[str, Any]

_FILLER = bytes(range(256)) * 256
# Enough for every text that a server tells.
_SHOWN = 400


def filler(size: int) -> bytes:
    """So many bytes, no two neighbours alike, that compress well."""
    return (_FILLER * (size // len(_FILLER) + 1))[:size]


def request(recipe: Recipe) -> bytes:
    """The request for ``{"steps": [...], "size": bytes of filler}``."""
    return json.dumps(recipe["steps"]).encode() + b"\n" + filler(recipe["size"])


def steps(message: bytes) -> List[Step]:
    """The steps in a request; none in an empty one."""
    found: List[Step] = json.loads(message[: message.index(b"\n")]) if message else []
    return found


def seen(message: bytes) -> Line:
    """What is told of a message that arrived: its size, a checksum, and how it begins."""
    return {"size": len(message), "sum": zlib.crc32(message), "text": message[:_SHOWN].decode("latin-1")}


def tag_of(metadata: Pairs) -> str:
    """The call's name, ``""`` if it has none."""
    for key, value in metadata:
        if key == TAG:
            return str(value)
    return ""


def status_details(encoded: str) -> Tuple[str, bytes]:
    """The trailing metadata for the last part of a ``status`` step."""
    return STATUS_DETAILS, base64.b64decode(encoded)


def found_status_details(trailing: Optional[Pairs]) -> Optional[str]:
    """The status details among trailing metadata as base64, None if there are none."""
    for key, value in trailing or ():
        if key == STATUS_DETAILS:
            return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
    return None


def identity_text(key: Optional[str], identities: Optional[Sequence[bytes]]) -> str:
    """What the fact ``identity`` tells."""
    return json.dumps([key, None if identities is None else [identity.decode() for identity in identities]])
