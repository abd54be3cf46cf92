"""Metadata as header fields: text values as they are, `-bin` values in base64, or raw to a peer that takes them so.

Raw is gRPC's extension G1: the value of a `-bin` name is a NUL and then the octets as they are. A peer that has not
asked for it, by a setting, only ever gets base64; what we are sent is read either way.
"""

from __future__ import annotations

import binascii
import functools
import itertools
import re
from typing import Any, Iterable, List, NoReturn, Optional, Sequence, Tuple

from grpc._values import status
from grpc._values.metadata import FORBIDDEN, LENT

Header = Tuple[bytes, bytes]
MetadataItem = Tuple[str, Any]
Metadata = Tuple[MetadataItem, ...]

# The HTTP/2 setting by which a peer says that it takes raw values.
TRUE_BINARY = 0xFE03

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
    """Metadata that cannot go on the wire; the text says which item and why.

    Attributes:
      code: The status number of an RPC that fails because of it.
      details: The text.
    """

    def __init__(self, details: str, code: int = status.INTERNAL) -> None:
        super().__init__(details)
        self.details = details
        self.code = code


# ---------------------------------------------------------------- out


def encode_metadata(metadata: Iterable[MetadataItem], raw_binary: bool = False) -> List[Header]:
    """Turn (key, value) pairs into header fields.

    Args:
      metadata: The pairs.
      raw_binary: Whether the peer takes binary values as they are.

    Raises:
      MetadataError: A key or a value is not allowed on the wire.
    """
    fields: List[Header] = []
    for key, value in metadata:
        name = encode_key(key) if isinstance(key, str) else _refuse_key(key)
        if key.endswith("-bin"):
            raw = value.encode("utf-8") if isinstance(value, str) else value
            if not isinstance(raw, (bytes, bytearray, memoryview)):
                raise MetadataError(f"the value of metadata key {key!r} is bytes, not {type(value).__name__}")
            if raw_binary:
                fields.append((name, b"\0" + raw))
            else:
                fields.append((name, binascii.b2a_base64(raw, newline=False).rstrip(b"=")))
            continue
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if not isinstance(text, str):
            raise MetadataError(f"the value of metadata key {key!r} is a string, not {type(value).__name__}")
        if not _TEXT.fullmatch(text):
            raise MetadataError(
                f"the value of metadata key {key!r} may hold only printable ASCII; give the key the suffix -bin to "
                "send other bytes"
            )
        # HTTP allows no spaces at either end of a value, and a strict peer would end the connection.
        fields.append((name, text.strip(" ").encode("ascii")))
    return fields


@functools.lru_cache(maxsize=1024)
def encode_key(key: str) -> bytes:
    """Turn a key into the name of a header field.

    Raises:
      MetadataError: It cannot be one; pseudo header names such as `:path` contain what no key may.
    """
    if not _KEY.fullmatch(key):
        _refuse_key(key)
    if (key.startswith("grpc-") and key not in LENT) or key in FORBIDDEN:
        raise MetadataError(f"metadata key {key!r} is reserved: gRPC or HTTP/2 gives this name a meaning of its own")
    return key.encode("ascii")


def _refuse_key(key: Any) -> NoReturn:
    raise MetadataError(f"metadata key {key!r} may hold only digits, lower-case letters and _ - .")


# ---------------------------------------------------------------- in


def decode_field(name: bytes, value: bytes) -> Iterable[MetadataItem]:
    """Turn one header field into the metadata items that it holds: several where `-bin` values came joined."""
    key = name.decode("latin-1")
    if not key.endswith("-bin"):
        return ((key, value.decode("latin-1")),)
    if value[:1] == b"\0":
        return ((key, value[1:]),)
    return tuple((key, raw) for raw in map(_decode_base64, value.split(b",")) if raw is not None)


def decode_fields(fields: Sequence[Header]) -> Metadata:
    """The metadata of a header block: whatever is neither a pseudo header nor the protocol's own."""
    items: List[MetadataItem] = []
    for name, value in fields:
        if name in RESERVED or name[:1] == b":":
            continue
        if name[-4:] == b"-bin":
            items.extend(decode_field(name, value))
        else:
            items.append((name.decode("latin-1"), value.decode("latin-1")))
    return tuple(items)


def _decode_base64(text: bytes) -> Optional[bytes]:
    """Read base64 with or without padding; None for what is not base64, which the receiver drops."""
    text = text.strip(b" ")
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        return None


# ---------------------------------------------------------------- sizes


def block_size(fields: Sequence[Header]) -> int:
    """The size of a header block as limits count it: names, values and 32 for each field."""
    # Joined, because that is the shortest way of measuring many.
    return 32 * len(fields) + len(b"".join(itertools.chain.from_iterable(fields)))


def check_sendable_block(fields: Sequence[Header], limit: Optional[int], what: str) -> None:
    """Make sure that the peer will take a header block.

    Args:
      fields: The block.
      limit: What the peer's settings allow; None if they say nothing.
      what: Its name for the text.

    Raises:
      MetadataError: It will not.
    """
    if limit is not None:
        size = block_size(fields)
        if size > limit:
            raise MetadataError(
                f"{what} to be sent of {size} bytes exceeds the peer's limit of {limit}", status.RESOURCE_EXHAUSTED
            )
