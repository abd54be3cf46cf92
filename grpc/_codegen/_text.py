"""Source text that grows line by line, with its indentation and its docstrings."""

from __future__ import annotations

import contextlib
import re
from typing import Iterable, Iterator, List

# One that could be part of the end of a docstring: before another one, or before that end.
_ENDING_QUOTE = re.compile(r'"(?="|\Z)')
# In a docstring these would be lost, or end the source.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean(comment: str) -> str:
    """The text of a comment of a .proto file: without the margin, and without blank lines at either end.

    Args:
        comment: as protoc gives it: without the slashes and stars, but with the space that follows them.
    """
    text = comment.expandtabs().replace("\r", "")
    opened_by_two_stars = text.startswith("*")
    lines = [line.rstrip() for line in text.split("\n")]
    if opened_by_two_stars:  # the first line has no margin, and the second star is no part of it
        lines[0] = lines[0].lstrip("*").lstrip()
    margins = [len(line) - len(line.lstrip()) for line in lines[opened_by_two_stars:] if line]
    margin = min(margins, default=0)
    kept = lines[:1] if opened_by_two_stars else []
    return "\n".join([*kept, *(line[margin:] for line in lines[len(kept) :])]).strip("\n")


def escape(text: str) -> str:
    """Write a text so that between three double quotes it means itself."""
    escaped = _ENDING_QUOTE.sub(r"\"", text.replace("\\", "\\\\"))
    return _CONTROLS.sub(lambda found: f"\\x{ord(found.group()):02x}", escaped)


class Source:
    """A source text under construction."""

    def __init__(self) -> None:
        self._lines: List[str] = []
        self._depth = 0

    def add(self, text: str = "") -> None:
        """Add lines at the current depth; none is one blank line."""
        for line in text.split("\n"):
            self._lines.append("    " * self._depth + line if line else "")

    def gap(self) -> None:
        """Part what follows from what stands there: by two lines at the outermost level, by one further in."""
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        for _ in range(1 if self._depth else 2):
            self._lines.append("")

    def doc(self, text: str) -> None:
        """Add a docstring."""
        written = escape(text)
        self.add(f'"""{written}\n"""' if "\n" in text else f'"""{written}"""')

    @contextlib.contextmanager
    def block(self, opening: str, closing: str = "") -> Iterator[None]:
        """Add `opening`, if any, go one level deeper until the end of the `with` block, then add `closing`, if any."""
        if opening:
            self.add(opening)
        self._depth += 1
        yield
        self._depth -= 1
        if closing:
            self.add(closing)

    def call(self, opening: str, arguments: Iterable[str], closing: str = ")") -> None:
        """Add a call, or what else has arguments in brackets, one of them on a line."""
        listed = list(arguments)
        if not listed:
            self.add(opening + closing)
            return
        with self.block(opening, closing):
            for argument in listed:
                self.add(argument + ",")

    def text(self) -> str:
        """All of it."""
        return "\n".join(self._lines).rstrip("\n") + "\n"
