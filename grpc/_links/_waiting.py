"""An operation without a stream: what its End has said so far, for the connection that will carry it.

An operation waits in the channel until there is a connection, and in a connection until the peer admits another
stream. A connection that cannot begin it after all, or whose peer surely has not processed it, gives it back.
"""

from __future__ import annotations

from typing import Hashable, List, Optional

from grpc.framework.interfaces.links import links

_COMPLETION = links.Ticket.Termination.COMPLETION

REPLAY_BOUND = 256 * 1024
"""How many bytes of payloads after the first are kept for another attempt, per operation; gRPC's own figure."""


class Waiting:
    """The tickets of an operation from its first one on, and what its End has heard of it."""

    __slots__ = ("bytes_kept", "leave", "next_ticket", "replayed", "since", "tickets")

    def __init__(self, ticket: links.Ticket) -> None:
        """Begin with the first ticket."""
        self.tickets: List[links.Ticket] = [ticket]
        self.bytes_kept = 0
        # The number of the next ticket for the End: not 0 if an earlier attempt granted it an allowance.
        self.next_ticket = 0
        # How many more payloads the End may send.
        self.leave = links.INITIAL_ALLOWANCE - _count(ticket)
        # Whether it was sent before, and refused: it may be so once.
        self.replayed = False
        # Since when its timeout runs, on the environment's clock; None while unknown.
        self.since: Optional[float] = None

    def __repr__(self) -> str:
        return f"<Waiting: operation {self.operation_id!r}, {len(self.tickets)} tickets>"

    @property
    def operation_id(self) -> Hashable:
        """Of which operation."""
        return self.tickets[0].operation_id

    @property
    def first(self) -> links.Ticket:
        """The ticket that begins the operation."""
        return self.tickets[0]

    def add(self, ticket: links.Ticket) -> bool:
        """Take another ticket.

        Returns:
          Whether the operation goes on; if not, it was given up before it began, and nobody need know.
        """
        if ticket.termination is not None and ticket.termination is not _COMPLETION:
            return False
        self.bytes_kept += _length(ticket)
        self.leave -= _count(ticket)
        self.tickets.append(ticket)
        return True

    def record(self, ticket: links.Ticket) -> bool:
        """Take another ticket of an operation that has a stream, in case it is refused.

        Returns:
          Whether all is kept; if not, there is too much of it and it cannot be replayed any more.
        """
        self.bytes_kept += _length(ticket)
        if self.bytes_kept > REPLAY_BOUND:
            return False
        self.tickets.append(ticket)
        return True

    def spend(self, now: float) -> None:
        """Take the time waited off the timeout that the peer will be told."""
        if self.since is not None:
            timeout = self.tickets[0].timeout
            if timeout is not None:
                self.tickets[0] = self.tickets[0]._replace(timeout=max(0.0, timeout - (now - self.since)))
        self.since = now


def _length(ticket: links.Ticket) -> int:
    return 0 if ticket.payload is None else len(ticket.payload) + sum(map(len, ticket.further_payloads))


def _count(ticket: links.Ticket) -> int:
    return 0 if ticket.payload is None else 1 + len(ticket.further_payloads)
