"""How a case ends, and how that is told."""

from __future__ import annotations

import json
from typing import List

import pytest

from grpc.interop import _rules


def _judged(error: Exception) -> _rules.Result:
    results: List[_rules.Result] = []
    with _rules.judged("some_case", results.append):
        raise error
    (result,) = results
    return result


def test_a_result_is_a_line_of_json() -> None:
    line = _rules.Result("some_case", _rules.FAILED, "for a reason\nof two lines", 0.123456).line()
    assert "\n" not in line
    assert json.loads(line) == {
        "case": "some_case",
        "result": "failed",
        "why": "for a reason\nof two lines",
        "seconds": 0.1235,
    }


@pytest.mark.parametrize(
    ("error", "result", "why"),
    [
        (_rules.Failed("not like that"), "failed", "not like that"),
        (_rules.NotRun("not here"), "not_run", "not here"),
        (ValueError("unforeseen"), "failed", "ValueError: unforeseen"),
    ],
)
def test_an_error_decides_the_result(error: Exception, result: str, why: str) -> None:
    found = _judged(error)
    assert (found.result, found.why) == (result, why)


def test_what_nobody_foresaw_is_shown_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    _judged(ValueError("unforeseen"))
    assert "test_rules.py" in capsys.readouterr().err


def test_a_number_that_is_no_status_code_is_unknown() -> None:
    assert _rules.code_of(5).name == "NOT_FOUND"
    assert _rules.code_of(99).name == "UNKNOWN"


def test_noise_is_always_the_same_and_of_its_size() -> None:
    assert _rules.noise(1000) == _rules.noise(1000)
    assert len(_rules.noise(1000).body) == 1000
