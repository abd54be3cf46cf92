"""``peers.environment``: a complete environment is used, a half-made one is not, and a failure says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peers import environment

if TYPE_CHECKING:
    from pathlib import Path


def test_a_complete_environment_is_used_without_making_anything(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "complete").touch()
    assert environment.ensure(folder, tmp_path / "absent").is_relative_to(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


# Makes something that looks like an environment, in no time; its pip notes that it was called.
_WORKING_VENV = """#!/bin/sh
mkdir -p "$3/bin"
printf '#!/bin/sh\\ntouch "$(dirname "$0")/installed"\\n' > "$3/bin/python"
chmod +x "$3/bin/python"
"""


def test_a_half_made_environment_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    working = tmp_path / "python"
    working.write_text(_WORKING_VENV)
    working.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(working))
    folder = tmp_path / "half-made"
    folder.mkdir()
    (folder / "left-over").touch()
    interpreter = environment.ensure(folder, tmp_path / "requirements.txt")
    assert interpreter.with_name("installed").exists()
    assert not (folder / "left-over").exists()


# Makes something that looks like an environment, but whose pip fails.
_FAILING_VENV = """#!/bin/sh
mkdir -p "$3/bin"
printf '#!/bin/sh\\necho ERROR: no-such-folder\\nexit 1\\n' > "$3/bin/python"
chmod +x "$3/bin/python"
"""


def test_an_environment_that_cannot_be_made_says_why_and_is_not_taken_for_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = tmp_path / "python"
    failing.write_text(_FAILING_VENV)
    failing.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(failing))
    for _ in range(2):
        with pytest.raises(
            environment.EnvironmentUnavailable, match=r"could not be made, .*pip ended with 1: .*no-such"
        ):
            environment.ensure(tmp_path / "made", tmp_path / "requirements.txt")


def test_the_folder_is_named_after_the_python_and_the_requirements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [environment.name()]
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("something-else\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", requirements)
    names.append(environment.name())
    monkeypatch.setattr("sys.implementation.cache_tag", "another-python")
    names.append(environment.name())
    assert len(set(names)) == 3
