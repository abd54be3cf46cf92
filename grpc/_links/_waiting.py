"""An operation without a stream: what its End has said so far, for the connection that will carry it.

An operation waits in the channel until there is a connection, and in a connection until the peer admits another
stream. A connection that cannot begin it after all, or whose peer surely has not processed it, gives it back.
"""

from __future__ import annotations

from typing import Hashable, List, Optional

from grpc.framework.interfaces.links import links

_COMPLETION = links.Ticket.Termination.COMPLETION

# What a message counts for at the least: empty ones take room, too.
_LEAST_LENGTH = 5


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

    def record(self, ticket: links.Ticket, bound: int) -> bool:
        """Take another ticket of an operation that has a stream, in case there will be another attempt.

        Args:
          ticket: The ticket. That its payloads use up leave is the stream's business.
          bound: How many bytes of messages are kept.

        Returns:
          Whether all is kept; if not, there is too much of it and it cannot be replayed any more.
        """
        if not self.weigh(ticket, bound):
            return False
        self.tickets.append(ticket)
        return True

    def weigh(self, ticket: links.Ticket, bound: int) -> bool:
        """Count the messages of a ticket; whether all that were counted can be kept."""
        self.bytes_kept += _length(ticket)
        return self.bytes_kept <= bound

    def use_leave(self, ticket: links.Ticket) -> None:
        """Count the payloads of a ticket among those that the End had leave for."""
        self.leave -= _count(ticket)

    def copy(self) -> Waiting:
        """The same operation; whoever carries it may change either, and the other stays as it is."""
        copied = Waiting(self.tickets[0])
        for name in Waiting.__slots__:
            setattr(copied, name, getattr(self, name))
        copied.tickets = list(self.tickets)
        return copied

    def spend(self, now: float) -> None:
        """Take the time waited off the timeout that the peer will be told."""
        if self.since is not None:
            timeout = self.tickets[0].timeout
            if timeout is not None:
                self.tickets[0] = self.tickets[0]._replace(timeout=max(0.0, timeout - (now - self.since)))
        self.since = now


def _length(ticket: links.Ticket) -> int:
    if ticket.payload is None:
        return 0
    return sum([max(len(payload), _LEAST_LENGTH) for payload in (ticket.payload, *ticket.further_payloads)])


def _count(ticket: links.Ticket) -> int:
    return 0 if ticket.payload is None else 1 + len(ticket.further_payloads)
