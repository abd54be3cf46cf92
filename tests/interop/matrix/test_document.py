"""``document``: what stands in a cell, and that a document says nothing of the machine it was made on."""

from __future__ import annotations

from typing import Dict

import pytest

from tests.interop.matrix import document
from tests.interop.matrix.results import FAILED, NOT_RUN, PASSED, Verdict

_PASSED = Verdict(PASSED)
_FAILED = Verdict(FAILED, "/home/somebody/script.py said nothing for 90 s")
_ABSENT = Verdict(NOT_RUN, "there is no 'node' here")


def _filled(**runs: Dict[str, Verdict]) -> document.Filled:
    """A section with one case in one column."""
    verdicts = {name: {"empty": verdict} for name, verdict in runs["of"].items()}
    return document.Filled("A title", "What it is.", {"empty": "no bytes"}, {"ours → theirs": verdicts})


def _document(plaintext: Verdict, tls: Verdict) -> str:
    section = _filled(of={document.PLAINTEXT: plaintext, document.TLS: tls})
    return document.document([section], {"etcd": "3.4"})


def _row(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("| `empty`"))


@pytest.mark.parametrize(
    ("plaintext", "tls", "cell"),
    [
        (_PASSED, _PASSED, "passed"),
        (_FAILED, _FAILED, "**failed**"),
        (_ABSENT, _ABSENT, "not run [1]"),
        (_PASSED, _FAILED, "plaintext: passed, TLS: **failed**"),
        (_PASSED, _ABSENT, "plaintext: passed, TLS: not run [1]"),
        (_ABSENT, Verdict(NOT_RUN, "another reason"), "plaintext: not run [1], TLS: not run [2]"),
    ],
)
def test_a_cell_has_one_word_where_plaintext_and_tls_agree_and_else_both(
    plaintext: Verdict, tls: Verdict, cell: str
) -> None:
    assert _row(_document(plaintext, tls)) == f"| `empty` | no bytes | {cell} |"


def test_the_reason_for_what_was_not_run_is_a_note() -> None:
    assert _document(_PASSED, _ABSENT).endswith("## Notes\n\n1. there is no 'node' here\n")


def test_a_reason_is_noted_once() -> None:
    section = _filled(of={document.PLAINTEXT: _ABSENT, document.TLS: _ABSENT})
    assert document.document([section, section], {}).count("there is no 'node' here") == 1


def test_a_document_without_reasons_has_no_notes() -> None:
    assert "Notes" not in _document(_PASSED, _PASSED)


def test_what_a_failure_said_is_left_to_the_command() -> None:
    assert "/home/somebody" not in _document(_FAILED, _FAILED)


def test_what_the_machine_said_of_something_absent_is_left_out() -> None:
    absent = Verdict(NOT_RUN, "it could not be made. The reason: /home/somebody is full")
    assert _document(absent, absent).endswith("1. it could not be made.\n")


def test_each_section_has_its_counts() -> None:
    assert "What it is. 1 passed, 0 failed, 1 not run." in _document(_PASSED, _ABSENT)


def test_the_versions_are_told() -> None:
    assert "| etcd | 3.4 |" in _document(_PASSED, _PASSED)
