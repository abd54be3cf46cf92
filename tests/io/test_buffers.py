"""Buffers are used again, by one user at a time, and few are kept."""

from __future__ import annotations

from typing import List

import pytest

from grpc._io import buffers


@pytest.fixture(autouse=True)
def spare(monkeypatch: pytest.MonkeyPatch) -> List[memoryview]:
    """The spare ones, none at first."""
    kept: List[memoryview] = []
    monkeypatch.setattr(buffers, "_spare", kept)
    return kept


def test_whoever_finds_none_gets_a_new_one_of_the_size() -> None:
    first, second = buffers.take(), buffers.take()
    assert (len(first), len(second)) == (buffers.SIZE, buffers.SIZE)
    first[:1] = b"1"
    assert second[:1] != b"1"


def test_one_that_was_given_back_is_used_again() -> None:
    buffer = buffers.take()
    buffers.give_back(buffer)
    assert buffers.take() is buffer
    assert buffers.take() is not buffer


def test_few_are_kept(spare: List[memoryview]) -> None:
    for buffer in [buffers.take() for _ in range(buffers._MOST_SPARE + 3)]:
        buffers.give_back(buffer)
    assert len(spare) == buffers._MOST_SPARE
