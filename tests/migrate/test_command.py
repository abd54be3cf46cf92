"""The command: which files are read and written, what is printed, and the exit status."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from grpc import __main__ as command_line

if TYPE_CHECKING:
    import pathlib

BETA = "from grpc.beta import interfaces\nprint(interfaces.StatusCode.OK)\n"
MODERN = "import grpc\nprint(grpc.StatusCode.OK)\n"
HARD = "from grpc.beta.implementations import *\n"


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def migrate(*arguments: str) -> int:
    return command_line.main(["migrate", *arguments])


def put(folder: pathlib.Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_nothing_is_written_unless_asked_for(folder: pathlib.Path) -> None:
    put(folder, a=BETA)
    assert migrate("a.py") == 1
    assert (folder / "a.py").read_text() == BETA
    assert migrate("--write", "a.py") == 0
    assert (folder / "a.py").read_text() == MODERN
    assert migrate("a.py") == 0


@pytest.mark.parametrize(
    ("texts", "arguments", "status"),
    [
        ({"a": MODERN}, [], 0),
        ({"a": BETA}, [], 1),
        ({"a": BETA}, ["--write"], 0),
        ({"a": BETA}, ["--diff"], 1),
        ({"a": HARD}, ["--write"], 1),
        ({"a": MODERN, "b": "print 1"}, [], 2),
        ({"a": BETA, "b": "print 1"}, ["--write"], 2),
    ],
)
def test_the_status_tells_whether_anything_is_left(
    folder: pathlib.Path, texts: dict[str, str], arguments: list[str], status: int
) -> None:
    put(folder, **texts)
    assert migrate(*arguments, ".") == status


def test_one_bad_file_does_not_keep_the_others_from_being_written(folder: pathlib.Path) -> None:
    put(folder, a="print 1\n", b=BETA)
    assert migrate("--write", ".") == 2
    assert ((folder / "a.py").read_text(), (folder / "b.py").read_text()) == ("print 1\n", MODERN)


def test_the_listing_is_aligned(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, a=BETA, long_name=HARD, bad="print 1\n")
    assert migrate("a.py", "long_name.py", "bad.py") == 2
    found, skipped = capsys.readouterr().out.split("bad.py: skipped, ")
    assert found == (
        "a.py:1:1          rewrite  from grpc.beta import interfaces         -> import grpc\n"
        "a.py:2:7          rewrite  interfaces.StatusCode                    -> grpc.StatusCode\n"
        "long_name.py:1:1  by hand  from grpc.beta.implementations import *  -> import grpc "
        "(which names come from it is not known: name them)\n"
    )
    assert skipped.startswith("line 1: not Python 3: ")
    assert skipped.endswith(
        "\n\n2 files read, 1 skipped: 3 uses of the beta API, 2 can be rewritten (--write), 1 left to hand\n"
    )


def test_the_listing_of_nothing_says_so(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, a=MODERN)
    assert migrate("a.py") == 0
    assert capsys.readouterr().out == "1 file read: no use of the beta API\n"


def test_json_has_what_the_listing_has(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, a=HARD)
    assert migrate("--json", "a.py", "missing.py") == 2
    assert json.loads(capsys.readouterr().out) == {
        "written": False,
        "status": 2,
        "files": [
            {
                "path": "a.py",
                "findings": [
                    {
                        "line": 1,
                        "column": 1,
                        "beta": "from grpc.beta.implementations import *",
                        "replacement": "import grpc",
                        "hint": "which names come from it is not known: name them",
                        "mechanical": False,
                    }
                ],
            }
        ],
        "skipped": [{"path": "missing.py", "reason": "no such file or folder"}],
    }


def test_the_diff_is_what_is_written(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, a=BETA.rstrip("\n"))
    assert migrate("--diff", "a.py") == 1
    assert capsys.readouterr().out == (
        "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n"
        "-from grpc.beta import interfaces\n-print(interfaces.StatusCode.OK)\n\\ No newline at end of file\n"
        "+import grpc\n+print(grpc.StatusCode.OK)\n\\ No newline at end of file\n"
    )


def test_folders_are_walked_without_what_is_hidden_or_an_environment(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, b=BETA, a__c=BETA, **{".hidden": BETA, ".git__x": BETA, "env__x": BETA, "old__x": BETA})
    (folder / "env" / "pyvenv.cfg").touch()
    (folder / "old" / "bin").mkdir()
    (folder / "old" / "bin" / "activate").touch()
    (folder / "notes.txt").write_text(BETA)
    migrate(".", "b.py")
    places = [line.split(":")[0] for line in capsys.readouterr().out.splitlines() if "grpc.beta" in line]
    assert places == [os.path.join(".", "b.py"), os.path.join(".", "a", "c.py")]


def test_links_are_not_followed(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, other__a=BETA, top__b=MODERN)
    (folder / "top" / "file.py").symlink_to(folder / "other" / "a.py")
    (folder / "top" / "folder").symlink_to(folder / "other")
    assert migrate("--write", "top") == 0
    assert (folder / "other" / "a.py").read_text() == BETA
    assert migrate("top/file.py") == 2
    assert "top/file.py: skipped, a symbolic link, which is not followed" in capsys.readouterr().out


def test_permissions_are_kept_and_nothing_else_is_left_behind(folder: pathlib.Path) -> None:
    put(folder, a=BETA)
    (folder / "a.py").chmod(0o750)
    migrate("--write", "a.py")
    assert stat.S_IMODE((folder / "a.py").stat().st_mode) == 0o750
    assert os.listdir(folder) == ["a.py"]


def test_a_file_that_cannot_be_written_is_reported_and_stays(
    folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    put(folder, a=BETA)
    monkeypatch.setattr(os, "replace", full)
    assert migrate("--write", "a.py") == 2
    assert "a.py: skipped, No space left on device" in capsys.readouterr().out
    assert os.listdir(folder) == ["a.py"]
    assert (folder / "a.py").read_text() == BETA


def test_a_file_without_changes_is_not_written(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str, target: str) -> None:
        raise AssertionError("nothing was to be written")

    put(folder, a=MODERN)
    monkeypatch.setattr(os, "replace", fail)
    assert migrate("--write", "a.py") == 0


@pytest.mark.parametrize("arguments", [[], ["--json", "--diff", "."], ["--no-such-option", "."]])
def test_wrong_usage_ends_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        migrate(*arguments)
    assert ending.value.code == 2
