"""The JSON form of a call and of what came of it; the same for every peer, so that answers compare equal.

An order names the call: ``target``, ``method``, ``request``, ``timeout`` (seconds or null) and ``metadata``. An answer
says what the caller saw: ``code`` (name), ``details``, ``initial``, ``trailing`` and ``response`` (null when none).
"""

from __future__ import annotations

import base64
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

Pair = Tuple[str, Union[str, bytes]]
Pairs = List[Pair]
Answer = Dict[str, Any]

SERVICE = "interop.Peer"
# Metadata under these prefixes is sent back by the server; all other metadata is the libraries' own business.
INITIAL_PREFIX = "echo-initial"
TRAILING_PREFIX = "echo-trailing"


def method(name: str) -> str:
    """Return the path of the service's method ``name``."""
    return f"/{SERVICE}/{name}"


def encode_bytes(value: Optional[bytes]) -> Optional[str]:
    """Return ``value`` as text; None stays None."""
    return None if value is None else base64.b64encode(value).decode()


def decode_bytes(text: str) -> bytes:
    """Undo ``encode_bytes``."""
    return base64.b64decode(text)


def encode_pairs(pairs: Optional[Iterable[Pair]]) -> List[List[Any]]:
    """Return the echoed ones of ``pairs`` as JSON lists, sorted by key, equal keys in their order."""
    echoed = [(key, value) for key, value in pairs or () if key.startswith((INITIAL_PREFIX, TRAILING_PREFIX))]
    return encode_all(sorted(echoed, key=lambda pair: pair[0]))


def encode_all(pairs: Iterable[Pair]) -> List[List[Any]]:
    """Return ``pairs`` as JSON lists, whatever they are."""
    return [[key, {"base64": encode_bytes(value)} if isinstance(value, bytes) else value] for key, value in pairs]


def decode_pairs(pairs: Iterable[List[Any]]) -> Pairs:
    """Undo ``encode_pairs`` and ``encode_all``."""
    return [(key, decode_bytes(value["base64"]) if isinstance(value, dict) else value) for key, value in pairs]


def order(
    target: str,
    path: str,
    request: bytes = b"",
    *,
    metadata: Sequence[Pair] = (),
    timeout: Optional[float] = 20.0,
) -> Dict[str, Any]:
    """Return the order for one unary call."""
    return {
        "target": target,
        "method": path,
        "request": encode_bytes(request),
        "metadata": encode_pairs(metadata),
        "timeout": timeout,
    }


def answer(
    code: str,
    details: Optional[str],
    initial: Optional[Iterable[Pair]],
    trailing: Optional[Iterable[Pair]],
    response: Optional[bytes],
) -> Answer:
    """Return the answer to an order; absent details are the empty text, as on the wire."""
    return {
        "code": code,
        "details": details or "",
        "initial": encode_pairs(initial),
        "trailing": encode_pairs(trailing),
        "response": encode_bytes(response),
    }
