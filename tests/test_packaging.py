"""What is shipped: the distribution's declaration, the README's commands, and the guard against grpcio's files."""

from __future__ import annotations

import configparser
import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from grpc import _collision, _version

ROOT = pathlib.Path(__file__).resolve().parent.parent


def _setup() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def _names(requirements: str) -> set[str]:
    """The distributions that a list of requirements names."""
    return {re.split(r"[^\w.\-]", line, maxsplit=1)[0] for line in requirements.split("\n") if line}


def _marked(marker: str) -> str:
    """The README's one command beneath a marker comment."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (command,) = re.findall(rf"<!-- {marker} -->\n+```\w*\n([^\n]+)\n```", readme)
    return command


# ------------------------------------------------------------ the declaration


def test_the_only_requirements_at_run_time_are_protobuf_and_h2() -> None:
    assert _names(_setup()["options"]["install_requires"]) == {"protobuf", "h2"}


def test_the_development_extra_brings_the_test_extra_along() -> None:
    assert "layered-grpc[test]" in _setup()["options.extras_require"]["dev"].splitlines()


def test_what_the_dns_extra_brings_is_tested() -> None:
    extras = _setup()["options.extras_require"]
    assert _names(extras["dns"]) == {"dnspython"}
    assert "layered-grpc[dns]" in extras["test"].splitlines()


def test_the_version_is_stated_in_one_place() -> None:
    assert _setup()["metadata"]["version"] == "attr: grpc._version.__version__"
    assert importlib.import_module("grpc").__version__ == _version.__version__


def test_the_changelog_has_a_section_for_the_version() -> None:
    assert f"## {_version.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_package_ships_its_type_marker() -> None:
    assert (ROOT / "grpc" / "py.typed").exists()
    assert "py.typed" in _setup()["options.package_data"]["grpc"].split()


def test_the_licence_is_there_in_full() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


# ------------------------------------------------------------ the README's commands and the check of everything


def test_the_readme_has_one_line_for_the_demo() -> None:
    assert _marked("demo-command") == (
        "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/python -m grpc demo"
    )


def test_the_readme_has_one_line_for_the_tests() -> None:
    assert _marked("test-command") == (
        "python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/python -m pytest"
    )


def test_the_check_of_everything_takes_its_test_command_from_the_readme() -> None:
    process = subprocess.run(
        [str(ROOT / ".ci" / "run"), "--print-test-command"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == _marked("test-command") + "\n"


def test_the_check_of_everything_can_be_started() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def _examples() -> list[tuple[str, str]]:
    """The README's programs, each with what it says that they print."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    programs = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", readme, flags=re.DOTALL)
    assert len(programs) == readme.count("```python") > 0
    return programs


@pytest.mark.slow
@pytest.mark.parametrize(("program", "printed"), _examples(), ids=["bytes", "protobuf"])
def test_a_program_of_the_readme_prints_what_the_readme_says(program: str, printed: str) -> None:
    process = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (process.stdout, process.stderr) == (printed, "")


# ------------------------------------------------------------ grpcio in the same folder


def _import_a_copy(folder: pathlib.Path, *foreign: str) -> subprocess.CompletedProcess[str]:
    """Import a copy of our package into which the files `foreign` were put; a trailing slash makes a folder."""
    package = folder / "grpc"
    shutil.copytree(ROOT / "grpc", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in foreign:
        path = package / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("", encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", "import grpc; print(grpc.__file__)"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("foreign", ["_cython/cygrpc.so", "_plugin_wrapping.py"])
def test_files_of_grpcio_in_our_folder_fail_the_import_with_one_sentence(tmp_path: pathlib.Path, foreign: str) -> None:
    process = _import_a_copy(tmp_path, foreign)
    (name,) = [name for name in ("_cython", "_plugin_wrapping.py") if foreign.startswith(name)]
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1] == (
        f"ImportError: layered-grpc and grpcio are both installed in {tmp_path / 'grpc'} ('{name}' there belongs to "
        "grpcio) and have overwritten each other's files: run 'pip uninstall grpcio layered-grpc', then install the "
        "one you want in a fresh environment."
    )


@pytest.mark.slow
def test_a_copy_without_files_of_grpcio_is_imported(tmp_path: pathlib.Path) -> None:
    process = _import_a_copy(tmp_path)
    assert process.stderr == ""
    assert process.stdout.strip() == str(tmp_path / "grpc" / "__init__.py")


def test_none_of_our_own_files_is_taken_for_one_of_grpcio() -> None:
    _collision.check()
