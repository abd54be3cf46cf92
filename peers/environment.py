"""A virtual environment for the peers in Python, made once per Python and set of requirements.

It lies in ``.peers/<python tag>-<hash of requirements.txt>/`` under the repository's root.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from peers import making

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = Path(__file__).resolve().with_name("requirements.txt")


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

    def make() -> None:
        making.step("venv", [sys.executable, "-m", "venv", str(folder)])
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", str(requirements)]
        making.step("pip", [str(interpreter), *install])

    try:
        making.once(folder, make)
    except making.StepFailed as error:
        raise EnvironmentUnavailable(folder, str(error)) from error
    return interpreter
