"""One use of the beta API, and the edits that would replace it."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence

MARK = "# grpc-migrate: "


class Edit(NamedTuple):
    """Replaces a piece of a text; an insertion when both offsets are equal.

    Attributes:
      start: Offset of the first character that goes.
      end: Offset after the last one.
      text: What comes instead.
    """

    start: int
    end: int
    text: str


class Finding:
    """A use of the beta API at one place.

    Attributes:
      start: Offset in the text.
      line: Line of it, from 1.
      column: Character in the line, from 1.
      beta: The construct, in the words of the source.
      replacement: What takes its place.
      hint: What else there is to know; may be empty.
      mechanical: Whether the edits are all that has to be done.
      edits: They do not overlap those of other findings. A finding may be mechanical without any when those of another
        one cover it.
      client: Whether it belongs to the channels and stubs of a file, which only work when rewritten together.
      stays: Whether it is a comment of an earlier run, which gets none of its own.
    """

    __slots__ = ("beta", "client", "column", "edits", "hint", "line", "mechanical", "replacement", "start", "stays")

    def __init__(
        self,
        start: int,
        position: Sequence[int],
        beta: str,
        replacement: str,
        hint: str = "",
        edits: Optional[Sequence[Edit]] = None,
        client: bool = False,
        stays: bool = False,
    ) -> None:
        self.start = start
        self.line, self.column = position
        self.beta = beta
        self.replacement = replacement
        self.hint = hint
        self.mechanical = edits is not None
        self.edits: List[Edit] = list(edits or ())
        self.client = client
        self.stays = stays

    def __repr__(self) -> str:
        how = "mechanical" if self.mechanical else "by hand"
        return f"<Finding {self.line}:{self.column} {self.beta} -> {self.replacement}, {how}>"

    def leave(self, reason: str) -> None:
        """Make it one to be dealt with by hand."""
        self.mechanical = False
        self.edits = []
        self.hint = f"{self.hint}; {reason}" if self.hint else reason

    def comment(self) -> str:
        """What is written above a line where this is left; one line of text."""
        words = f"{self.beta}: {self.replacement}" + (f" ({self.hint})" if self.hint else "")
        return MARK + " ".join(words.split())
