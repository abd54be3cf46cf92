"""All of it for one file: bytes -> what is found in them, and the bytes that they would become."""

from __future__ import annotations

import ast
from typing import List, NamedTuple, Sequence, Tuple

from grpc._migrate import _clients, _imports, _names, _servers, _table, _writing
from grpc._migrate._findings import MARK, Edit, Finding
from grpc._migrate._program import Program
from grpc._migrate._source import Source, Unreadable

_ANEW = "generate it anew, with a generator that writes *_pb2_grpc.py"


class Judgement(NamedTuple):
    """What has been found in one file.

    Attributes:
      findings: In the order of their places.
      before: The text as it is.
      after: The text as it would be.
      data: The bytes as they would be; those of the file when nothing changes.
    """

    findings: Tuple[Finding, ...]
    before: str
    after: str
    data: bytes

    @property
    def left(self) -> int:
        """How many findings are left to hand."""
        return sum(not finding.mechanical for finding in self.findings)


def judge(data: bytes) -> Judgement:
    """Find all uses of the beta API in a file.

    Args:
      data: Its bytes.

    Raises:
      Unreadable: They are not Python of the version that runs this.
    """
    source = Source(data)
    findings, imports = _found(source)
    after = _text_after(source, findings, imports)
    new = data if after == source.text else after.encode(source.encoding)
    ordered = sorted(findings, key=lambda finding: (finding.start, finding.beta))
    return Judgement(tuple(ordered), source.text, after, new)


def _found(source: Source) -> Tuple[List[Finding], List[Edit]]:
    program = Program(source)
    imports: List[Edit] = []
    if not _generated(program):
        _names.find(program)
        _clients.find(program)
        _servers.find(program)
        imports = _imports.find(program)
    _earlier(program)
    return program.findings, imports


def _generated(program: Program) -> bool:
    """Report generated code as a whole: nobody edits that."""
    made = [
        node
        for node in program.source.tree.body
        if isinstance(node, ast.FunctionDef)
        and (_table.CREATE_STUB.fullmatch(node.name) or _table.CREATE_SERVER.fullmatch(node.name))
    ]
    if made:
        program.report(program.source.tree.body[0], "generated code", _ANEW)
    return bool(made)


def _earlier(program: Program) -> None:
    """Report the comments of an earlier run that stand for something this run cannot see any more."""
    source = program.source
    seen = set()
    for finding in program.findings:
        if not finding.mechanical:
            seen.update(_writing.marked(source, source.logical_at(finding.start).begin))
    # With an import that goes, its comment goes.
    going = {
        start
        for finding in program.findings
        if finding.mechanical and finding.beta.startswith(("import ", "from "))
        for start in _writing.marked(source, source.logical_at(finding.start).begin)
    }
    for comment in source.comments:
        if comment.text.startswith(MARK) and comment.start not in seen | going:
            position = source.position(comment.start)
            words = comment.text[len(MARK) :]
            program.findings.append(Finding(comment.start, position, "comment", words, "of an earlier run", stays=True))


def _text_after(source: Source, findings: Sequence[Finding], imports: Sequence[Edit]) -> str:
    """The new text, which is checked to be Python; comments alone if it were not."""
    try:
        after = _writing.applied(source, findings, imports)
        if after != source.text:
            Source(after.encode(source.encoding))
    except (_writing.Conflict, Unreadable, UnicodeError) as problem:
        for finding in findings:
            if finding.mechanical:
                finding.leave(f"the result would not be sound: {problem}")
        after = _writing.applied(source, findings, ())
    return after
