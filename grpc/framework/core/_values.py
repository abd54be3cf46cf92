"""The values that operations make: outcomes and completions for their customers, tickets for the link."""

from __future__ import annotations

import functools
from typing import Any, Callable, Final, Optional, Tuple

from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.links import links


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


# Most operations end without a further word. One value serves them all; nobody changes it.
COMPLETED: Final = Outcome(base.Outcome.Kind.COMPLETED)
NOTHING_MORE: Final = Completion(None, None, None)

# Makes a ticket of all its fields, in their order. The constructor of a named tuple takes a detour through Python
# that costs as much again as everything else about a ticket; there are at least two for every RPC.
make_ticket: Final[Callable[[Tuple[Any, ...]], links.Ticket]] = functools.partial(tuple.__new__, links.Ticket)
