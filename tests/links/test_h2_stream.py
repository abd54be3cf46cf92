"""The stream in one object has all that h2's three have."""

from __future__ import annotations

from typing import Any

import h2.stream
import pytest
from h2.stream import H2Stream
from h2.windows import WindowManager

from grpc._links._h2_stream import TunedStream, can_merge
from tests.links.h2_twin import configuration


def test_merges_the_classes_of_the_installed_h2() -> None:
    assert can_merge()


def test_new_stream_has_the_values_of_h2s() -> None:
    config = configuration(True)
    plain, tuned = H2Stream(1, config, 10, 20), TunedStream(1, config, 10, 20, 30)
    plain.max_outbound_frame_size = 30
    for name in set(vars(plain)) - {"state_machine", "_inbound_window_manager"}:
        assert getattr(tuned, name) == getattr(plain, name)
    for part in ("state_machine", "_inbound_window_manager"):
        assert getattr(tuned, part) is tuned
        for name, value in vars(getattr(plain, part)).items():
            assert getattr(tuned, name) == value


def test_names_its_state() -> None:
    assert repr(TunedStream(7, configuration(True), 1, 1, 1)).startswith("<TunedStream id:7 state:")


@pytest.mark.parametrize(("owner", "name"), [(WindowManager, "request_sent"), (H2Stream, "process_input")])
def test_does_not_merge_classes_that_share_a_name(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    monkeypatch.setattr(owner, name, lambda self: None, raising=False)
    assert not can_merge()


def test_does_not_merge_with_an_attribute_that_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(WindowManager):
        def __init__(self, size: int) -> None:
            super().__init__(size)
            self.novelty = 1

    monkeypatch.setattr(h2.stream, "WindowManager", Other)
    assert not can_merge()
