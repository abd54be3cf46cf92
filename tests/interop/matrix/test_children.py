"""``children``: what a command prints is read, what goes wrong is told with its stderr, and it never outlives us."""

from __future__ import annotations

import os
import sys
import time

import pytest

from tests.interop.matrix.children import Child, ChildError

# Plenty for a Python that starts on a busy machine, and never waited for.
_TIMEOUT = 30.0

_WAIT = "import sys; sys.stdin.read()"


def _child(script: str) -> Child:
    return Child([sys.executable, "-I", "-S", "-c", script])


class TestObjects:
    """Lines of JSON."""

    def test_objects_are_those_printed_until_the_command_ends(self) -> None:
        with _child("print('{\"port\": 1}'); print('{}')") as child:
            assert list(child.objects(_TIMEOUT)) == [{"port": 1}, {}]

    def test_the_first_with_a_member_is_found_behind_others(self) -> None:
        with _child(f"print('{{}}'); print('{{\"port\": 7}}', flush=True); {_WAIT}") as child:
            assert child.first("port", _TIMEOUT) == {"port": 7}

    @pytest.mark.parametrize("printed", ["[1]", "listening"])
    def test_a_line_that_is_no_object_is_an_error(self, printed: str) -> None:
        with _child(f"print('{printed}')") as child, pytest.raises(ChildError, match="which is no JSON object"):
            list(child.objects(_TIMEOUT))

    def test_a_command_that_ends_before_it_says_what_is_wanted_is_an_error_with_its_stderr(self) -> None:
        expected = "ended and never said its port; on stderr it wrote: no such key"
        with _child("raise SystemExit('no such key')") as child, pytest.raises(ChildError, match=expected):
            child.first("port", _TIMEOUT)

    def test_a_command_that_takes_too_long_is_an_error(self) -> None:
        with _child(_WAIT) as child, pytest.raises(ChildError, match="was not done within 0 s"):
            list(child.objects(0.0))


class TestEnd:
    """How it ends."""

    def test_a_command_that_waits_for_its_stdin_ends_when_closed(self) -> None:
        child = _child(f"print('{{}}', flush=True); {_WAIT}; print('end of stdin', file=sys.stderr)")
        next(child.objects(_TIMEOUT))
        assert "Traceback" not in child.close()

    def test_a_command_that_ignores_its_stdin_is_asked_by_a_signal(self) -> None:
        child = _child(
            "import json, os, signal, sys\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit('asked'))\n"
            "print(json.dumps({'pid': os.getpid()}), flush=True)\n"
            "while True: signal.pause()\n"
        )
        pid = child.first("pid", _TIMEOUT)["pid"]
        assert child.close() == "asked\n"
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)

    def test_closing_again_does_nothing(self) -> None:
        child = _child("")
        child.close()
        assert child.close() == ""

    def test_a_command_that_has_ended_is_noticed(self) -> None:
        with _child("raise SystemExit('gone')") as child:
            list(child.objects(_TIMEOUT))
            with pytest.raises(ChildError, match="ended; on stderr it wrote: gone"):
                _check_until_noticed(child)


def _check_until_noticed(child: Child) -> None:
    # Its stdout closes a moment before it is gone.
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        child.check()


def test_what_could_show_a_peer_our_package_is_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    script = "import json, os; print(json.dumps({'path': os.environ.get('PYTHONPATH'), 'mine': os.environ['MINE']}))"
    with Child([sys.executable, "-I", "-S", "-c", script], {"MINE": "set"}) as child:
        assert child.first("path", _TIMEOUT) == {"path": None, "mine": "set"}
