"""One source text: its bytes, its characters, its logical lines and its comments, each findable from the others.

The text keeps the line ends of its file. What reads it by lines, the parser and the tokenizer, is given a copy in which
every line ends with a newline: numbers of lines and columns are the same in both.
"""

from __future__ import annotations

import ast
import bisect
import io
import re
import tokenize
from typing import List, NamedTuple, Tuple

_LINE_END = re.compile(r"\r\n|\r|\n")


class Unreadable(Exception):
    """A file is no Python source that can be read; the text says why."""


class Comment(NamedTuple):
    """A comment.

    Attributes:
      start: Offset of its `#`.
      text: All of it.
      alone: Whether nothing but space stands before it in its line.
    """

    start: int
    text: str
    alone: bool


class Logical(NamedTuple):
    """A logical line: what the grammar sees as one line.

    Attributes:
      begin: Offset of the line that it begins in, indentation included.
      start: Offset of its first token.
      end: Offset after the last line that it stands in, line end included.
    """

    begin: int
    start: int
    end: int


def decode(data: bytes) -> Tuple[str, str]:
    """The text of a file and its encoding, as the interpreter would read it.

    Raises:
      Unreadable: The encoding is unknown, the bytes do not fit it, or the text could not be written back unchanged.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
        same = text.encode(encoding) == data
    except (SyntaxError, UnicodeError, LookupError) as error:
        raise Unreadable(f"cannot be decoded: {error}") from error
    if not same:
        raise Unreadable(f"cannot be written back in its encoding, {encoding}, as it is")
    return text, encoding


class Source:
    """One text, parsed.

    Attributes:
      text: The characters, line ends as in the file, without a byte order mark.
      encoding: As `codecs` names it; `utf-8-sig` when there is a byte order mark.
      tree: The module.
      comments: All comments, in order.
      logical: All logical lines, in order.
      newline: The line end that new lines get.
    """

    def __init__(self, data: bytes) -> None:
        """Read a text.

        Args:
          data: The bytes of a file.

        Raises:
          Unreadable: They are not Python of the version that runs this.
        """
        self.text, self.encoding = decode(data)
        ends = list(_LINE_END.finditer(self.text))
        self._starts = [0, *(end.end() for end in ends)]
        self.newline = ends[0].group() if ends else "\n"
        lines = _LINE_END.split(self.text)
        self._ascii = [line.isascii() for line in lines]
        self._lines = lines
        self.comments: List[Comment] = []
        self.logical: List[Logical] = []
        try:
            self.tree = ast.parse("\n".join(lines))
            self._tokenize()
        except SyntaxError as error:
            raise Unreadable(f"line {error.lineno}: not Python 3: {error.msg}") from error
        except tokenize.TokenError as error:
            raise Unreadable(f"not Python 3: {error.args[0]}") from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise Unreadable(f"cannot be parsed: {error or type(error).__name__}") from error
        self._begins = [line.begin for line in self.logical]
        self._alone = {self.line_start(comment.start): comment for comment in self.comments if comment.alone}

    def _tokenize(self) -> None:
        begin = None
        for token in tokenize.generate_tokens(io.StringIO("\n".join(self._lines)).readline):
            row, column = token.start
            if token.type == tokenize.COMMENT:
                alone = not token.line[:column].strip() if row == token.end[0] else False
                self.comments.append(Comment(self._starts[row - 1] + column, token.string, alone))
            elif token.type == tokenize.NEWLINE:
                if begin is not None:
                    end = self._starts[row] if row < len(self._starts) else len(self.text)
                    self.logical.append(Logical(self._starts[begin[0] - 1], self._starts[begin[0] - 1] + begin[1], end))
                begin = None
            elif begin is None and token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
                begin = token.start

    # ------------------------------------------------------------ places

    def offset(self, line: int, column_bytes: int) -> int:
        """Where a place of the parser is: its columns count bytes of UTF-8."""
        start = self._starts[line - 1]
        if self._ascii[line - 1]:
            return start + column_bytes
        return start + len(self._lines[line - 1].encode("utf-8")[:column_bytes].decode("utf-8"))

    def span(self, node: ast.AST) -> Tuple[int, int]:
        """The offsets of a node's first character and of what follows its last."""
        first = self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]  # only nodes with a place come here
        last = self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]
        return first, last

    def code(self, node: ast.AST) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def position(self, offset: int) -> Tuple[int, int]:
        """Line and column of an offset, from 1, the column in characters."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def logical_at(self, offset: int) -> Logical:
        """The logical line that an offset of code lies in."""
        index = bisect.bisect_right(self._begins, offset) - 1
        return self.logical[index]

    def has_comment(self, start: int, end: int) -> bool:
        """Whether a comment begins between two offsets."""
        return any(start <= comment.start < end for comment in self.comments)

    def comments_above(self, offset: int) -> List[Comment]:
        """The comments in the lines right above a line, the lowest first; a line that holds more ends them."""
        found = []
        line = self.position(offset)[0] - 1
        while line >= 1 and self._starts[line - 1] in self._alone:
            found.append(self._alone[self._starts[line - 1]])
            line -= 1
        return found

    def line_start(self, offset: int) -> int:
        """The offset of the first character of the line that an offset lies in."""
        return self._starts[self.position(offset)[0] - 1]

    def stands_alone(self, node: ast.AST) -> bool:
        """Whether a statement shares its logical line with nothing but a comment."""
        start, end = self.span(node)
        line = self.logical_at(start)
        rest = self.text[end : line.end].lstrip()
        return line.start == start and (not rest or rest.startswith("#"))
