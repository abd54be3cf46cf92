"""The demo shows what it promises, and ends with the status that fits."""

from __future__ import annotations

import io
import pathlib
import subprocess
import sys

import pytest
from google.protobuf.wrappers_pb2 import StringValue

import grpc
from grpc import __main__ as command_line
from grpc import _demo

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRANSPORTS = ("TCP loopback", "in-process")


def _table() -> list[list[str]]:
    """The cells of the demo's table, head and rule included, cut where the rule says that the columns are."""
    out = io.StringIO()
    assert _demo.run(out) == 0
    lines = out.getvalue().splitlines()
    rule = next(number for number, line in enumerate(lines) if line.startswith("---"))
    cuts, begin = [], 0
    for dashes in lines[rule].split():
        cuts.append(slice(begin, begin + len(dashes)))
        begin += len(dashes) + 2
    body = lines[rule - 1 : lines.index("", rule)]
    assert {len(line) for line in body} == {begin - 2}
    assert all(line[cut.stop : cut.stop + 2].strip() == "" for line in body for cut in cuts)
    return [[line[cut].strip() for cut in cuts] for line in body]


def test_each_call_is_shown_over_each_transport_in_aligned_columns() -> None:
    head, _, *rows = _table()
    assert head == ["transport", "API", "call", "style", "status", "answer", "time"]
    assert [tuple(row[:4]) for row in rows] == [
        (transport, *shown)
        for transport in TRANSPORTS
        for shown in (
            ("modern", "Greet('world')", "blocking"),
            ("modern", "Square(12)", "with_call"),
            ("modern", "Capital('Peru')", "future"),
            ("modern", "Count(3)", "response stream"),
            ("modern", "Add(1, 2, 3)", "request stream"),
            ("modern", "Shout('hey', 'you')", "both streams"),
            ("modern", "Capital('Utopia')", "blocking"),
            ("modern", "Missing('anyone?')", "blocking"),
            ("aio", "Greet('world')", "await"),
            ("aio", "Count(3)", "async for"),
            ("aio", "Capital('Utopia')", "await"),
            ("beta", "Greet('world')", "blocking"),
            ("beta", "Capital('Peru')", "future"),
            ("beta", "Square(12)", "event"),
            ("beta", "Shout('hey', 'you')", "both streams"),
            ("beta", "Capital('Utopia')", "blocking"),
        )
    ]


@pytest.mark.parametrize(
    ("api", "answers"),
    [
        ("modern", {"Hello, world!", "144", "Lima", "1 2 3", "6", "HEY YOU"}),
        ("aio", {"Hello, world!", "1 2 3"}),
        ("beta", {"Hello, world!", "Lima", "144", "HEY YOU"}),
    ],
)
def test_each_api_is_shown_with_its_answers(api: str, answers: set[str]) -> None:
    assert {row[5] for row in _table() if (row[1], row[4]) == (api, "OK")} == answers


def test_a_failure_on_purpose_is_shown_with_its_details() -> None:
    failures = [(row[1], row[5]) for row in _table() if row[4] == "NOT_FOUND"]
    assert failures == [(api, "no capital known for 'Utopia'") for api in ("modern", "aio", "beta")] * len(TRANSPORTS)


def test_an_unknown_method_is_shown_as_unimplemented() -> None:
    assert [row[2] for row in _table() if row[4] == "UNIMPLEMENTED"] == ["Missing('anyone?')"] * len(TRANSPORTS)


def test_a_wrong_answer_ends_with_status_1_and_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def greet_wrongly(request: StringValue, context: grpc.ServicerContext) -> StringValue:
        return StringValue(value="Goodbye!")

    monkeypatch.setitem(_demo._METHODS, "Greet", _demo._METHODS["Greet"]._replace(function=greet_wrongly))
    assert _demo.run() == 1
    assert capsys.readouterr().err == (
        "demo failed: Surprise: Greet('world') (modern, blocking) should have come to OK Hello, world!, "
        "and came to OK Goodbye!\n"
    )


def test_an_unexpected_status_ends_with_status_1_and_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(_demo._METHODS, "Missing", _demo._METHODS["Greet"])
    assert _demo.run() == 1
    assert "Missing('anyone?') (modern, blocking) should have come to UNIMPLEMENTED" in capsys.readouterr().err


def test_what_the_library_raises_ends_with_status_1_and_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_channel(server: grpc.Server) -> grpc.Channel:
        raise OSError("no channel today")

    monkeypatch.setattr(grpc, "inprocess_channel", no_channel)
    assert _demo.run() == 1
    assert capsys.readouterr().err == "demo failed: OSError: no channel today\n"


@pytest.mark.slow
def test_the_demo_runs_from_the_command_line_and_leaves_nothing_that_keeps_it_alive() -> None:
    process = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-m", "grpc", "demo"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert process.stderr == ""
    assert process.returncode == 0
    assert "Every answer was the expected one." in process.stdout


def test_the_command_line_gives_the_status_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(command_line._COMMANDS, "demo", command_line._Command("for this test", lambda: 3))
    assert command_line.main(["demo"]) == 3


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["demo", "surplus"]])
def test_wrong_usage_ends_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        command_line.main(arguments)
    assert ending.value.code == 2
    assert "usage: python -m grpc" in capsys.readouterr().err
