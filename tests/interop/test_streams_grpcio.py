"""Calls of all shapes between ours and grpcio, in both directions, in plaintext and over TLS."""

from __future__ import annotations

import pytest

from tests.interop.stream_rules import StreamRules

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


class TestStreams(StreamRules):
    """The rules, between ours and grpcio."""
