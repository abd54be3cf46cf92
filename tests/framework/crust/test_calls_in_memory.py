"""The rules of calls and of their ends, over two Ends that are joined to each other."""

from __future__ import annotations

from tests.framework.crust.call_rules import CallRules
from tests.framework.crust.ending_rules import EndingRules, release

__all__ = ["release"]


class TestCallsInMemory(CallRules):
    """Every shape, style and stub."""


class TestEndsInMemory(EndingRules):
    """Every way to end, at every point."""
