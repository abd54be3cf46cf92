"""The register of what a forked process makes anew. Real forks are in `tests/trust` and `tests/io/threads`."""

from __future__ import annotations

import gc
import logging
import weakref
from typing import List, Optional

import pytest

from grpc.framework.foundation import forking


@pytest.fixture(autouse=True)
def _no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "_members", weakref.WeakValueDictionary())


class _Member(forking.Member):
    def __init__(self, name: str, told: List[str], fault: Optional[str] = None) -> None:
        self._name = name
        self._told = told
        self._fault = fault
        forking.register(self)

    def after_fork_in_child(self) -> forking.Report:
        self._told.append(f"{self._name} renews")
        if self._fault == "renewing":
            raise ValueError("mine")
        return self._report

    def _report(self) -> None:
        self._told.append(f"{self._name} goes on")
        if self._fault == "going on":
            raise ValueError("mine")


def test_all_make_their_locks_anew_before_the_first_goes_on_and_the_uppermost_is_first() -> None:
    told: List[str] = []
    members = [_Member("beneath", told), _Member("above", told)]
    forking._after_fork_in_child()
    assert told == ["above renews", "beneath renews", "above goes on", "beneath goes on"]
    assert len(members) == 2


@pytest.mark.parametrize("fault", ["renewing", "going on"])
def test_one_that_raises_is_logged_and_keeps_none_of_the_others(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    told: List[str] = []
    members = [_Member("one", told), _Member("broken", told, fault), _Member("two", told)]
    with caplog.at_level(logging.ERROR):
        forking._after_fork_in_child()
    assert [line for line in told if "broken" not in line] == [
        "two renews", "one renews", "two goes on", "one goes on",
    ]  # fmt: skip
    assert [record.getMessage() for record in caplog.records] == ["Something could not be made anew after a fork"]
    assert len(members) == 3


def test_the_register_keeps_nobody_alive() -> None:
    told: List[str] = []
    _Member("gone", told)
    gc.collect()
    forking._after_fork_in_child()
    assert told == []
