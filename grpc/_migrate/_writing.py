"""A text with its findings -> the new text: what is safe is rewritten, a comment says what is left.

A logical line that has a comment of this tool above it never gets another one, so that a second run changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Iterable, List, Sequence

from grpc._migrate._findings import MARK, Edit, Finding

if TYPE_CHECKING:
    from grpc._migrate._source import Source


class Conflict(Exception):
    """Two edits touch the same characters."""


def applied(source: Source, findings: Sequence[Finding], imports: Sequence[Edit]) -> str:
    """The new text.

    Args:
      source: The text.
      findings: All that has been found in it.
      imports: The edits of its import statements.

    Raises:
      Conflict: Edits overlap, which a bug in their makers would be.
    """
    edits: List[Edit] = list(imports)
    for finding in findings:
        if finding.mechanical:
            edits += finding.edits
    return _merged(source.text, [*edits, *comments(source, findings)])


def comments(source: Source, findings: Iterable[Finding]) -> List[Edit]:
    """The edits that put a comment above each line with something left."""
    wanted: Dict[int, List[str]] = {}
    for finding in findings:
        if finding.mechanical or finding.stays:
            continue
        begin = source.logical_at(finding.start).begin
        texts = wanted.setdefault(begin, [])
        if finding.comment() not in texts:
            texts.append(finding.comment())
    return [_comment(source, begin, texts) for begin, texts in wanted.items() if not marked(source, begin)]


def marked(source: Source, begin: int) -> List[int]:
    """The offsets of the tool's comments above a line."""
    return [comment.start for comment in source.comments_above(begin) if comment.text.startswith(MARK)]


def _comment(source: Source, begin: int, texts: Sequence[str]) -> Edit:
    indent = source.text[begin : source.logical_at(begin).start].replace("\f", "")
    return Edit(begin, begin, "".join(indent + text + source.newline for text in texts))


def _merged(text: str, edits: Sequence[Edit]) -> str:
    pieces: List[str] = []
    done = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):  # of equals, in the order that they came in
        if edit.start < done:
            raise Conflict(f"{edit} overlaps what is replaced before {done}")
        pieces += (text[done : edit.start], edit.text)
        done = edit.end
    return "".join([*pieces, text[done:]])
