"""The packages that are made for grpcio and written in plain Python, in a folder of their own, without grpcio.

They lie in ``.peers/companions-<python tag>-<hash of companions.txt>/`` under the repository's root. A program that
has that folder in its PYTHONPATH imports them, and they import whichever ``grpc`` it has.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from peers import environment, making

PACKAGES = Path(__file__).resolve().with_name("companions.txt")


class CompanionsUnavailable(Exception):
    """The packages are absent and cannot be installed; the text says what failed."""


def folder() -> Path:
    """Return the folder with the packages, installing them first when they are absent.

    Blocks for as long as that takes (some seconds, once), and while another process does the same. Safe from any
    thread and process.

    Raises:
        CompanionsUnavailable: they are absent and cannot be installed, for instance without network.
    """
    digest = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()[:12]
    found = environment.ROOT / ".peers" / f"companions-{sys.implementation.cache_tag}-{digest}"
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(found)]

    def make() -> None:
        making.step("pip", [sys.executable, *install, "--requirement", str(PACKAGES)])

    try:
        making.once(found, make)
    except making.StepFailed as error:
        raise CompanionsUnavailable(
            f"grpcio's companion packages could not be installed; pip does it while a package index is reachable. "
            f"The reason: {error}"
        ) from error
    return found
