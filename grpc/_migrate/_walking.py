"""Paths -> the files to be read: folders are walked, links are not followed, environments and hidden things skipped."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import Iterator, List, NamedTuple, Sequence, Set, Tuple

_SUFFIXES = (".py", ".pyw")
# Each of these in a folder shows that it is a virtual environment; old ones have no pyvenv.cfg.
_ENVIRONMENT = ("pyvenv.cfg", os.path.join("bin", "activate"), os.path.join("Scripts", "activate"))


class Skipped(NamedTuple):
    """A path that is not read, and why."""

    path: str
    reason: str


def files(paths: Sequence[str]) -> Tuple[List[str], List[Skipped]]:
    """The files that paths stand for, each once, those of a folder in the order of their names; and what is not read.

    Args:
      paths: Files, whatever their names, and folders, of which the Python files are meant.
    """
    found: List[str] = []
    skipped: List[Skipped] = []
    for path in paths:
        if os.path.islink(path):
            skipped.append(Skipped(path, "a symbolic link, which is not followed"))
        elif os.path.isdir(path):
            found += _walk(path, skipped)
        elif os.path.isfile(path):
            found.append(path)
        else:
            skipped.append(Skipped(path, "not a file" if os.path.exists(path) else "no such file or folder"))
    return list(_once(found)), skipped


def _once(paths: Sequence[str]) -> Iterator[str]:
    seen: Set[str] = set()
    for path in paths:
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            yield path


def _walk(top: str, skipped: List[Skipped]) -> Iterator[str]:
    def failed(error: OSError) -> None:
        skipped.append(Skipped(str(error.filename), error.strerror or str(error)))

    for folder, folders, names in os.walk(top, onerror=failed):  # which follows no links
        folders[:] = sorted(name for name in folders if _is_entered(os.path.join(folder, name), name))
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith(_SUFFIXES) and not name.startswith(".") and _is_plain(path):
                yield path


def _is_entered(path: str, name: str) -> bool:
    if name.startswith(".") or name == "__pycache__":
        return False
    return not any(os.path.exists(os.path.join(path, mark)) for mark in _ENVIRONMENT)


def _is_plain(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return True  # reading it will tell why it cannot be read


def read(path: str) -> bytes:
    """The bytes of a file.

    Raises:
      OSError: It cannot be read.
    """
    with open(path, "rb") as file:
        return file.read()


def write(path: str, data: bytes) -> None:
    """Replace the bytes of a file, at once or not at all; its permissions stay.

    Raises:
      OSError: It cannot be written.
    """
    if not os.access(path, os.W_OK):
        raise PermissionError("it is write-protected")
    mode = stat.S_IMODE(os.stat(path).st_mode)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)), prefix=".grpc-migrate-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
