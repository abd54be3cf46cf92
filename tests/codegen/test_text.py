"""Comments lose their margins, docstrings mean what they say."""

from __future__ import annotations

import ast
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc._codegen import _text


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("", ""),
        (" one line\n", "one line"),
        (" first\n\n   indented\n second \n", "first\n\n  indented\nsecond"),
        ("\n after an empty line\n\n", "after an empty line"),
        ("* Starts beside\n two stars.\n", "Starts beside\ntwo stars."),
        ("*\n Starts under\n two stars.\n", "Starts under\ntwo stars."),
        (" ends as in\r\n Windows\r\n", "ends as in\nWindows"),
        (" \ttab\n", "tab"),
    ],
)
def test_a_comment_loses_its_margin_and_nothing_else(comment: str, text: str) -> None:
    assert _text.clean(comment) == text


def docstring_of(text: str) -> str:
    """What Python reads of a docstring that was written for a text, inside a class."""
    source = _text.Source()
    with source.block("class Some:"):
        source.doc(text)
    (found,) = ast.parse(source.text()).body
    assert isinstance(found, ast.ClassDef)
    return ast.get_docstring(found, clean=True) or ""


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        'ends with a "quote"',
        '"begins" with one',
        '"""',
        'six """""" of them',
        'four """"',
        "back\\slash \\n \\",
        'both \\"""',
        "two\nlines",
        "NUL \0, bell \a and ESC \x1b",
        "übung \N{SNOWMAN} \u2028 \x85",
        "{braces} and %s",
    ],
)
def test_a_docstring_means_its_text(text: str) -> None:
    assert docstring_of(text) == text


@given(st.text(st.sampled_from('a "\\\n\0{') | st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_comment_becomes_a_docstring_that_says_the_same(comment: str) -> None:
    text = _text.clean(comment)
    if text:
        assert docstring_of(text) == inspect.cleandoc(text)


def test_gaps_are_two_lines_outside_and_one_inside() -> None:
    source = _text.Source()
    source.add("import one")
    source.gap()
    with source.block("class Some:"):
        source.add("a = 1")
        source.gap()
        source.add("b = 2")
    source.gap()
    assert source.text() == "import one\n\n\nclass Some:\n    a = 1\n\n    b = 2\n"


def test_a_call_has_one_argument_on_a_line() -> None:
    source = _text.Source()
    source.call("f(", ["a", "b"])
    source.call("g(", [])
    assert source.text() == "f(\n    a,\n    b,\n)\ng()\n"
