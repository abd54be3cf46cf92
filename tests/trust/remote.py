"""`python -m tests.trust.remote`: a server in a process of its own; says its port, and ends with its standard input."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import Iterator

from tests.trust import programs, world


@contextlib.contextmanager
def server() -> Iterator[int]:
    """A server that runs meanwhile; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.trust.remote"],
        cwd=programs.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
            process.stdin.close()
            process.wait(world.LIMIT)
        finally:
            process.kill()


def main() -> None:
    """Serve."""
    running, port = world.serve(64)
    print(port, flush=True)
    sys.stdin.read()
    running.stop(None)


if __name__ == "__main__":
    main()
