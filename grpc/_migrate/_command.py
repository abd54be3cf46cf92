"""The command: its arguments, the files one after another, and the exit status."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, TextIO

from grpc._migrate import _report, _walking
from grpc._migrate._judging import Judgement, judge
from grpc._migrate._source import Unreadable
from grpc._migrate._walking import Skipped

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser; their names are those of the arguments of `run`."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder whose Python files are meant")
    parser.add_argument("--write", action="store_true", help="rewrite what is safe, and comment what is left")
    shapes = parser.add_mutually_exclusive_group()
    shapes.add_argument("--json", dest="as_json", action="store_true", help="report as JSON")
    shapes.add_argument("--diff", dest="as_diff", action="store_true", help="show what --write changes instead")


def run(
    paths: Sequence[str],
    write: bool = False,
    as_json: bool = False,
    as_diff: bool = False,
    out: Optional[TextIO] = None,
) -> int:
    """Report what files use of the beta API; rewrite them if asked to. Nothing that is read is executed.

    Args:
      paths: Files and folders.
      write: Whether to rewrite what is safe, and to write a comment above what is left.
      as_json: Whether to report as JSON.
      as_diff: Whether to show the changes rather than a listing.
      out: Where the report goes; standard output by default.

    Returns:
      0 when nothing is left, 1 when something is, 2 when something could not be read, parsed or written.
    """
    names, skipped = _walking.files(paths)
    judgements: Dict[str, Judgement] = {}
    for name in names:
        _one(name, write, judgements, skipped)
    report = _report.Report(judgements, skipped, write)
    show = _report.show_json if as_json else _report.show_diff if as_diff else _report.show_listing
    show(report, sys.stdout if out is None else out)
    return report.status()


def _one(path: str, write: bool, judgements: Dict[str, Judgement], skipped: List[Skipped]) -> None:
    try:
        data = _walking.read(path)
        judgement = judge(data)
        if write and judgement.data != data:
            _walking.write(path, judgement.data)
        judgements[path] = judgement
    except Unreadable as error:
        skipped.append(Skipped(path, str(error)))
    except OSError as error:
        skipped.append(Skipped(path, error.strerror or str(error)))
