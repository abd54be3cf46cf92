"""What holds for every test here: it leaves no descriptor open."""

from __future__ import annotations

import threading
from typing import Iterator

import pytest

from tests.io.threads.rig import Rig, open_descriptors


@pytest.fixture(autouse=True)
def _no_descriptor_is_left() -> Iterator[None]:
    before = open_descriptors()
    yield
    pause = threading.Event()
    for _ in range(1000):  # a thread that has just woken another one may be about to let go of what it did that with
        after = open_descriptors()
        if len(after) <= len(before):
            return
        pause.wait(0.001)
    pytest.fail(f"descriptors left open: {[entry for entry in after if entry not in before]}", pytrace=False)


@pytest.fixture
def rig(_no_descriptor_is_left: None) -> Iterator[Rig]:
    """A reactor with the real clock."""
    rig = Rig()
    yield rig
    rig.close()
