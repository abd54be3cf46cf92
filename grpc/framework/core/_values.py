"""The values that operations make for their customers: plain slotted objects, cheap to build."""

from __future__ import annotations

from typing import Any, Optional

from grpc.framework.interfaces.base import base


class Outcome(base.Outcome):
    """How an operation ended, with the terminal metadata that came along when the peer ended it badly.

    A peer that aborts may still have something to say (over HTTP/2: the trailers of a status other than OK).
    """

    __slots__ = ("code", "details", "kind", "terminal_metadata")

    def __init__(
        self,
        kind: base.Outcome.Kind,
        code: Optional[Any] = None,
        details: Optional[str] = None,
        terminal_metadata: Optional[Any] = None,
    ) -> None:
        self.kind = kind
        self.code = code
        self.details = details
        self.terminal_metadata = terminal_metadata

    def __repr__(self) -> str:
        return f"<Outcome {self.kind.value}, code {self.code!r}, details {self.details!r}>"


class Completion(base.Completion):
    """What a peer said last."""

    __slots__ = ("code", "message", "terminal_metadata")

    def __init__(self, terminal_metadata: Optional[Any], code: Optional[Any], message: Optional[str]) -> None:
        self.terminal_metadata = terminal_metadata
        self.code = code
        self.message = message

    def __repr__(self) -> str:
        return f"<Completion code {self.code!r}, message {self.message!r}>"
