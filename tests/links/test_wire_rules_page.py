"""`docs/wire-rules.md` names tests that exist."""

from __future__ import annotations

import ast
import pathlib
import re
from typing import List, Set

import pytest

_TESTS = pathlib.Path(__file__).resolve().parents[1]
_PAGE = _TESTS.parent / "docs" / "wire-rules.md"
_REFERENCES = sorted(set(re.findall(r"`([a-z0-9_/]+\.py(?:::\w+)?)`", _PAGE.read_text(encoding="utf-8"))))


def _rows() -> List[str]:
    lines = _PAGE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("|") and line not in ("| Rule | Test |", "|---|---|")]


def _names(path: pathlib.Path) -> Set[str]:
    """The classes and the tests of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


@pytest.mark.parametrize("reference", [name for name in _REFERENCES if not name.startswith("tests/")])
def test_a_test_that_is_named_exists(reference: str) -> None:
    path, _, name = reference.partition("::")
    assert (_TESTS / path).is_file()
    assert not name or name in _names(_TESTS / path)


def test_a_rule_without_a_test_says_that_it_is_not_kept() -> None:
    for row in _rows():
        rule, tests = row.strip("| ").split(" | ") if " | " in row.strip("| ") else (row.strip("| "), "")
        assert tests or "not built" in rule or "nothing here" in rule, row


def test_there_are_about_as_many_rules_as_there_were() -> None:
    assert len(_rows()) > 80
