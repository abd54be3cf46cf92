"""What the end of an RPC is called: from a status code to an `Abortion.Kind` and an `AbortionError`, as 1.0 had it.

    status              Abortion.Kind     error
    CANCELLED           CANCELLED         CancellationError
    UNKNOWN             REMOTE_FAILURE    RemoteError
    DEADLINE_EXCEEDED   EXPIRED           ExpirationError
    UNIMPLEMENTED       LOCAL_FAILURE     LocalError
    any other but OK    LOCAL_FAILURE     AbortionError itself

So in the beta API the code alone decides, not who brought the end about: an unreachable server is an `AbortionError`
with the code UNAVAILABLE, no `NetworkError`. What ends without a code gets one first, by the second table below.
"""

from __future__ import annotations

from typing import Any, List, Mapping, NamedTuple, Optional, Tuple, Type

from grpc._values import status
from grpc._values.status import StatusCode
from grpc.framework.interfaces.face import face

_Kind = face.Abortion.Kind

_NAMES: Mapping[StatusCode, Tuple[face.Abortion.Kind, Type[face.AbortionError]]] = {
    StatusCode.CANCELLED: (_Kind.CANCELLED, face.CancellationError),
    StatusCode.UNKNOWN: (_Kind.REMOTE_FAILURE, face.RemoteError),
    StatusCode.DEADLINE_EXCEEDED: (_Kind.EXPIRED, face.ExpirationError),
    StatusCode.UNIMPLEMENTED: (_Kind.LOCAL_FAILURE, face.LocalError),
}
_OTHERS: Tuple[face.Abortion.Kind, Type[face.AbortionError]] = (_Kind.LOCAL_FAILURE, face.AbortionError)

# For an RPC that was aborted without a status: this side, or the transport, made it end.
_OF_KIND: Mapping[face.Abortion.Kind, Tuple[StatusCode, str]] = {
    _Kind.CANCELLED: (StatusCode.CANCELLED, "Cancelled"),
    _Kind.EXPIRED: (StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"),
    _Kind.LOCAL_SHUTDOWN: (StatusCode.CANCELLED, "This side was shut down"),
    _Kind.REMOTE_SHUTDOWN: (StatusCode.UNAVAILABLE, "The other side was shut down"),
    _Kind.NETWORK_FAILURE: (StatusCode.UNAVAILABLE, "The connection was lost"),
    _Kind.LOCAL_FAILURE: (StatusCode.INTERNAL, "This side failed"),
    _Kind.REMOTE_FAILURE: (StatusCode.UNKNOWN, "The other side failed without saying how"),
}


class Failure(Exception):
    """An RPC fails on this side, with a status that says why.

    Attributes:
      code: The status.
      details: Words.
    """

    def __init__(self, code: StatusCode, details: str) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details

    def abortion(self) -> face.Abortion:
        """The abortion of an RPC that failed so before anything was sent."""
        return abortion((), (), self.code, self.details)


class Faults:
    """Where the parts of one call leave what went wrong on this side. The first fault counts.

    Attributes:
      first: The fault, or None.
    """

    __slots__ = ("first",)

    def __init__(self) -> None:
        self.first: Optional[Failure] = None

    def add(self, fault: Failure) -> None:
        """Note a fault."""
        if self.first is None:
            self.first = fault


class Ending(NamedTuple):
    """How an RPC ended."""

    code: StatusCode
    details: str


def ending_of(call: face.Call, faults: Faults) -> Ending:
    """How a Face call ended; waits for the end.

    A fault on this side is the reason for whatever the call says. A call that completed may have a code other than OK.
    """
    number = call.code()
    details = call.details()
    aborted: List[face.Abortion] = []
    call.add_abortion_callback(aborted.append)  # called at once if, and only if, the RPC was aborted
    fault = faults.first
    if fault is not None:
        return Ending(fault.code, fault.details)
    return ending(aborted[0].kind if aborted else None, number, details)


def ending(kind: Optional[face.Abortion.Kind], number: Optional[int], details: Optional[str]) -> Ending:
    """How an RPC ended.

    Args:
      kind: How Face calls that; None if it completed.
      number: Its status on the wire; None if it has none.
      details: Its details, or None.
    """
    if kind is not None and not number:  # with OK as well: a response that is owed may be missing all the same
        code, words = _OF_KIND[kind]
        return Ending(code, details or words)
    return Ending(status.status_code(number or 0), details or "")


def abortion(initial_metadata: Any, terminal_metadata: Any, code: StatusCode, details: str) -> face.Abortion:
    """The abortion for an RPC that ended with a code other than OK."""
    kind, _ = _NAMES.get(code, _OTHERS)
    return face.Abortion(kind, initial_metadata or (), terminal_metadata or (), code, details)


def error(aborted: face.Abortion) -> face.AbortionError:
    """The error for an RPC with such an abortion, made afresh: each raise has its own traceback."""
    _, make = _NAMES.get(aborted.code, _OTHERS)  # type: ignore[arg-type]  # abortions of this module have a code
    return make(aborted.initial_metadata, aborted.terminal_metadata, aborted.code, aborted.details)
