"""Our client and server against other implementations, each in processes of its own (see ``peers``)."""

import pytest

# Their asserts are to explain themselves like those of the test modules.
for _rules in ("unary_rules", "stream_rules", "end_rules", "size_rules", "conversation"):
    pytest.register_assert_rewrite(f"tests.interop.{_rules}")
