"""Tests, laid out as the package is: `tests/a/test_b.py` is about `grpc/a/b.py`."""
