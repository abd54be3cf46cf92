"""What metadata may look like: the check that public APIs make before anything is sent."""

from __future__ import annotations

import functools
import re
from typing import Any, Callable, Final, Iterable, NamedTuple, Optional, Tuple, Union

# In the words of the wire format: keys are digits, lower-case letters and _ - . , values printable ASCII, or any bytes
# where the key ends with -bin.
KEY = re.compile(r"[0-9a-z_.\-]+")
TEXT = re.compile(r"[\x20-\x7e]*")

# Names with the prefix of gRPC's own that libraries above this one send as metadata, such as details of a status.
LENT = frozenset(
    (
        "grpc-previous-rpc-attempts",
        "grpc-retry-pushback-ms",
        "grpc-server-stats-bin",
        "grpc-status-details-bin",
        "grpc-tags-bin",
        "grpc-trace-bin",
    )
)

Items = Tuple[Tuple[str, Union[str, bytes]], ...]

# What HTTP and gRPC use themselves: a peer that gets one of these twice may end the whole connection.
FORBIDDEN = frozenset(
    (
        "connection",
        "content-length",
        "content-type",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    )
)


class Metadatum(NamedTuple):
    """A pair of received metadata, whose halves have names as well."""

    key: str
    value: Union[str, bytes]


# The constructor of a named tuple takes a detour through Python.
_name: Final[Callable[[Any], Metadatum]] = functools.partial(tuple.__new__, Metadatum)


def named(items: Optional[Items]) -> Tuple[Metadatum, ...]:
    """Received metadata as it is shown to users; None as none at all."""
    return tuple(map(_name, items)) if items else ()


def checked(metadata: Optional[Iterable[Any]]) -> Optional[Items]:
    """Metadata as a tuple of pairs, or None for none.

    Args:
      metadata: Pairs of a key and a value.

    Raises:
      TypeError: It does not consist of pairs of a string and a string or bytes.
      ValueError: A key or a value cannot be sent, or the key belongs to gRPC itself.
    """
    if metadata is None:
        return None
    try:
        items = tuple((key, value) for key, value in metadata)
    except (TypeError, ValueError) as error:
        raise TypeError(f"metadata is a sequence of (key, value) pairs, not {metadata!r}") from error
    for key, value in items:
        _check_item(key, value)
    return items


def _check_item(key: Any, value: Any) -> None:
    if not isinstance(key, str):
        raise TypeError(f"a metadata key is a string, not {key!r}")
    if not KEY.fullmatch(key):
        raise ValueError(f"metadata key {key!r} may hold only digits, lower-case letters and _ - .")
    if key in FORBIDDEN:
        raise ValueError(f"metadata key {key!r} is not for applications: it belongs to HTTP and gRPC")
    if key.startswith("grpc-") and key not in LENT:
        raise ValueError(f"metadata key {key!r} is not for applications: names that begin with grpc- belong to gRPC")
    if key.endswith("-bin"):
        if not isinstance(value, (bytes, bytearray, memoryview, str)):
            raise TypeError(f"the value of metadata key {key!r} is bytes, not {value!r}")
        return
    if isinstance(value, (bytes, bytearray)):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        raise TypeError(f"the value of metadata key {key!r} is a string, not {value!r}")
    if not TEXT.fullmatch(value):
        raise ValueError(
            f"the value of metadata key {key!r} may hold only printable ASCII; give the key the suffix -bin to send "
            "other bytes"
        )
