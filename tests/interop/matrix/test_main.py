"""The command: what it prints and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

import pytest

from tests.interop.matrix import __main__ as command
from tests.interop.matrix import plan, results, versions
from tests.interop.matrix.results import FAILED, NOT_RUN, PASSED, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.matrix.security import Security


def _section(verdict: Verdict) -> plan.Section:
    def run(security: Security, cases: Sequence[str]) -> results.Verdicts:
        return dict.fromkeys(cases, verdict)

    return plan.Section("Fakes", "None of it is real.", {"empty": "no bytes"}, [plan.Column("ours → theirs", run)])


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Sections for a test to set; nothing is looked for on this machine."""
    monkeypatch.setattr(versions, "find", lambda: {"etcd": versions.ABSENT})
    return monkeypatch


@pytest.mark.parametrize(
    ("verdict", "code"), [(Verdict(PASSED), 0), (Verdict(NOT_RUN, "absent"), 0), (Verdict(FAILED, "too short"), 1)]
)
def test_it_fails_when_a_case_failed_and_not_when_one_was_not_run(
    fakes: pytest.MonkeyPatch, verdict: Verdict, code: int
) -> None:
    fakes.setattr(plan, "SECTIONS", [_section(verdict)])
    assert command.main(["--check"]) == code


def test_it_counts_what_was_not_run_and_tells_the_reasons(
    fakes: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sections = [_section(Verdict(PASSED)), _section(Verdict(NOT_RUN, "there is no 'node' here"))]
    fakes.setattr(plan, "SECTIONS", sections)
    command.main(["--check"])
    last = capsys.readouterr().out.splitlines()[-2:]
    assert last == ["not run, 2: there is no 'node' here", "in all: 2 passed, 0 failed, 2 not run"]


def test_it_tells_why_a_case_failed(fakes: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fakes.setattr(plan, "SECTIONS", [_section(Verdict(FAILED, "too short"))])
    command.main(["--check"])
    assert "ours → theirs, TLS: 0 passed, 1 failed, 0 not run\n    empty: too short\n" in capsys.readouterr().out


def test_each_column_is_run_in_plaintext_and_over_tls(fakes: pytest.MonkeyPatch) -> None:
    seen = []

    def run(security: Security, cases: Sequence[str]) -> results.Verdicts:
        seen.append(security is not None and security.ca_file.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----"))
        return dict.fromkeys(cases, Verdict(PASSED))

    fakes.setattr(plan, "SECTIONS", [_section(Verdict(PASSED))._replace(columns=[plan.Column("a → b", run)])])
    command.main(["--check"])
    assert seen == [False, True]


def test_it_writes_the_document_unless_it_only_checks(fakes: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fakes.setattr(plan, "SECTIONS", [_section(Verdict(PASSED))])
    output = tmp_path / "interop.md"
    command.main(["--check", f"--output={output}"])
    assert not output.exists()
    command.main([f"--output={output}"])
    assert "| `empty` | no bytes | passed |" in output.read_text(encoding="utf-8")
