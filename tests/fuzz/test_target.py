"""The fuzzer itself: it notices what is broken, it is reproducible, and a short run of it finds nothing."""

from __future__ import annotations

import pathlib
from typing import Any
from unittest import mock

import pytest

from grpc._links import _flow, _guards, _upkeep
from grpc._links._client import ClientConnection
from grpc._links._h2_graceful import goaway_frame
from grpc._links._server import ServerConnection
from tests.fuzz import __main__ as command
from tests.fuzz import making, script, target, wire
from tests.links.h2_twin import DATA, END_HEADERS, HEADERS, PING, RST_STREAM, frame, settings

CASES = pathlib.Path(__file__).parent / "cases"
ROLES = ("client", "server")

# Some three seconds on the slowest machine that we know.
_SCRIPTS = 150


def case(name: str) -> script.Script:
    return script.decode_script((CASES / f"{name}.txt").read_text(encoding="ascii"))


class TestScripts:
    @pytest.mark.parametrize("role", ROLES)
    def test_a_seed_makes_one_script(self, role: str) -> None:
        assert making.script_of(7, role) == making.script_of(7, role)
        assert making.script_of(7, role) != making.script_of(8, role)

    @pytest.mark.parametrize("role", ROLES)
    def test_a_script_survives_its_text(self, role: str) -> None:
        for seed in range(20):
            made = making.script_of(seed, role)
            assert script.decode_script(script.encode_script(made)) == made

    def test_what_is_no_script_is_refused(self) -> None:
        for text in ("", "role nobody", "role client\noption colour 3", "role client\nread xyz", "role client\nsay"):
            with pytest.raises(ValueError):  # noqa: PT011  # whatever it says
                script.decode_script(text)

    @pytest.mark.parametrize("role", ROLES)
    def test_any_bytes_are_a_script(self, role: str) -> None:
        for data in (b"", b"abc", bytes(range(256)) * 4):
            assert target.complaint(making.script_of_bytes(data, role)) is None

    def test_a_script_is_reduced_to_what_its_violation_needs(self) -> None:
        made = script.Script("server", (), tuple(script.Step("wait", 0, number) for number in range(40)))

        def complains(candidate: script.Script) -> Any:
            return "step 9 (x): too bad" if {11, 31} <= {step.size for step in candidate.steps} else None

        assert [step.size for step in target.reduced(made, complains).steps] == [11, 31]


class TestInvariants:
    """Each of them is seen to be broken when the code is broken in one place."""

    @staticmethod
    def complaint(name: str, owner: Any, attribute: str, replacement: Any) -> str:
        with mock.patch.object(owner, attribute, replacement):
            return target.complaint(case(name)) or "nothing"

    def test_an_exception_that_escapes(self) -> None:
        def leave_due(leave: int, waiting: int) -> int:
            raise ZeroDivisionError

        assert "ZeroDivisionError" in self.complaint("refused_twice", _flow, "leave_due", leave_due)

    def test_a_ticket_that_comes_twice(self) -> None:
        original = ClientConnection._make_ticket

        def make_ticket(connection: Any, stream: Any) -> None:
            original(connection, stream)
            connection.deliveries.append(connection.deliveries[-1])

        name = "goaway_gives_back_what_it_leaves_out"
        assert "RuleError" in self.complaint(name, ClientConnection, "_make_ticket", make_ticket)

    def test_an_operation_that_never_ends(self) -> None:
        def return_queued(connection: Any, reason: str) -> None:
            connection._queued.clear()

        name = "goaway_gives_back_what_it_leaves_out"
        assert "has never ended" in self.complaint(name, ClientConnection, "_return_queued", return_queued)

    def test_an_operation_that_is_not_given_back_whole(self) -> None:
        def record(connection: Any, stream: Any, ticket: Any) -> None:
            pass

        assert "these were kept" in self.complaint("refused_twice", ClientConnection, "_record", record)

    def test_output_that_is_not_http_2(self) -> None:
        name = "a_lone_surrogate_in_the_details"
        text = self.complaint(name, ServerConnection, "_trailers", lambda *_: ((b"grpc-message", b"so what"),))
        assert "WireError: header block 2" in text

    def test_a_buffer_without_bound(self) -> None:
        with _LATE_FRAMES_ARE_WELCOME, mock.patch.multiple(_guards, MOST_OUTPUT=50_000, MOST_AHEAD=0):
            assert target.complaint(case("data_on_a_stream_that_was_reset")) is None
            text = self.complaint("data_on_a_stream_that_was_reset", _guards.OutputGuard, "put", _put)
        assert "pending output" in text

    def test_output_that_grows_after_the_end(self) -> None:
        name = "data_on_a_stream_that_was_reset"
        original = ServerConnection.receive_data

        def receive_data(connection: Any, data: bytes) -> None:
            original(connection, data)
            if connection.finished:
                connection._h2.send_goaway(0)

        with _LATE_FRAMES_ARE_WELCOME, mock.patch.object(_guards, "MOST_OUTPUT", 50_000):
            assert "grows from" in self.complaint(name, ServerConnection, "receive_data", receive_data)

    def test_a_deadline_that_is_always_due(self) -> None:
        text = self.complaint("the_clock_runs", _upkeep.Upkeep, "handle_deadline", lambda rules, now: None)
        assert "due again and again" in text

    def test_a_stream_that_outlives_the_connection(self) -> None:
        text = self.complaint("the_clock_runs", ServerConnection, "_fail_all", lambda connection, reason: None)
        assert "streams of a lost connection: 1" in text


