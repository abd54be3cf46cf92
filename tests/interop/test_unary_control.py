"""The same unary calls among the peers alone: a rule that fails here is wrong, or is a peer's own fault."""

from __future__ import annotations

import pytest

from tests.interop.unary_rules import UnaryRules

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [("grpcio", "grpcio"), ("grpcio", "grpclib"), ("grpclib", "grpcio")]


class TestUnary(UnaryRules):
    """The rules, among the peers."""
