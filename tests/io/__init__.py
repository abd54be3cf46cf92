"""Tests of `grpc._io`: sockets, TLS and the two drivers."""

import pytest

# The kit asserts outside of test modules; its failures should be as readable as theirs.
for _name in ("conformance", "conformance_ends", "conformance_tls", "talkers", "rigs"):
    pytest.register_assert_rewrite(f"tests.io.{_name}")
