"""The status codes of gRPC, as numbers on the wire and as the enum that users see."""

from __future__ import annotations

import enum
from typing import Optional


class StatusCode(enum.Enum):
    """How an RPC ended; each value is the pair (number on the wire, lower-case name)."""

    OK = (0, "ok")
    CANCELLED = (1, "cancelled")
    UNKNOWN = (2, "unknown")
    INVALID_ARGUMENT = (3, "invalid argument")
    DEADLINE_EXCEEDED = (4, "deadline exceeded")
    NOT_FOUND = (5, "not found")
    ALREADY_EXISTS = (6, "already exists")
    PERMISSION_DENIED = (7, "permission denied")
    RESOURCE_EXHAUSTED = (8, "resource exhausted")
    FAILED_PRECONDITION = (9, "failed precondition")
    ABORTED = (10, "aborted")
    OUT_OF_RANGE = (11, "out of range")
    UNIMPLEMENTED = (12, "unimplemented")
    INTERNAL = (13, "internal")
    UNAVAILABLE = (14, "unavailable")
    DATA_LOSS = (15, "data loss")
    UNAUTHENTICATED = (16, "unauthenticated")


# Below Base a status is its bare number: tickets carry what the wire carries, and each public
# API turns the number into its own enum. These are the numbers that the library makes itself.
OK = 0
CANCELLED = 1
UNKNOWN = 2
DEADLINE_EXCEEDED = 4
RESOURCE_EXHAUSTED = 8
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
UNAUTHENTICATED = 16

_CODES = {code.value[0]: code for code in StatusCode}


def status_code(number: Optional[int]) -> StatusCode:
    """The enum member of a wire number; a number outside 0-16, or none at all, is UNKNOWN."""
    if number is None:
        return StatusCode.UNKNOWN
    return _CODES.get(number, StatusCode.UNKNOWN)
