"""What callers of every kind do before a call: they plan it, and enter it in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict

from tests.faults import service
from tests.faults.plans import Shape, Styles, make_plan

if TYPE_CHECKING:
    import random

    from tests.faults.ledger import Entry, Ledger


class Planner:
    """A caller, but for the calls."""

    def __init__(self, channel: Any, ledger: Ledger, dice: random.Random, name: str, first: int) -> None:
        """Make a caller.

        Args:
          channel: Where to call; of any API.
          ledger: Where to say what happens.
          dice: The caller's own.
          name: For the names of calls; what stands before the first `-` is the kind of caller.
          first: The number of its first call; those that follow are counted up.
        """
        self._ledger = ledger
        self._dice = dice
        self._name = name
        self._next = first
        self._made = 0
        self._methods: Dict[Shape, Any] = {
            Shape.UNARY_UNARY: channel.unary_unary(service.path(Shape.UNARY_UNARY)),
            Shape.UNARY_STREAM: channel.unary_stream(service.path(Shape.UNARY_STREAM)),
            Shape.STREAM_UNARY: channel.stream_unary(service.path(Shape.STREAM_UNARY)),
            Shape.STREAM_STREAM: channel.stream_stream(service.path(Shape.STREAM_STREAM)),
        }

    def begin(self, styles: Styles, **changes: Any) -> Entry:
        """Plan the next call."""
        plan = make_plan(self._dice, self._next, f"{self._name} call {self._made}", styles)
        self._next += 1
        self._made += 1
        return self._ledger.begin(plan._replace(**changes))
