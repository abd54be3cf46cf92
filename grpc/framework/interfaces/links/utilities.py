"""Joints for links: one that leads nowhere, one that lets somebody watch, and joining itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Callable, Final

from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc.framework.interfaces.links.links import Link, Ticket

_LOGGER = logging.getLogger(__name__)


class _NullLink(links.Link):
    """Takes everything and says nothing."""

    __slots__ = ()

    def accept_ticket(self, ticket: Ticket) -> None:
        pass

    def join_link(self, link: Link) -> None:
        pass

    def __repr__(self) -> str:
        return "NULL_LINK"


NULL_LINK: Final[Link] = _NullLink()
"""The link that drops each ticket: the mate of a link that is not joined yet, or no longer."""


class _Tap(links.Link):
    """Shows tickets to an observer on their way to a link."""

    __slots__ = ("_link", "_observer")

    def __init__(self, link: Link, observer: Callable[[Ticket], None]) -> None:
        self._link = link
        self._observer = observer

    def accept_ticket(self, ticket: Ticket) -> None:
        try:
            self._observer(ticket)
        except Exception:  # customer code: watching must not change what is watched
            _LOGGER.exception("The observer of a tap raised; the ticket travels on: %r", ticket)
        self._link.accept_ticket(ticket)

    def join_link(self, link: Link) -> None:
        self._link.join_link(link)

    def __repr__(self) -> str:
        return f"tap({self._link!r}, {self._observer!r})"


def tap(link: Link, observer: Callable[[Ticket], None]) -> Link:
    """Makes a link that stands before another and shows each ticket that passes.

    Only tickets *to* `link` pass the tap; what `link` itself says goes straight to its mate. To
    watch both directions put a tap before each of the two: `join(tap(a, see), tap(b, see))`.

    Args:
        link: the link for which the tap stands in. It gets every ticket, unchanged.
        observer: called with each ticket before `link` gets it, in the thread that brought it,
            hence possibly by several threads at once. It should return soon. If it raises, the
            error is logged and the ticket travels on.

    Returns:
        The link to use instead of `link` when joining.
    """
    return _Tap(link, observer)


def join(invocation_end: Link, service_end: Link) -> None:
    """Mates two links: from now on each passes its tickets to the other.

    Args:
        invocation_end: the link from which operations are invoked.
        service_end: the link on which they are served. It is told of its mate first, so that it
            can answer the very first ticket.
    """
    service_end.join_link(invocation_end)
    invocation_end.join_link(service_end)
