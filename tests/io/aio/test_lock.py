"""What stands for a lock where there is one thread."""

from __future__ import annotations

import threading
from typing import List

import pytest

from grpc._io.aio import _lock


def test_it_can_be_taken_again_and_again() -> None:
    for lock in (_lock.NO_LOCK, _lock.CheckingLock()):
        with lock, lock:
            pass


def test_the_checking_one_refuses_another_thread() -> None:
    lock = _lock.CheckingLock()
    refused: List[str] = []

    def trespass() -> None:
        with pytest.raises(RuntimeError, match="call_soon_threadsafe") as raised:
            lock.__enter__()
        refused.append(str(raised.value))

    thread = threading.Thread(target=trespass)
    thread.start()
    thread.join()
    assert len(refused) == 1
