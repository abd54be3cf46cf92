"""A folder made once and used often: whole or absent, whichever process makes it and whenever that is killed.

Two things keep a half-made folder from being used: only the process that holds the lock file makes or removes
anything, and a stamp file is written when everything else is in place. A folder without the stamp is what a killed
process left; it is made anew. The lock belongs to the operating system, so it goes away with its process.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
from typing import TYPE_CHECKING, Callable, Iterator, Mapping, Optional, Sequence

if TYPE_CHECKING:
    from pathlib import Path

_STAMP = "complete"
# Downloads of some ten megabytes on a slow line; past this something is stuck.
_STEP_TIMEOUT = 240.0
# An installer may say a lot; its reason stands in its last lines.
_SHOWN_LINES = 8


class StepFailed(Exception):
    """A command that had to succeed did not; the text says which, and what it said last."""


def once(folder: Path, make: Callable[[], None]) -> None:
    """Call ``make`` to make ``folder``, unless it is complete already; what ``make`` raises passes.

    Blocks while another process makes the same folder. Safe from any thread and process.
    """
    # The common case takes no lock: a stamp once seen stays.
    if (folder / _STAMP).exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(folder.name + ".lock")):
        if not (folder / _STAMP).exists():
            shutil.rmtree(folder, ignore_errors=True)
            make()
            (folder / _STAMP).touch()


def step(
    name: str,
    command: Sequence[str],
    folder: Optional[Path] = None,
    environment: Optional[Mapping[str, str]] = None,
) -> None:
    """Run a command in ``folder`` (the current one if None) and wait for it, at most some minutes.

    Args:
        name: what the command is called in an error.
        command: a program and its arguments.
        folder: where to run it.
        environment: all its variables; the inherited ones if None.

    Raises:
        StepFailed: it could not be started, took too long, or ended with another exit code than 0.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_STEP_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailed(f"{name} took more than {_STEP_TIMEOUT:.0f} s") from error
    except OSError as error:
        raise StepFailed(str(error)) from error
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
        raise StepFailed(f"{name} ended with {done.returncode}: " + " / ".join(said))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; waits for its turn."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
