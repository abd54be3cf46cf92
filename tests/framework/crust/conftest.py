"""The sides that the tests of this package run over."""

from __future__ import annotations

from typing import Any, Iterator, List

import pytest

from tests.framework.crust import worlds


@pytest.fixture
def make_world() -> Iterator[worlds.MakeWorld]:
    """Makes worlds joined in memory, and closes them when the test is over."""
    made: List[worlds.World] = []

    def make(*args: Any, **kwargs: Any) -> worlds.World:
        made.append(worlds.in_memory(*args, **kwargs))
        return made[-1]

    yield make
    for world in made:
        world.close()
