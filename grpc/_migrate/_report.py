"""What has been found, as an aligned listing, as JSON, or as a diff."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Sequence, TextIO

if TYPE_CHECKING:
    from grpc._migrate._findings import Finding
    from grpc._migrate._judging import Judgement
    from grpc._migrate._walking import Skipped

_WORDS = {(True, False): "rewrite", (True, True): "rewritten", (False, False): "by hand", (False, True): "by hand"}


class Report(NamedTuple):
    """What one run has found.

    Attributes:
      files: What was found in each file that was read, by its path.
      skipped: What was not read, or could not be written.
      written: Whether the files have been rewritten.
    """

    files: Dict[str, Judgement]
    skipped: Sequence[Skipped]
    written: bool

    def status(self) -> int:
        """The exit status: 0 when nothing is left, 1 when something is, 2 when something was not read or written."""
        if self.skipped:
            return 2
        if self.written:
            return int(any(judgement.left for judgement in self.files.values()))
        return int(any(judgement.findings for judgement in self.files.values()))


def _say(out: TextIO, text: str) -> None:
    """Print a line; paths and sources may hold what the terminal's encoding does not."""
    encoding = getattr(out, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=out)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


# ------------------------------------------------------------ a listing


def _row(path: str, finding: Finding, written: bool) -> List[str]:
    text = finding.replacement + (f" ({finding.hint})" if finding.hint else "")
    place = f"{path}:{finding.line}:{finding.column}"
    return [place, _WORDS[finding.mechanical, written], " ".join(finding.beta.split()), " ".join(text.split())]


def show_listing(report: Report, out: TextIO) -> None:
    """Print a line for each finding, in columns, and a summary."""
    rows = [
        _row(path, finding, report.written)
        for path, judgement in report.files.items()
        for finding in judgement.findings
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        _say(out, "  ".join([*cells, "-> " + row[3]]))
    for path, reason in report.skipped:
        _say(out, f"{path}: skipped, {reason}")
    if rows or report.skipped:
        _say(out, "")
    _say(out, _summary(report))


def _summary(report: Report) -> str:
    findings = [finding for judgement in report.files.values() for finding in judgement.findings]
    mechanical = sum(finding.mechanical for finding in findings)
    text = f"{_count(len(report.files), 'file')} read"
    if report.skipped:
        text += f", {len(report.skipped)} skipped"
    if not findings:
        return f"{text}: no use of the beta API"
    verb = "rewritten" if report.written else "can be rewritten (--write)"
    hand = len(findings) - mechanical
    return f"{text}: {_count(len(findings), 'use')} of the beta API, {mechanical} {verb}, {hand} left to hand"


# ------------------------------------------------------------ JSON


def show_json(report: Report, out: TextIO) -> None:
    """Print one object with all that the listing says."""
    files: List[Dict[str, Any]] = [
        {
            "path": path,
            "findings": [
                {
                    "line": finding.line,
                    "column": finding.column,
                    "beta": finding.beta,
                    "replacement": finding.replacement,
                    "hint": finding.hint,
                    "mechanical": finding.mechanical,
                }
                for finding in judgement.findings
            ],
        }
        for path, judgement in report.files.items()
    ]
    skipped = [{"path": path, "reason": reason} for path, reason in report.skipped]
    whole = {"written": report.written, "status": report.status(), "files": files, "skipped": skipped}
    print(json.dumps(whole, indent=2), file=out)


# ------------------------------------------------------------ a diff


def _lines(text: str) -> List[str]:
    """Lines with their ends; `splitlines` would also end them at form feeds and the like."""
    found = text.split("\n")
    return [line + "\n" for line in found[:-1]] + ([found[-1]] if found[-1] else [])


def show_diff(report: Report, out: TextIO) -> None:
    """Print what `--write` changes, as a unified diff."""
    for path, judgement in report.files.items():
        for line in difflib.unified_diff(_lines(judgement.before), _lines(judgement.after), path, path):
            _say(out, line[:-1] if line.endswith("\n") else f"{line}\n\\ No newline at end of file")
    for path, reason in report.skipped:
        _say(out, f"{path}: skipped, {reason}")
