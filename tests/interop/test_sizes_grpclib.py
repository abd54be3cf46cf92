"""Large messages, and the limits on them, between ours and grpclib, both ways, in plaintext and over TLS."""

from __future__ import annotations

import pytest

from tests.interop.size_rules import SizeRules

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [("grpclib", "ours"), ("ours", "grpclib")]


class TestSizes(SizeRules):
    """The rules, between ours and grpclib."""
