"""Our client and server against other implementations, each in processes of its own (see ``peers``)."""

import pytest

# Its asserts are to explain themselves like those of the test modules.
pytest.register_assert_rewrite("tests.interop.unary_rules")
