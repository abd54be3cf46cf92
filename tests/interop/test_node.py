"""``peers.node``: packages are installed once per lock file, and a failure says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peers import environment, node

if TYPE_CHECKING:
    from pathlib import Path

# Installs by making a folder; fails where the lock file says so.
_NPM = """#!/bin/sh
echo "$@" >>"$(dirname "$0")/calls"
if grep -q broken package-lock.json; then echo 'npm error: no such package'; exit 1; fi
mkdir node_modules
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for packages, and a fake npm; returns what that is called with."""
    program = tmp_path / "npm"
    program.write_text(_NPM)
    program.chmod(0o755)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: str(program) if name == "npm" else None)
    return tmp_path / "calls"


def _scripts(folder: Path, lock: str) -> Path:
    folder.mkdir()
    (folder / "package.json").write_text("{}")
    (folder / "package-lock.json").write_text(lock)
    return folder


def test_packages_are_installed_once(npm: Path, tmp_path: Path) -> None:
    scripts = _scripts(tmp_path / "scripts", "a")
    assert node.modules(scripts) == node.modules(scripts)
    assert node.modules(scripts).is_dir()
    assert len(npm.read_text().splitlines()) == 1


def test_nothing_that_packages_bring_is_run_while_they_are_installed(npm: Path, tmp_path: Path) -> None:
    node.modules(_scripts(tmp_path / "scripts", "a"))
    assert npm.read_text().startswith("ci --ignore-scripts ")


def test_another_lock_file_has_a_folder_of_its_own(npm: Path, tmp_path: Path) -> None:
    assert node.modules(_scripts(tmp_path / "one", "a")) != node.modules(_scripts(tmp_path / "two", "b"))


def test_a_failure_says_what_npm_said_and_is_tried_again(npm: Path, tmp_path: Path) -> None:
    scripts = _scripts(tmp_path / "scripts", "broken")
    for _ in range(2):
        with pytest.raises(node.NodeUnavailable, match=r"npm ci ended with 1: npm error: no such package"):
            node.modules(scripts)


def test_without_npm_it_says_what_to_install(npm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(node.NodeUnavailable, match="there is no 'npm' here: install Node"):
        node.modules(_scripts(tmp_path / "scripts", "a"))
