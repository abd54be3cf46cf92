"""Which header blocks HTTP/2 calls malformed (RFC 9113, 8.2 and 8.3): a fault of their stream, not of the connection.

h2 takes a malformed block for the end of the connection and of all its calls, and looks at each octet in Python to find
one. So its checks are off, and this is looked at where a block is read for the first time; what was read is remembered
(`_requests`, `_responses`), so that a block that comes again is not looked at again.

Two things are put up with. Spaces around a value: gRPC lets them be dropped on the way, so peers send them. And a
value of a `-bin` name that begins with NUL may hold any octet: it is raw (gRPC's extension G1).
"""

from __future__ import annotations

import functools
import re
from typing import FrozenSet, Optional, Sequence, Tuple

OF_REQUESTS: FrozenSet[bytes] = frozenset((b":method", b":scheme", b":path", b":authority"))
OF_RESPONSES: FrozenSet[bytes] = frozenset((b":status",))
OF_TRAILERS: FrozenSet[bytes] = frozenset()

# "A field name MUST NOT contain characters in the ranges 0x00-0x20, 0x41-0x5a, or 0x7f-0xff", nor a colon (8.2.1).
# As no name may, names joined by colons can be looked at all at once, and the colons counted.
_LEGAL_NAME = re.compile(rb"[!-9;-@\[-~]+").fullmatch
_LEGAL_NAMES = re.compile(rb"[!-9;-@\[-~]+(?::[!-9;-@\[-~]+)*").fullmatch

# "A field value MUST NOT contain the zero value, line feed, or carriage return at any position" (8.2.1).
_ILLEGAL_OCTET = re.compile(rb"[\x00\n\r]").search

# "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields" (8.2.2).
_OF_CONNECTIONS = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"))


class MalformedError(Exception):
    """A header block that HTTP/2 calls malformed: to be answered with RST_STREAM(PROTOCOL_ERROR).

    Attributes:
      fault: What is wrong with it, without a subject.
    """

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def check(fields: Sequence[Tuple[bytes, bytes]], pseudo_headers: FrozenSet[bytes]) -> None:
    """Make sure that a header block is well formed.

    Args:
      fields: The block.
      pseudo_headers: Those that may be in a block of its kind.

    Raises:
      MalformedError: It is not.
    """
    names, values = zip(*fields) if fields else ((), ())
    # The same names come again with new values.
    (_check_names if len(names) <= _MOST_KNOWN_NAMES else _check_new_names)(names, pseudo_headers)
    if _ILLEGAL_OCTET(b"".join(values)):
        fault = _fault_in_values(fields)
        if fault is not None:
            raise MalformedError(fault)


def _check_new_names(names: Tuple[bytes, ...], pseudo_headers: FrozenSet[bytes]) -> None:
    count = 0
    for name in names:
        if name[:1] != b":":
            break
        count += 1
    leading, others = names[:count], names[count:]
    if len(set(leading)) != count or not pseudo_headers.issuperset(leading):
        raise MalformedError(_fault_in_pseudo_headers(leading, pseudo_headers))
    if others:
        joined = b":".join(others)
        if not _LEGAL_NAMES(joined) or joined.count(b":") >= len(others):
            raise MalformedError(_fault_in_names(others))
    if not _OF_CONNECTIONS.isdisjoint(others):
        found = next(name for name in others if name in _OF_CONNECTIONS)
        raise MalformedError(f"the field {_text(found)} has no place in HTTP/2")


# Some kinds of blocks that have come; a hostile peer can fill it with names as long as a block may be, some megabytes.
_check_names = functools.lru_cache(maxsize=64)(_check_new_names)
_MOST_KNOWN_NAMES = 32


def _fault_in_pseudo_headers(leading: Sequence[bytes], pseudo_headers: FrozenSet[bytes]) -> str:
    for name in leading:
        if name not in pseudo_headers:
            return f"the pseudo-header {_text(name)} has no place in it"
    found = next(name for name in leading if leading.count(name) > 1)
    return f"the pseudo-header {_text(found)} comes twice"


def _fault_in_names(names: Sequence[bytes]) -> str:
    found = next(name for name in names if not _LEGAL_NAME(name))
    if found[:1] == b":":
        return f"the pseudo-header {_text(found)} comes behind other fields"
    return f"a field name may not be {_text(found)}"


def _fault_in_values(fields: Sequence[Tuple[bytes, bytes]]) -> Optional[str]:
    for name, value in fields:
        if _ILLEGAL_OCTET(value) and not (value[:1] == b"\0" and name[-4:] == b"-bin"):
            return f"the value of {_text(name)} holds a NUL or the end of a line"
    return None


# What is shown of a name; the rest of a long one helps nobody.
_SHOWN = 64


def _text(name: bytes) -> str:
    return repr(name[:_SHOWN].decode("latin-1"))
