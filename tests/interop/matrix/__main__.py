"""``python -m tests.interop.matrix`` runs all meetings and writes docs/interop.md; ``--check`` only runs them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from peers.environment import ROOT
from tests.interop.matrix import document, plan, results, security, versions

if TYPE_CHECKING:
    from tests.interop.matrix.security import Security

_OUTPUT = ROOT / "docs" / "interop.md"


def _flags(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.interop.matrix", description=__doc__, allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--output", type=Path, default=_OUTPUT, help="the file to write (docs/interop.md)")
    return parser.parse_args(arguments)


def fill(sections: Sequence[plan.Section], securities: Dict[str, Security]) -> List[document.Filled]:
    """Run everything, and say on stdout what came of it while it goes on."""
    filled = []
    for section in sections:
        columns: Dict[str, Dict[str, results.Verdicts]] = {}
        for column in section.columns:
            columns[column.title] = {}
            for name, chosen in securities.items():
                verdicts = column.run(chosen, tuple(section.cases))
                columns[column.title][name] = verdicts
                tell(f"{column.title}, {name}", verdicts)
        filled.append(document.Filled(section.title, section.text, section.cases, columns))
    return filled


def tell(title: str, verdicts: results.Verdicts) -> None:
    """Print the counts, and every failure."""
    print(f"{title}: {results.told(results.count(verdicts.values()))}", flush=True)
    for case, verdict in verdicts.items():
        if verdict.result == results.FAILED:
            print(f"    {case}: {verdict.why}", flush=True)


def judge(filled: Sequence[document.Filled]) -> int:
    """Print the sum of everything and why what was not run was not; the exit code, which is 1 for any failure."""
    verdicts = [verdict for section in filled for verdict in section.verdicts()]
    counts = results.count(verdicts)
    reasons: Dict[str, int] = {}
    for verdict in verdicts:
        if verdict.result == results.NOT_RUN:
            reasons[verdict.why or ""] = reasons.get(verdict.why or "", 0) + 1
    for why, number in reasons.items():
        print(f"not run, {number}: {why}")
    print(f"in all: {results.told(counts)}")
    return 1 if counts[results.FAILED] else 0


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run it; the exit code is 1 when anything failed. What is not run fails nothing."""
    flags = _flags(arguments)
    with tempfile.TemporaryDirectory() as folder:
        filled = fill(plan.SECTIONS, {document.PLAINTEXT: None, document.TLS: security.make(Path(folder))})
    if not flags.check:
        flags.output.write_text(document.document(filled, versions.find()), encoding="utf-8")
    return judge(filled)


if __name__ == "__main__":
    sys.exit(main())
