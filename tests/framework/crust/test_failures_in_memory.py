"""The rules of failures, over two Ends that are joined to each other."""

from __future__ import annotations

from tests.framework.crust.failure_rules import FailureRules


class TestFailuresInMemory(FailureRules):
    """Every place where customers' code may raise."""
