"""What people read of an error."""

from __future__ import annotations

from typing import Optional

import pytest

from grpc._io.aio import _words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, "the connection was closed"),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (RuntimeError("so it is"), "so it is"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_it_is_the_systems_words_or_the_errors_own_or_its_name(error: Optional[Exception], words: str) -> None:
    assert _words.what_happened(error) == words
