"""``running``: each case gets a verdict, and only a client's own word makes one passed."""

from __future__ import annotations

import functools
import sys
from typing import Any, Dict, Iterator, List, Optional, Sequence

import pytest

from tests.interop.matrix import ends, running
from tests.interop.matrix.children import ChildError
from tests.interop.matrix.results import FAILED, NOT_RUN, PASSED, Verdict

_CASES = ("one", "two")


class _Printed:
    """A client that printed these lines, and maybe failed then."""

    def __init__(self, lines: Sequence[Dict[str, Any]], error: Optional[Exception] = None, stderr: str = "") -> None:
        self._lines = lines
        self._error = error
        self._stderr = stderr

    def objects(self, timeout: float) -> Iterator[Dict[str, Any]]:
        yield from self._lines
        if self._error is not None:
            raise self._error

    def close(self) -> str:
        return self._stderr


def _script(script: str) -> ends.Command:
    return ends.Command([sys.executable, "-I", "-S", "-c", script])


def _end(script: str, **more: Any) -> ends.End:
    return ends.End("a fake", functools.partial(_script, script), **more)


def _missing() -> ends.Command:
    raise ends.Unavailable("there is none here")


_SERVER = _end("import sys; print('{\"port\": 1}', flush=True); sys.stdin.read()")
# Says of each case it is told to run that it passed.
_CLIENT = _end(
    "import json, sys\n"
    "cases = next(word for word in sys.argv if word.startswith('--test_case='))\n"
    "for case in cases.partition('=')[2].split(','):\n"
    "    print(json.dumps({'case': case, 'result': 'passed', 'why': None}))\n"
)
_RELUCTANT = _end(
    "import json\n"
    "for case in ('one', 'two'):\n"
    "    print(json.dumps({'case': case, 'result': 'not_run', 'why': 'not today'}))\n"
)
_ABSENT = ends.End("absent", _missing)


class TestRead:
    """From lines to verdicts."""

    def test_what_a_client_says_is_taken_down(self) -> None:
        lines: List[Dict[str, Any]] = [
            {"case": "one", "result": "passed", "why": None},
            {"case": "two", "result": "failed", "why": "too short"},
            {"case": "three", "result": "not_run", "why": "no proxy"},
        ]
        assert running.read(_Printed(lines), ("one", "two", "three")) == {  # type: ignore[arg-type]
            "one": Verdict(PASSED),
            "two": Verdict(FAILED, "too short"),
            "three": Verdict(NOT_RUN, "no proxy"),
        }

    def test_a_case_that_was_not_asked_for_is_left_out(self) -> None:
        lines = [{"case": "three", "result": "passed"}, {"case": "one", "result": "passed"}]
        assert running.read(_Printed(lines), ("one",)) == {"one": Verdict(PASSED)}  # type: ignore[arg-type]

    def test_a_case_of_which_nothing_was_said_has_failed(self) -> None:
        printed = _Printed([{"case": "one", "result": "passed"}], stderr="Traceback\nKeyError: 'two'\n")
        assert running.read(printed, _CASES)["two"] == Verdict(  # type: ignore[arg-type]
            FAILED,
            "the client ended and said nothing of this case; the last line on its stderr: KeyError: 'two'",
        )

    def test_what_was_said_before_a_failure_stands(self) -> None:
        printed = _Printed([{"case": "one", "result": "passed"}], ChildError("node was not done within 90 s"))
        assert running.read(printed, _CASES) == {  # type: ignore[arg-type]
            "one": Verdict(PASSED),
            "two": Verdict(FAILED, "node was not done within 90 s"),
        }

    @pytest.mark.parametrize("said", [{"case": "one"}, {"case": "one", "result": "ok"}])
    def test_a_line_without_a_known_result_fails_its_case(self, said: Dict[str, Any]) -> None:
        assert running.read(_Printed([said]), ("one",))["one"].result == FAILED  # type: ignore[arg-type]


class TestMeet:
    """A client and a server in processes of their own."""

    def test_a_client_that_passes_everything_has_passed(self) -> None:
        assert running.meet(_CLIENT, _SERVER, None, _CASES) == dict.fromkeys(_CASES, Verdict(PASSED))

    def test_an_absent_client_is_not_run(self) -> None:
        expected = dict.fromkeys(_CASES, Verdict(NOT_RUN, "there is none here"))
        assert running.meet(_ABSENT, _SERVER, None, _CASES) == expected

    def test_an_absent_server_is_not_run(self) -> None:
        expected = dict.fromkeys(_CASES, Verdict(NOT_RUN, "there is none here"))
        assert running.meet(_CLIENT, _ABSENT, None, _CASES) == expected

    def test_a_server_that_does_not_start_fails_all_cases(self) -> None:
        verdicts = running.meet(_CLIENT, _end("raise SystemExit('no certificate')"), None, _CASES)
        assert {verdict.result for verdict in verdicts.values()} == {FAILED}
        assert "no certificate" in str(verdicts["one"].why)

    def test_a_client_that_ends_early_fails_what_it_left_out(self) -> None:
        verdicts = running.meet(_end("raise SystemExit('no such flag')"), _SERVER, None, _CASES)
        assert {verdict.result for verdict in verdicts.values()} == {FAILED}
        assert "no such flag" in str(verdicts["two"].why)

    def test_what_a_server_lacks_is_not_asked_of_it(self) -> None:
        server = _SERVER._replace(lacks={"two": "it cannot"})
        assert running.meet(_CLIENT, server, None, _CASES) == {
            "one": Verdict(PASSED),
            "two": Verdict(NOT_RUN, "it cannot"),
        }

    @pytest.mark.parametrize("blind", ["client", "server"])
    def test_what_an_end_is_blind_to_may_turn_out_not_to_be_run(self, blind: str) -> None:
        client = _RELUCTANT._replace(blind_to=_CASES if blind == "client" else ())
        server = _SERVER._replace(blind_to=_CASES if blind == "server" else ())
        expected = dict.fromkeys(_CASES, Verdict(NOT_RUN, "not today"))
        assert running.meet(client, server, None, _CASES) == expected

    def test_what_nobody_is_blind_to_and_was_not_run_has_failed(self) -> None:
        expected = dict.fromkeys(_CASES, Verdict(FAILED, "it should have been run, and was not: not today"))
        assert running.meet(_RELUCTANT, _SERVER, None, _CASES) == expected

    def test_a_client_that_could_run_nothing_is_not_started(self) -> None:
        client = _ABSENT._replace(lacks=dict.fromkeys(_CASES, "it cannot"))
        expected = dict.fromkeys(_CASES, Verdict(NOT_RUN, "it cannot"))
        assert running.meet(client, _SERVER, None, _CASES) == expected
