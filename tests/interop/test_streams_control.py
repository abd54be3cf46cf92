"""The same calls of all shapes among the peers alone: a rule that fails here is wrong, or is a peer's own fault."""

from __future__ import annotations

import pytest

from tests.interop.conversation import PLAINTEXT
from tests.interop.stream_rules import StreamRules

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

SECURITIES = [PLAINTEXT]
PAIRS = [("grpcio", "grpcio"), ("grpclib", "grpcio"), ("grpcio", "grpclib")]


class TestStreams(StreamRules):
    """The rules, among the peers."""
