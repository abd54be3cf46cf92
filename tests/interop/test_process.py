"""``peers.process``: whatever a script does, the caller learns of it in time and nothing is left running."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from peers.process import SCRIPTS, Process, ProcessError

ECHO = "import line_protocol\nfor order in line_protocol.orders(): line_protocol.say(order)\n"


def start(folder: Path, text: str) -> Process:
    """Start a script with this text."""
    script = folder / "script.py"
    script.write_text(text)
    return Process(Path(sys.executable), script, python_path=[SCRIPTS])


def assert_reaped(process: Process, code: int) -> None:
    """Check that the script is gone, with this exit code."""
    assert repr(process).endswith(f"ended with {code}>")


def test_orders_and_answers_keep_their_order_and_closing_ends_the_script(tmp_path: Path) -> None:
    with start(tmp_path, ECHO) as process:
        assert process.ask({"first": 1}) == {"first": 1}
        assert process.ask({"text": "ä\n"}) == {"text": "ä\n"}
    assert_reaped(process, 0)


def test_a_failing_script_is_reported_with_its_stderr(tmp_path: Path) -> None:
    process = start(tmp_path, "raise SystemExit('out of tea')")
    with pytest.raises(ProcessError, match=r"script\.py ended before its answer .*\n.*out of tea"):
        process.receive()
    assert_reaped(process, 1)


def test_a_script_that_fails_while_ending_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="exit code 3"), start(tmp_path, ECHO + "raise SystemExit(3)") as process:
        pass
    assert_reaped(process, 3)


def test_a_silent_script_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    process = start(tmp_path, "input()")
    with pytest.raises(ProcessError, match=r"said nothing for 0\.01 s"):
        process.receive(timeout=0.01)
    assert_reaped(process, -9)


def test_a_script_that_does_not_end_is_killed(tmp_path: Path) -> None:
    process = start(tmp_path, ECHO + "import threading; threading.Event().wait()")
    process.ask({})
    with pytest.raises(ProcessError, match=r"did not end within 0\.01 s"):
        process.close(timeout=0.01)
    assert_reaped(process, -9)


def test_a_script_that_prints_anything_but_json_objects_is_reported(tmp_path: Path) -> None:
    process = start(tmp_path, "print('hello')")
    with pytest.raises(ProcessError, match=r"printed b'hello\\n', which is no JSON object"):
        process.receive()


def test_an_exception_in_the_block_passes_and_kills_the_script(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "import sys; print('a hint', file=sys.stderr, flush=True)\n" + ECHO
    process = start(tmp_path, text)
    process.ask({})
    with pytest.raises(KeyError), process:
        raise KeyError
    assert_reaped(process, -9)
    assert "a hint" in capsys.readouterr().err


def test_a_script_that_cannot_be_started_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="could not be started"):
        Process(tmp_path / "no-python", tmp_path / "script.py")


def test_the_callers_import_path_is_not_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    with start(tmp_path, "import sys, line_protocol\nline_protocol.say({'path': sys.path})") as process:
        assert "/somewhere" not in process.receive()["path"]
