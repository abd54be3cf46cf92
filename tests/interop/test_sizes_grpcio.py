"""Large messages, and the limits on them, between ours and grpcio, both ways, in plaintext and over TLS."""

from __future__ import annotations

import pytest

from tests.interop.size_rules import SizeRules

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [("grpcio", "ours"), ("ours", "grpcio"), ("grpcio", "ours-aio"), ("ours-aio", "grpcio")]


class TestSizes(SizeRules):
    """The rules, between ours and grpcio."""
