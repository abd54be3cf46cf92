"""docs/interop.md, made of sections and what came of their cases."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, NamedTuple, Sequence

from tests.interop.matrix import results

PLAINTEXT, TLS = "plaintext", "TLS"

_INTRODUCTION = """\
# Interoperability

Which client works with which server, case by case. `python -m tests.interop.matrix` runs all of it and writes this
file; nothing in it is written by hand. The cases are those that every gRPC implementation knows, and some with etcd.

Each of them is run in plaintext and over TLS, where the client believes an authority made for the occasion and
demands a server name that is not the target's.

| | |
|---|---|
| passed | it was run in plaintext and over TLS, and the client found everything as it should be |
| failed | it was run, and something was otherwise; the command prints what |
| not run | it was not tried, for the reason in the note |

`grpcio` is the same client and server as ours (`python -m grpc.interop`), run on that package. `grpc-js` has a client
and a server of its own, in `tests/interop/js/`. "blocking" and "asyncio" are the two APIs of this package. In the notes
"this library" is the one that the client or, where a server is spoken of, the server runs on.

The cases about credentials of Google need servers of Google, and those about backend load reports need load balancing
that this package does not have. They are no part of this. `cacheable_unary` needs a proxy that keeps responses, which
nginx does not do for gRPC: `tests/interop_cases/` has one, and runs it.
"""

_CELLS = {results.PASSED: "passed", results.FAILED: "**failed**", results.NOT_RUN: "not run"}

# An error may go on with what a machine said; what is before it is the same everywhere.
_PARTICULARS = " The reason: "


class Filled(NamedTuple):
    """A section with what came of it.

    Attributes:
        title: its title.
        text: what has to be known of it.
        cases: the rows, each with what it is about.
        columns: the title of each column, with its verdicts in plaintext and over TLS.
    """

    title: str
    text: str
    cases: Mapping[str, str]
    columns: Mapping[str, Mapping[str, results.Verdicts]]

    def verdicts(self) -> Iterable[results.Verdict]:
        """All of them."""
        for runs in self.columns.values():
            for verdicts in runs.values():
                yield from verdicts.values()


class _Notes:
    """Reasons, numbered as they come."""

    def __init__(self) -> None:
        self._numbers: Dict[str, int] = {}

    def mark(self, why: str) -> str:
        """What stands in a cell for a reason."""
        reason = why.partition(_PARTICULARS)[0]
        return f"[{self._numbers.setdefault(reason, len(self._numbers) + 1)}]"

    def lines(self) -> List[str]:
        """The reasons with their numbers."""
        return [f"{number}. {reason}" for reason, number in self._numbers.items()]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> List[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _outcome(verdict: results.Verdict, notes: _Notes) -> str:
    text = _CELLS[verdict.result]
    # What a failure says is for who looks into it: it has ports and paths in it.
    return f"{text} {notes.mark(verdict.why or '')}" if verdict.result == results.NOT_RUN else text


def _cell(verdicts: Mapping[str, results.Verdict], notes: _Notes) -> str:
    """One result where plaintext and TLS agree, else both."""
    outcomes = {security: _outcome(verdict, notes) for security, verdict in verdicts.items()}
    if len(set(outcomes.values())) == 1:
        return next(iter(outcomes.values()))
    return ", ".join(f"{security}: {outcome}" for security, outcome in outcomes.items())


def _rows(section: Filled, notes: _Notes) -> List[str]:
    rows = []
    for case, about in section.cases.items():
        cells = [
            _cell({security: verdicts[case] for security, verdicts in runs.items()}, notes)
            for runs in section.columns.values()
        ]
        rows.append([f"`{case}`", about, *cells])
    return _table(["case", "what it is about", *section.columns], rows)


def document(sections: Sequence[Filled], versions: Mapping[str, str]) -> str:
    """The whole text."""
    notes = _Notes()
    lines = [_INTRODUCTION, "## Versions", "", *_table(["", "version"], [list(item) for item in versions.items()])]
    for section in sections:
        counts = results.told(results.count(section.verdicts()))
        lines += ["", f"## {section.title}", "", f"{section.text} {counts[0].upper()}{counts[1:]}.", ""]
        lines += _rows(section, notes)
    if notes.lines():
        lines += ["", "## Notes", "", *notes.lines()]
    return "\n".join(lines) + "\n"
