"""The packages for peers that run on Node.js, installed once per lock file.

They lie in ``.peers/node-<hash of the lock file>/node_modules`` under the repository's root. A script finds them there
by ``NODE_PATH``, so that no folder of packages stands beside it in the checkout.
"""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from peers import environment, making

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = environment.ROOT / "tests" / "interop" / "js"

# What npm reads; a change of either is another set of packages.
_FILES = ("package.json", "package-lock.json")


class NodeUnavailable(Exception):
    """Scripts cannot be run on Node.js here; the text says what is missing and what to do."""


def program(name: str) -> str:
    """Return the path of ``node`` or ``npm``.

    Raises:
        NodeUnavailable: there is none.
    """
    path = shutil.which(name)
    if path is None:
        raise NodeUnavailable(f"there is no '{name}' here: install Node.js 18 or newer, with npm")
    return path


def modules(scripts: Path = SCRIPTS) -> Path:
    """Return the folder with the packages that ``scripts`` asks for, installing them first when they are absent.

    Blocks for as long as that takes (some seconds, once), and while another process does the same. Safe from any
    thread and process.

    Raises:
        NodeUnavailable: they are absent and cannot be installed, for instance without network.
    """
    folder = environment.ROOT / ".peers" / name(scripts)
    making_error = "the packages for Node.js could not be installed; npm does it while its registry is reachable"

    def make() -> None:
        folder.mkdir()
        for file in _FILES:
            shutil.copy(scripts / file, folder)
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        making.step("npm ci", [program("npm"), "ci", *quiet], folder)

    try:
        making.once(folder, make)
    except making.StepFailed as error:
        raise NodeUnavailable(f"{making_error}. The reason: {error}") from error
    return folder / "node_modules"


def name(scripts: Path) -> str:
    """Return the name of the folder: it changes with what is asked for."""
    digest = hashlib.sha256(b"".join((scripts / file).read_bytes() for file in _FILES)).hexdigest()[:12]
    return f"node-{digest}"
