"""Unary calls between ours and grpcio, in both directions."""

from __future__ import annotations

import pytest

from tests.interop.unary_rules import UnaryRules

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [("grpcio", "ours"), ("ours", "grpcio")]


class TestUnary(UnaryRules):
    """The rules, between ours and grpcio."""
