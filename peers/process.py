"""One script in a process of its own, spoken to in JSON lines, and always reaped.

The script prints one JSON object a line and gets its orders the same way (``line_protocol`` is its side). Closing its
stdin tells it to end, which also happens by itself when this process dies, however it dies: no script outlives us by
more than the order it is working on.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence, Type

if TYPE_CHECKING:
    from types import TracebackType

Line = Dict[str, Any]

SCRIPTS = Path(__file__).resolve().parent

# A script that starts on a busy machine with cold caches, and one that closes connections: both take well under this.
START_TIMEOUT = 30.0
ANSWER_TIMEOUT = 20.0
STOP_TIMEOUT = 10.0
_LAST_MOMENT = 1.0


class ProcessError(Exception):
    """A script did not do what it was started for.

    Attributes:
        script: its file name.
        reason: what went wrong.
        stderr: what it had written there.
    """

    def __init__(self, script: str, reason: str, stderr: str) -> None:
        super().__init__(script, reason, stderr)
        self.script = script
        self.reason = reason
        self.stderr = stderr

    def __str__(self) -> str:
        said = self.stderr.strip() or "(nothing)"
        return f"{self.script} {self.reason}; on stderr it wrote:\n{said}"


class Process:
    """A running script. Use it as a context manager, or call ``close``; from one thread at a time.

    Leaving the ``with`` block normally ends the script and raises when it failed; leaving it by an exception kills the
    script, shows its stderr and lets the exception pass.
    """

    def __init__(
        self,
        python: Path,
        script: Path,
        arguments: Sequence[str] = (),
        python_path: Sequence[Path] = (),
        environment: Optional[Mapping[str, str]] = None,
    ) -> None:
        """Start ``script``.

        Args:
            python: the interpreter.
            script: run by path, so that its own folder is importable to it.
            arguments: passed to it.
            python_path: more folders to import from. The caller's PYTHONPATH is never inherited, it could show a
                peer's interpreter our package under the name of its own.
            environment: variables to set beside the inherited ones.
        """
        self.script = script.name
        variables = {**os.environ, **(environment or {})}
        variables["PYTHONPATH"] = os.pathsep.join(str(folder) for folder in python_path)
        # A file and not a pipe: nobody has to drain it for the script to go on.
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _reap
        try:
            self._process = subprocess.Popen(
                [str(python), str(script), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env=variables,
            )
        except OSError as error:
            self._stderr.close()
            raise ProcessError(self.script, f"could not be started: {error}", "") from error
        self._lines: queue.Queue[Optional[bytes]] = queue.Queue()
        # Reading in a thread is how a read gets a timeout on every platform.
        self._reader = threading.Thread(target=self._read, name=f"read {self.script}", daemon=True)
        self._reader.start()

    def __repr__(self) -> str:
        code = self._process.poll()
        state = "running" if code is None else f"ended with {code}"
        return f"<Process {self.script} pid {self._process.pid} {state}>"

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if kind is None:
            self.close()
            return
        if said := self.kill():
            print(f"{self.script} wrote on stderr:\n{said}", file=sys.stderr)

    def send(self, order: Mapping[str, Any]) -> None:
        """Give the script an order.

        Raises:
            ProcessError: it has ended.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._failure("ended before its order") from error

    def receive(self, timeout: float = ANSWER_TIMEOUT) -> Line:
        """Wait for the script's next line, at most ``timeout`` seconds.

        Raises:
            ProcessError: nothing came in time, the script ended, or it printed something that is no JSON object. The
                script is killed first.
        """
        try:
            text = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise self._failure(f"said nothing for {timeout:g} s") from None
        if text is None:
            raise self._failure("ended before its answer")
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict):
            raise self._failure(f"printed {text!r}, which is no JSON object")
        return line

    def ask(self, order: Mapping[str, Any], timeout: float = ANSWER_TIMEOUT) -> Line:
        """Give an order and wait for its answer; errors as ``send`` and ``receive``."""
        self.send(order)
        return self.receive(timeout)

    def close(self, timeout: float = STOP_TIMEOUT) -> None:
        """Let the script end by itself and reap it; it is killed when it takes more than ``timeout`` seconds.

        Raises:
            ProcessError: it had to be killed, or ended with an exit code other than 0. It is reaped all the same.
        """
        if self._stderr.closed:
            return
        self._close_stdin()
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._failure(f"did not end within {timeout:g} s of its stdin being closed") from None
        stderr = self._reap()
        if code:
            raise ProcessError(self.script, f"ended with exit code {code}", stderr)

    def kill(self) -> str:
        """End the script at once, reap it, and return what it wrote on stderr. May be called twice."""
        if self._stderr.closed:
            return ""
        self._process.kill()
        self._close_stdin()
        return self._reap()

    def _failure(self, reason: str) -> ProcessError:
        if reason.startswith("ended"):
            # Its pipes close a moment before it is gone; the exit code is worth that moment.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LAST_MOMENT)
        code = self._process.poll()
        if code:
            reason += f" (exit code {code})"
        return ProcessError(self.script, reason, self.kill())

    def _close_stdin(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it ended with an order unread
            self._process.stdin.close()

    def _reap(self) -> str:
        """Wait for the process, which has ended or was killed, and give back everything it held."""
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._stderr.seek(0)
        stderr = self._stderr.read().decode(errors="replace")
        self._stderr.close()
        return stderr

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            self._lines.put(text)
        self._lines.put(None)
