"""A server in a process of its own, one for each module that wants it."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.trust import remote


@pytest.fixture(scope="module", name="port")
def _port() -> Iterator[int]:
    """The port of a server that outlives the programs."""
    with remote.server() as port:
        yield port
