"""Every example runs, says something, and ends quietly."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"

SAYS = {
    "hello.py": ["Hello, world!", "INVALID_ARGUMENT: a name is needed"],
    "streams.py": ["b'HELLO'", "[b'5', b'6', b'7']", "CANCELLED", "b'6'", "you said two", "DEADLINE_EXCEEDED"],
    "aio_chat.py": ["b'Ali: hello, Bea'", "ALREADY_EXISTS: there is a Ali", "the end: True", "Ali: CANCELLED"],
    "aio_shutdown.py": ["late client gets UNAVAILABLE", "b'done'", "is given up", "slow client gets UNAVAILABLE"],
    "interceptors.py": ["the server said: say the word", "b'come in, Ali'"],
    "typed_tour.py": ["READY", "OK 1 1", "PERMISSION_DENIED: not you", "OUT_OF_RANGE enough", "b'ab'", "[b'a', b'b']"],
}


def test_every_example_is_known_to_this_test() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SAYS)


@pytest.mark.parametrize("name", sorted(SAYS))
def test_it_runs_and_ends_quietly(name: str) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", str(EXAMPLES / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    for text in SAYS[name]:
        assert text in done.stdout
