"""What the cases of both APIs agree about: their names, checks, and how one ends."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any, Optional

import grpc

CASES = (
    "put_and_get",
    "large_value",
    "many_puts",
    "refused_put",
    "watch",
    "watch_until_cancelled",
    "watch_until_deadline",
    "lease_kept_alive",
    "lease_revoked",
)

TIMEOUT = 20.0
# Seconds after which a stream that nothing happens on is to end.
SHORT_TIMEOUT = 0.2
# Below what etcd takes in one request, and above the window that a connection begins with.
LARGE = 1_000_000
# Calls at the same time, each on a key of its own.
MANY = 100
TTL = 30


class Failed(Exception):
    """Something came out otherwise than the case demands; the text says what."""


def check_equal(what: str, found: object, wanted: object) -> None:
    """Go on only if they are equal.

    Raises:
        Failed: they are not.
    """
    if found != wanted:
        raise Failed(f"{what} should be {wanted!r}, and is {found!r}")


def check_refused(error: Any, code: grpc.StatusCode, text: str) -> None:
    """Check with which status a call ended, whose details have this text in them.

    Raises:
        Failed: with another.
    """
    check_equal("the status", error.code(), code)
    if text not in error.details():
        raise Failed(f"the status text should have {text!r} in it, and is {error.details()!r}")


def check_late(error: Any) -> None:
    """Check that a call ended for its deadline.

    Both sides watch it. When ours is a moment late, etcd's status comes first, and that is another one.

    Raises:
        Failed: for something else.
    """
    if error.code() is grpc.StatusCode.UNKNOWN:
        check_refused(error, grpc.StatusCode.UNKNOWN, "context deadline exceeded")
    else:
        check_refused(error, grpc.StatusCode.DEADLINE_EXCEEDED, "")


def value(size: int) -> bytes:
    """A value of which every part is different."""
    return b"".join(index.to_bytes(4, "big") for index in range(size // 4))


def say(case: str, error: Optional[Exception]) -> None:
    """Print what came of a case."""
    if error is not None and not isinstance(error, Failed):
        traceback.print_exception(type(error), error, error.__traceback__, file=sys.stderr)
    described = None if error is None else (str(error) or type(error).__name__)
    print(json.dumps({"case": case, "result": "failed" if error else "passed", "why": described}), flush=True)
