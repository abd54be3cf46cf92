"""A virtual environment for the peers, made once per Python and set of requirements.

It lies in ``.peers/<python tag>-<hash of requirements.txt>/`` under the repository's root. Two things keep a half-made
one from being used: only the process that holds the lock file makes or removes anything, and a stamp file is written
when everything else is in place. A folder without the stamp is what a killed process left; it is made anew. The
lock belongs to the operating system, so it goes away with its process.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = Path(__file__).resolve().with_name("requirements.txt")

_STAMP = "complete"
# Downloads of some ten megabytes on a slow line; past this something is stuck.
_MAKE_TIMEOUT = 240.0
# pip may say a lot; its reason stands in its last lines.
_SHOWN_LINES = 8


class EnvironmentUnavailable(Exception):
    """The peers' environment is absent and could not be made.

    Attributes:
        folder: where it was to be made.
        reason: what the failing step said.
    """

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the peers' environment {self.folder.name} could not be made, so nothing can be run against grpcio and "
            f"grpclib; 'python -m peers' makes it while a package index is reachable. The reason: {self.reason}"
        )


def python() -> Path:
    """Return the interpreter of the peers' environment, making the environment first when it is absent.

    Blocks for as long as that takes (some seconds to minutes, once), and while another process does the same. Safe
    from any thread and process.

    Raises:
        EnvironmentUnavailable: it is absent and cannot be made, for instance without network.
    """
    return ensure(ROOT / ".peers" / name(), REQUIREMENTS)


def name() -> str:
    """Return the folder's name: it changes with the Python and with the content of the requirements."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    return f"{sys.implementation.cache_tag}-{digest}"


def ensure(folder: Path, requirements: Path) -> Path:
    """Return the interpreter of the environment in ``folder``, made from ``requirements`` when not complete.

    Raises:
        EnvironmentUnavailable: it cannot be made.
    """
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    # The common case takes no lock: a stamp once seen stays.
    if not (folder / _STAMP).exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(folder.name + ".lock")):
            if not (folder / _STAMP).exists():
                _make(folder, interpreter, requirements)
    return interpreter


def _make(folder: Path, interpreter: Path, requirements: Path) -> None:
    """Make the environment; the caller holds the lock."""
    shutil.rmtree(folder, ignore_errors=True)
    _run(folder, [sys.executable, "-m", "venv", str(folder)])
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(requirements)]
    _run(folder, [str(interpreter), *install])
    (folder / _STAMP).touch()


def _run(folder: Path, command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=_MAKE_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise EnvironmentUnavailable(folder, f"{command[2]} took more than {_MAKE_TIMEOUT:.0f} s") from error
    except OSError as error:
        raise EnvironmentUnavailable(folder, str(error)) from error
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip().splitlines()[-_SHOWN_LINES:]
        raise EnvironmentUnavailable(folder, f"{command[2]} ended with {done.returncode}: " + " / ".join(said))


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on ``path``; waits for its turn."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
