"""A command in a process of its own, read line by line, which ends with us however we end.

``leash`` stands between: it ends the command when its own stdin closes.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping, Optional, Sequence, Type

if TYPE_CHECKING:
    from types import TracebackType

_LEASH = Path(__file__).resolve().with_name("leash.py")
# The leash itself waits some seconds before it kills.
_CLOSE_TIMEOUT = 10.0
_SHOWN_LINES = 12

# How a peer's interpreter could take our package for its own.
_NOT_INHERITED = ("PYTHONPATH", "PYTHONHOME", "NODE_PATH", "NODE_OPTIONS")


class ChildError(Exception):
    """A command did not do what it was started for; the text says what, and how its stderr ends."""


class Child:
    """A running command. A context manager; used from one thread at a time."""

    def __init__(
        self,
        command: Sequence[str],
        variables: Optional[Mapping[str, str]] = None,
        descriptors: Sequence[int] = (),
        folder: Optional[Path] = None,
    ) -> None:
        """Start it.

        Args:
            command: a program and its arguments.
            variables: of its environment, beside the inherited ones.
            descriptors: open files to hand over, under the same numbers.
            folder: where it runs; the current folder if None.
        """
        self.name = Path(command[0]).name
        inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
        # A file and not a pipe: nobody has to drain it for the command to go on.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            # without site-packages, as it starts faster so
            [sys.executable, "-I", "-S", str(_LEASH), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**inherited, **(variables or {})},
            pass_fds=tuple(descriptors),
            cwd=folder,
        )
        self._lines: queue.Queue[Optional[bytes]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name=f"read {self.name}", daemon=True)
        self._reader.start()

    def __repr__(self) -> str:
        return f"<Child {self.name} {'closed' if self._stderr.closed else 'open'}>"

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def objects(self, timeout: float) -> Iterator[Dict[str, Any]]:
        """The JSON objects that it prints, one a line, until its stdout closes.

        Raises:
            ChildError: it takes more than ``timeout`` seconds in all, or prints something else.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                text = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise self.failure(f"was not done within {timeout:g} s") from None
            if text is None:
                return
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            if not isinstance(line, dict):
                raise self.failure(f"printed {text!r}, which is no JSON object")
            yield line

    def first(self, wanted: str, timeout: float) -> Dict[str, Any]:
        """The first object with a member of this name.

        Raises:
            ChildError: there is none in time.
        """
        for line in self.objects(timeout):
            if wanted in line:
                return line
        raise self.failure(f"ended and never said its {wanted}")

    def close(self) -> str:
        """End it and wait for that; what it wrote on stderr. May be called again, and says nothing then."""
        if self._stderr.closed:
            return ""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_CLOSE_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace")
        self._stderr.close()
        return said

    def check(self) -> None:
        """Go on only if it still runs.

        Raises:
            ChildError: it has ended.
        """
        if self._process.poll() is not None:
            raise self.failure("ended")

    def failure(self, reason: str) -> ChildError:
        """The error for one that did not do what it should; ends it first."""
        said = self.close().strip().splitlines()[-_SHOWN_LINES:]
        return ChildError(f"{self.name} {reason}; on stderr it wrote: {' / '.join(said) or '(nothing)'}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self._lines.put(text)
        self._lines.put(None)
