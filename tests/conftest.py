"""What holds for every test: no thread is left behind, there is no proxy, and peers are there when they are needed."""

from __future__ import annotations

import gc
import os
import pathlib
import subprocess
import sys
import threading
import time
from typing import Collection, Iterator

import pytest

from grpc.framework.foundation import growing_pool

ROOT = pathlib.Path(__file__).resolve().parents[1]

_PATIENCE = 5.0  # seconds for all threads of one test together, so that a slow machine does not fail an innocent test


# A machine's proxy must not see what tests send to themselves, nor what processes do that they start.
for _name in ("grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy"):
    os.environ.pop(_name, None)


def _freeze() -> None:
    """Take what is there out of the collector's sight: many tests collect, each time all."""
    gc.collect()
    if hasattr(gc, "freeze"):  # PyPy has nothing of the kind
        gc.freeze()


def pytest_collection_finish() -> None:
    """What the tests are made of is there."""
    _freeze()


def _still_running(before: Collection[threading.Thread]) -> list[str]:
    """Wait for every thread that is not among `before`; the names of those that did not end, sorted."""
    deadline = time.monotonic() + _PATIENCE
    started = [thread for thread in threading.enumerate() if thread not in before]
    for thread in started:
        thread.join(max(0.0, deadline - time.monotonic()))
    return sorted(thread.name for thread in started if thread.is_alive())


@pytest.fixture(autouse=True, scope="session")
def _peers_are_made_meanwhile(request: pytest.FixtureRequest) -> Iterator[None]:
    """Install the peers, where they are absent, while the tests run that need none; the others wait for the rest.

    What fails of it fails again, with the reason, in the first test that needs a peer.
    """
    if not any(item.get_closest_marker("interop") for item in request.session.items):
        yield
        return
    command = [sys.executable, "-m", "peers", "--all"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, stdin=quiet, stdout=quiet, stderr=quiet):
        yield  # then it is waited for: killed, it would leave its pip behind, at work in a folder that nobody locks


@pytest.fixture(autouse=True, scope="module")
def _what_is_kept_of_a_module_is_frozen() -> Iterator[None]:
    """Reports of tests pile up, and would be looked at by each collection of a later one."""
    yield
    _freeze()


@pytest.fixture(autouse=True, scope="session")
def _idle_threads_leave_soon() -> Iterator[None]:
    """Pools keep threads for the next call; here there is none, and no test has to wait for them to go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(growing_pool, "_IDLE", 0.005)
        yield


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Fail a test whose threads outlive it: the library's own have names that begin with `grpc-`."""
    before = set(threading.enumerate())
    yield
    left = _still_running(before)
    if left:
        ours = [name for name in left if name.startswith("grpc-")]
        whose = "threads of grpc" if ours else "threads"
        pytest.fail(f"{whose} still alive {_PATIENCE:g} s after the test: {', '.join(ours or left)}", pytrace=False)
