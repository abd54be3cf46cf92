"""Calls that are cancelled or run out of time between ours and grpclib, both ways, in plaintext and over TLS."""

from __future__ import annotations

import pytest

from tests.interop.end_rules import EndRules

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [("grpclib", "ours"), ("ours", "grpclib"), ("grpclib", "ours-aio"), ("ours-aio", "grpclib")]


class TestEnds(EndRules):
    """The rules, between ours and grpclib."""
