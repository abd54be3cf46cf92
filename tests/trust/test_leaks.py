"""Connects and disconnects leave nothing behind: `python -m tests.trust --full` makes ten thousand of each."""

from __future__ import annotations

import collections
import subprocess
import sys

import pytest

from tests.trust import churn, programs, scenarios

pytestmark = pytest.mark.slow

_ROUNDS = 20

_CLIENTS = [name for name in scenarios.SCENARIOS if "raw" not in name and not name.startswith("aio")]
_AIO_CLIENTS = [name for name in scenarios.SCENARIOS if "raw" not in name and name.startswith("aio")]
_RAW = [name for name in scenarios.SCENARIOS if "raw" in name]


@pytest.mark.parametrize("names", [_CLIENTS, _AIO_CLIENTS, _RAW], ids=["clients", "aio clients", "raw connects"])
def test_nothing_is_left_of(names: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.trust", "--here", "--count", str(_ROUNDS), *names],
        cwd=programs.ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    assert len(ended.stdout.splitlines()) == len(names)


def test_what_is_left_is_noticed() -> None:
    few = churn.Standing(5, ["MainThread"], 1, 0, 1_000_000, collections.Counter({"grpc.A": 2}))
    many = churn.Standing(6, ["MainThread", "other"], 2, 301, 1_150_001, collections.Counter({"grpc.A": 11}))
    assert churn.complaints(few, few) == []
    assert churn.complaints(few, many) == [
        "1 descriptors",
        "threads ['other']",
        "1 tasks",
        "301 timers",
        "150001 bytes",
        "9 objects of grpc.A",
    ]
