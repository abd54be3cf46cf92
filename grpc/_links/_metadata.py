"""Metadata as header fields: text values as they are, `-bin` values in base64."""

from __future__ import annotations

import binascii
import re
from typing import Any, Iterable, List, Optional, Tuple

Header = Tuple[bytes, bytes]
MetadataItem = Tuple[str, Any]
Metadata = Tuple[MetadataItem, ...]

_KEY = re.compile(r"[0-9a-z_.\-]+")
_TEXT = re.compile(r"[\x20-\x7e]*")

# Header fields that belong to the protocol; they are not shown as metadata. Other `grpc-` names are passed on to the
# application, which may know them.
RESERVED = frozenset(
    (
        b"te",
        b"content-type",
        b"grpc-encoding",
        b"grpc-accept-encoding",
        b"grpc-timeout",
        b"grpc-status",
        b"grpc-message",
        b"grpc-message-type",
        b"host",
    )
)


class MetadataError(ValueError):
    """Metadata that cannot go on the wire; the text says which item and why."""


def encode_metadata(metadata: Iterable[MetadataItem]) -> List[Header]:
    """Turn (key, value) pairs into header fields.

    Raises:
      MetadataError: A key or a value is not allowed on the wire.
    """
    fields: List[Header] = []
    for key, value in metadata:
        if not _KEY.fullmatch(key):
            raise MetadataError(f"metadata key {key!r} may hold only digits, lower-case letters and _ - .")
        name = key.encode("ascii")
        if key.endswith("-bin"):
            raw = value.encode("utf-8") if isinstance(value, str) else bytes(value)
            fields.append((name, binascii.b2a_base64(raw, newline=False).rstrip(b"=")))
            continue
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if not _TEXT.fullmatch(text):
            raise MetadataError(
                f"the value of metadata key {key!r} may hold only printable ASCII; give the key the suffix -bin to "
                "send other bytes"
            )
        fields.append((name, text.encode("ascii")))
    return fields


def decode_field(name: bytes, value: bytes) -> Iterable[MetadataItem]:
    """Turn one header field into the metadata items that it holds: several where `-bin` values came joined."""
    key = name.decode("latin-1")
    if not key.endswith("-bin"):
        return ((key, value.decode("latin-1")),)
    return tuple((key, raw) for raw in map(_decode_base64, value.split(b",")) if raw is not None)


def _decode_base64(text: bytes) -> Optional[bytes]:
    """Read base64 with or without padding; None for what is not base64, which the receiver drops."""
    text = text.strip(b" ")
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return None
