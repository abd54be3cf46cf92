"""Calls that are cancelled or run out of time among the peers alone: what fails here is a peer's own fault."""

from __future__ import annotations

import pytest

from tests.interop.conversation import PLAINTEXT
from tests.interop.end_rules import EndRules

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

SECURITIES = [PLAINTEXT]
PAIRS = [("grpcio", "grpcio"), ("grpcio", "grpclib"), ("grpclib", "grpcio")]


class TestEnds(EndRules):
    """The rules, among the peers."""
