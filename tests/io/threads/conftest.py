"""What holds for every test here: it leaves no descriptor open."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.io.threads.rig import Rig, open_descriptors


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    before = open_descriptors()
    yield
    after = open_descriptors()
    assert len(after) <= len(before), f"descriptors left open: {[entry for entry in after if entry not in before]}"


@pytest.fixture
def rig(_no_descriptor_is_left: None) -> Iterator[Rig]:
    """A reactor with the real clock."""
    rig = Rig()
    yield rig
    rig.close()
