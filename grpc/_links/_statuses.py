"""Statuses: how they are written, what stands for one where none came, and what they mean in a ticket."""

from __future__ import annotations

import re
import urllib.parse
from typing import Dict, Optional

from grpc._values import status
from grpc.framework.interfaces.links import links

_Termination = links.Ticket.Termination

_PERMISSION_DENIED = 7

# ---------------------------------------------------------------- grpc-message

# HTTP allows no space at either end of a value, so these go as %20, too.
_PLAIN = re.compile(rb"(?! )[ -$&-~]*(?<! )")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


def encode_message(message: str) -> bytes:
    """UTF-8, with every byte outside 0x20-0x7E, and the percent sign, as %XX."""
    raw = message.encode("utf-8", "replace")
    if _PLAIN.fullmatch(raw):
        return raw
    inner = raw.strip(b" ")
    before = len(raw) - len(raw.lstrip(b" "))
    after = len(raw) - before - len(inner)
    quoted = urllib.parse.quote_from_bytes(inner, safe=_SAFE).encode("ascii")
    return b"%20" * before + quoted + b"%20" * max(after, 0)


_SAFE = bytes(byte for byte in range(0x20, 0x7F) if byte != 0x25)


def decode_message(value: bytes) -> str:
    """Never fails: broken escapes stay as they are, invalid UTF-8 is replaced."""
    if b"%" in value:
        value = _ESCAPE.sub(lambda match: bytes((int(match.group(1), 16),)), value)
    return value.decode("utf-8", "replace")


# ---------------------------------------------------------------- statuses for what is not one

# "RST_STREAM frames received are mapped as follows" (PROTOCOL-HTTP2, Errors); all others are INTERNAL.
_OF_RESET: Dict[int, int] = {
    7: status.UNAVAILABLE,  # REFUSED_STREAM
    8: status.CANCELLED,  # CANCEL
    11: status.RESOURCE_EXHAUSTED,  # ENHANCE_YOUR_CALM
    12: _PERMISSION_DENIED,  # INADEQUATE_SECURITY
}
# The other way round, for a stream that this side must reset; all others are INTERNAL_ERROR.
_RESETS: Dict[int, int] = {
    status.OK: 0,
    status.CANCELLED: 8,
    status.DEADLINE_EXCEEDED: 8,
    _PERMISSION_DENIED: 12,
    status.RESOURCE_EXHAUSTED: 11,
    status.UNAVAILABLE: 7,
}
_INTERNAL_ERROR = 2
# http-grpc-status-mapping: for answers without grpc-status; all others are UNKNOWN.
_OF_HTTP: Dict[bytes, int] = {
    b"400": status.INTERNAL,
    b"401": status.UNAUTHENTICATED,
    b"403": _PERMISSION_DENIED,
    b"404": status.UNIMPLEMENTED,
    b"429": status.UNAVAILABLE,
    b"502": status.UNAVAILABLE,
    b"503": status.UNAVAILABLE,
    b"504": status.UNAVAILABLE,
}


def status_of_reset(error_code: int) -> int:
    """The status of a stream that the peer reset with an HTTP/2 error code."""
    return _OF_RESET.get(error_code, status.INTERNAL)


def reset_of_status(number: int) -> int:
    """The HTTP/2 error code with which to reset a stream that ends here with a status."""
    return _RESETS.get(number, _INTERNAL_ERROR)


def status_of_http(http_status: bytes) -> int:
    """The status of an answer that has an HTTP status and no gRPC one."""
    return _OF_HTTP.get(http_status, status.UNKNOWN)


def parse_status(value: bytes) -> int:
    """Read `grpc-status`; what is not a known number, in its one way of being written, is UNKNOWN."""
    if not value.isdigit() or len(value) > 2 or (value[:1] == b"0" and value != b"0"):
        return status.UNKNOWN
    number = int(value)
    return number if number <= status.UNAUTHENTICATED else status.UNKNOWN


# ---------------------------------------------------------------- statuses and terminations

# What a service's status means to the invocation side. A ticket speaks as its sender, here the service: a status that
# blames the service is a local failure, one that blames the invocation (no such method) a remote one.
_TERMINATIONS: Dict[int, links.Ticket.Termination] = {
    status.OK: _Termination.COMPLETION,
    status.CANCELLED: _Termination.CANCELLATION,
    status.DEADLINE_EXCEEDED: _Termination.EXPIRATION,
    status.UNIMPLEMENTED: _Termination.REMOTE_FAILURE,
}


def termination_of_status(number: int) -> links.Ticket.Termination:
    """The termination of a ticket that carries a status to the invocation side."""
    return _TERMINATIONS.get(number, _Termination.LOCAL_FAILURE)


# What goes out for a ticket of the service side that names no status itself.
_STATUSES: Dict[links.Ticket.Termination, int] = {
    _Termination.COMPLETION: status.OK,
    _Termination.CANCELLATION: status.CANCELLED,
    _Termination.EXPIRATION: status.DEADLINE_EXCEEDED,
    _Termination.SHUTDOWN: status.UNAVAILABLE,
    _Termination.RECEPTION_FAILURE: status.INTERNAL,
    _Termination.TRANSMISSION_FAILURE: status.INTERNAL,
    _Termination.LOCAL_FAILURE: status.UNKNOWN,
    _Termination.REMOTE_FAILURE: status.UNIMPLEMENTED,
}


# What the client is told of it in words, if nobody else has any: so that its user knows which side it was.
_DETAILS: Dict[links.Ticket.Termination, str] = {
    _Termination.CANCELLATION: "the server cancelled the RPC",
    _Termination.EXPIRATION: "Deadline Exceeded",
    _Termination.SHUTDOWN: "the server was stopped",
}


def status_of_termination(termination: links.Ticket.Termination) -> int:
    """The status to send for a termination without a code."""
    return _STATUSES[termination]


def details_of_termination(termination: links.Ticket.Termination) -> Optional[str]:
    """The status text to send for a termination with neither code nor message; None for none."""
    return _DETAILS.get(termination)
