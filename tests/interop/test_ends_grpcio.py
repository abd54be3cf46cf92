"""Calls that are cancelled or run out of time between ours and grpcio, both ways, in plaintext and over TLS."""

from __future__ import annotations

import pytest

from tests.interop.end_rules import EndRules

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [
    ("grpcio", "ours"),
    ("ours", "grpcio"),
    ("grpcio", "ours-aio"),
    ("ours-aio", "grpcio"),
    ("grpcio-aio", "ours"),
    ("ours", "grpcio-aio"),
]


class TestEnds(EndRules):
    """The rules, between ours and grpcio."""
