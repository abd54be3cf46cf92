"""The environment of those who were given none."""

from __future__ import annotations

import _thread
import threading
from typing import Any, Tuple

import pytest

from grpc.framework.foundation import environment

TIMEOUT = 20.0


def test_what_a_finalizer_wants_done_is_done_in_another_thread() -> None:
    threads: list[int] = []
    done = threading.Event()

    def act() -> None:
        threads.append(threading.get_ident())
        done.set()

    environment.default().call_from_finalizer(act)
    assert done.wait(TIMEOUT)
    assert threads != [threading.get_ident()]


def test_at_the_interpreters_end_it_is_not_done_and_nothing_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(function: Any, arguments: Tuple[Any, ...]) -> int:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    environment.default().call_from_finalizer(pytest.fail)
