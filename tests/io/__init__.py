"""Tests of `grpc._io`: sockets, TLS and the two drivers."""

import pytest

# The kit asserts outside of test modules; its failures should be as readable as theirs.
pytest.register_assert_rewrite("tests.io.conformance", "tests.io.conformance_ends", "tests.io.conformance_tls", "tests.io.talkers", "tests.io.rigs")
