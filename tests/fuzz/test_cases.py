"""Scripts that once broke something, or were written to: each lives on, and every invariant holds."""

from __future__ import annotations

import pathlib

import pytest

from tests.fuzz import script, target

CASES = sorted((pathlib.Path(__file__).parent / "cases").glob("*.txt"))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_every_invariant_holds(path: pathlib.Path) -> None:
    target.live(script.decode_script(path.read_text(encoding="ascii")))