# Another guard would otherwise end what is to grow.
_LATE_FRAMES_ARE_WELCOME = mock.patch.object(_guards.LateGuard, "allows", return_value=True)


def _put(guard: Any, data: bytes) -> bool:
    guard._chunks.append(data)
    guard._size += len(data)
    return True


class TestReader:
    """The strict reader of what is written."""

    @staticmethod
    def refusal(*parts: bytes, client_side: bool = False) -> str:
        with pytest.raises(wire.WireError) as caught:
            wire.Reader(client_side).feed(b"".join(parts))
        return str(caught.value)

    def test_a_client_begins_with_its_preface(self) -> None:
        assert "preface" in self.refusal(settings({}), client_side=True)

    def test_settings_come_first(self) -> None:
        assert "the first frame is" in self.refusal(frame(PING, 0, 0, bytes(8)))

    def test_nothing_is_said_on_a_stream_after_its_reset(self) -> None:
        reset = frame(RST_STREAM, 0, 1, bytes(4))
        assert "after the stream was reset" in self.refusal(settings({}), reset, frame(DATA, 0, 1, b"x"))
        assert "twice" in self.refusal(settings({}), reset, reset)

    def test_a_goaway_names_no_higher_stream_than_the_one_before(self) -> None:
        assert "names a higher stream" in self.refusal(settings({}), goaway_frame(1), goaway_frame(3))

    def test_what_is_no_header_block(self) -> None:
        assert "no header block" in self.refusal(settings({}), frame(HEADERS, END_HEADERS, 1, b"\xff" * 9))


class TestRuns:
    @pytest.mark.slow
    @pytest.mark.parametrize("role", ROLES)
    def test_a_short_run_finds_nothing(self, role: str) -> None:
        for seed in range(_SCRIPTS):
            made = making.script_of(seed, role)
            assert target.complaint(made) is None, f"python -m tests.fuzz --seed {seed} --role {role} --seconds 1"

    def test_the_command_replays_a_case(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["--replay", str(CASES / "refused_twice.txt")]) == 0
        assert "all is well" in capsys.readouterr().out

    def test_the_command_keeps_what_it_finds(self, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
        with mock.patch.object(ServerConnection, "_fail_all"):
            result = command.main(
                ["--role", "server", "--seed", "0", "--seconds", "20", "--most", "1", "--keep", str(tmp_path)]
            )
            assert result == 1
            (kept,) = tmp_path.iterdir()
            assert command.main(["--replay", str(kept)]) == 1
        assert command.main(["--replay", str(kept)]) == 0
        assert "BROKEN" in capsys.readouterr().out
