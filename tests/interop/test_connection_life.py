"""Goodbyes and keepalive between ours and grpcio, in both directions: a call outlives the one, and needs the other."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, Sequence, Tuple

import pytest

from peers.held import HeldClient, HeldServer
from peers.process import SCRIPTS, START_TIMEOUT, Process

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

Line = Dict[str, Any]
Obey = Callable[[Line], Line]
Options = Sequence[Tuple[str, int]]

# Pings at this pace, whatever is sent or not; several of them fit into `_HELD`.
_PINGING = (("grpc.keepalive_time_ms", 100), ("grpc.http2.max_pings_without_data", 0))
# A server that permits it.
_PATIENT = (("grpc.http2.min_ping_interval_without_data_ms", 10), ("grpc.http2.max_ping_strikes", 0))
# How long a call is held whose connection is to be pinged, in seconds: its timeout.
_HELD = 1.0


class Sides:
    """Makes servers and clients of either implementation, and ends them with the test."""

    def __init__(self, python: Path, stack: contextlib.ExitStack) -> None:
        self._python = python
        self._stack = stack

    def server(self, name: str, options: Options = ()) -> Tuple[Obey, str]:
        """A server, as what it obeys by and where it is."""
        if name == "ours":
            server = self._stack.enter_context(contextlib.closing(HeldServer(list(options))))
            return server.obey, f"127.0.0.1:{server.port}"
        process = Process(self._python, SCRIPTS / "grpcio_held_server.py", [json.dumps(options)])
        self._stack.enter_context(process)
        return process.ask, f"127.0.0.1:{process.receive(START_TIMEOUT)['port']}"

    def client(self, name: str, target: str, options: Options = ()) -> Obey:
        """A client of a target, as what it obeys by."""
        if name == "ours":
            return self._stack.enter_context(contextlib.closing(HeldClient(target, list(options)))).obey
        process = Process(self._python, SCRIPTS / "grpcio_held_client.py", [target, json.dumps(options)])
        return self._stack.enter_context(process).ask


@pytest.fixture
def sides(peer_python: Path) -> Iterator[Sides]:
    with contextlib.ExitStack() as stack:
        yield Sides(peer_python, stack)


_BOTH_WAYS = pytest.mark.parametrize(("client", "server"), [("grpcio", "ours"), ("ours", "grpcio"), ("ours", "ours")])


class TestGoodbye:
    """A server that stops gracefully."""

    @_BOTH_WAYS
    def test_a_running_call_finishes_and_new_ones_find_nobody(self, sides: Sides, client: str, server: str) -> None:
        serve, target = sides.server(server)
        call = sides.client(client, target)
        call({"do": "begin"})
        assert serve({"do": "await-call"})["ok"]
        serve({"do": "stop", "grace": 15})
        # A call that comes before the news of the goodbye is cancelled by grpcio; ours refuses it, so it is tried anew.
        expected = ["UNAVAILABLE"] if server == "ours" else ["UNAVAILABLE", "CANCELLED"]
        assert call({"do": "echo"})["code"] in expected
        serve({"do": "release"})
        assert call({"do": "end"}) == {"code": "OK", "details": ""}
        assert serve({"do": "await-stop"})["ok"]

    @_BOTH_WAYS
    def test_a_call_beyond_the_grace_is_ended(self, sides: Sides, client: str, server: str) -> None:
        serve, target = sides.server(server)
        call = sides.client(client, target)
        call({"do": "begin"})
        assert serve({"do": "await-call"})["ok"]
        serve({"do": "stop", "grace": 0.2})
        # grpcio cuts the connection, ours answers before it does.
        assert call({"do": "end"})["code"] in ("UNAVAILABLE", "CANCELLED")
        assert serve({"do": "await-stop"})["ok"]

    @_BOTH_WAYS
    def test_a_client_without_calls_does_not_hold_up_a_stop(self, sides: Sides, client: str, server: str) -> None:
        serve, target = sides.server(server)
        call = sides.client(client, target)
        assert call({"do": "echo"})["code"] == "OK"
        serve({"do": "stop", "grace": 15})
        assert serve({"do": "await-stop"})["ok"]


class TestKeepalive:
    """A client that asks whether its server is there."""

    @_BOTH_WAYS
    def test_pings_that_the_server_permits_do_no_harm(self, sides: Sides, client: str, server: str) -> None:
        serve, target = sides.server(server, _PATIENT)
        call = sides.client(client, target, _PINGING)
        call({"do": "begin", "timeout": _HELD})
        assert serve({"do": "await-call"})["ok"]
        assert call({"do": "end"})["code"] == "DEADLINE_EXCEEDED"

    @_BOTH_WAYS
    def test_pings_that_it_does_not_permit_end_the_connection(
        self, sides: Sides, caplog: pytest.LogCaptureFixture, client: str, server: str
    ) -> None:
        serve, target = sides.server(server)
        call = sides.client(client, target, _PINGING)
        call({"do": "begin", "timeout": 10.0})
        assert serve({"do": "await-call"})["ok"]
        answer = call({"do": "end"})
        assert answer["code"] == "UNAVAILABLE"
        if client == "ours":
            (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
            assert "because of too many pings" in record.getMessage()

    @pytest.mark.parametrize("client", ["grpcio", "ours"])
    def test_pings_of_our_server_do_no_harm(self, sides: Sides, client: str) -> None:
        serve, target = sides.server("ours", _PINGING)
        call = sides.client(client, target)
        call({"do": "begin", "timeout": _HELD})
        assert serve({"do": "await-call"})["ok"]
        assert call({"do": "end"})["code"] == "DEADLINE_EXCEEDED"


class TestAge:
    """A server that parts from its clients now and then."""

    @pytest.mark.parametrize("client", ["grpcio", "ours"])
    def test_calls_never_notice_that_connections_are_old(self, sides: Sides, client: str) -> None:
        _, target = sides.server("ours", [("grpc.max_connection_age_ms", 20)])
        call = sides.client(client, target)
        assert {call({"do": "echo"})["code"] for _ in range(300)} == {"OK"}
