"""What protoc's own Python generator calls things, and what to write where Python has no word for a name."""

from __future__ import annotations

import keyword
import re
from typing import Collection

_SUFFIX = re.compile(r"\.proto(devel)?$")


def module_name(proto: str) -> str:
    """The module in which protoc puts the messages of a file: `a/b-c.proto` gives `a.b_c_pb2`."""
    return _SUFFIX.sub("", proto).replace("-", "_").replace("/", ".") + "_pb2"


def file_name(proto: str, suffix: str) -> str:
    """Where the services of a file go, beside its messages: a dot in a name is a folder, as it is for them."""
    return module_name(proto).replace(".", "/") + suffix


def module_alias(module: str) -> str:
    """One identifier for a module, another one for every module: `a.b_pb2` gives `a_dot_b__pb2`."""
    alias = module.replace("_", "__").replace(".", "_dot_")
    return alias if alias.isidentifier() else "_" + re.sub(r"\W", "_", alias)


def is_word(name: str) -> bool:
    """Whether a name can stand anywhere in a source text and mean itself.

    Keywords cannot stand there, and inside a class two leading underscores make another name of a name.
    """
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")


def is_special(name: str) -> bool:
    """Whether an attribute of that name means something to Python, as `__init__` does."""
    return name.startswith("__") and name.endswith("__")


def is_importable(module: str) -> bool:
    """Whether an import statement can name a module."""
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in module.split("."))


def attribute(owner: str, name: str) -> str:
    """The expression for an attribute of what another expression gives."""
    return f"{owner}.{name}" if is_word(name) else f'getattr({owner}, "{name}")'


def python_name(name: str, taken: Collection[str]) -> str:
    """A word for a name: itself if it is one, otherwise one that none of the others in `taken` has."""
    if is_word(name):
        return name
    word = (name.strip("_") or "rpc") + "_"
    while word in taken:
        word += "_"
    return word
