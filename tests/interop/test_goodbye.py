"""Goodbyes: a peer's server that stops, by GOAWAY, and one that comes again, in plaintext and over TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interop.conversation import ask, texts, where

if TYPE_CHECKING:
    from tests.interop.conversation import Conversation

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [
    ("grpcio", "ours"),
    ("ours", "grpcio"),
    ("grpcio", "ours-aio"),
    ("ours-aio", "grpcio"),
    ("grpcio-aio", "ours"),
    ("ours", "grpcio-aio"),
    # Not the other way round: grpclib's server keeps its connections, and serves on, when it is closed.
    ("grpclib", "ours"),
    ("ours", "ours"),
    ("ours-aio", "ours-aio"),
]

# A connection that cannot be made is tried again soon.
_IMPATIENT = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 100),
]

# More than any call of these tests takes, in seconds.
_ENOUGH = 15.0


def _client_is_patient(client: str, server: str) -> bool:
    # grpclib's client ends all calls of a connection at a GOAWAY, and does not wait for a server that is not there.
    return client != "grpclib"


class TestStop:
    """A server that stops."""

    @where(_client_is_patient)
    @pytest.mark.parametrize("shape", ["unary_unary", "stream_stream"])
    def test_a_running_call_finishes_and_new_ones_find_nobody(self, talk: Conversation, shape: str) -> None:
        server = talk.serve()
        channel = talk.channel(server.target)
        call = talk.open(channel, shape, ask(["hold"], ["send", "done"]))
        server.await_call(call.tag)
        server.stop(_ENOUGH)
        # A call that comes before the news of the goodbye is cancelled by grpcio; ours refuses it, so it is tried anew.
        expected = ["UNAVAILABLE"] if talk.server.startswith("ours") else ["UNAVAILABLE", "CANCELLED"]
        assert talk.call(channel, "unary_unary", ask())["code"] in expected
        server.release(call.tag)
        answer = call.finish()
        assert (answer["code"], answer["details"], texts(answer)) == ("OK", "", ["done"])
        server.await_stop()

    @where(_client_is_patient)
    def test_a_conversation_goes_on_after_the_goodbye(self, talk: Conversation) -> None:
        server = talk.serve()
        call = talk.open(talk.channel(server.target), "stream_stream", ask(["send", 0]), half_close=False)
        assert call.receive()["text"] == "0"
        server.stop(_ENOUGH)
        for number in range(1, 10):
            call.send(ask(["send", number]))
            assert call.receive()["text"] == str(number)
        call.half_close()
        assert call.finish()["code"] == "OK"
        server.await_stop()

    def test_a_call_beyond_the_grace_is_ended(self, talk: Conversation) -> None:
        server = talk.serve()
        call = talk.open(talk.channel(server.target), "unary_unary", ask(["hold"]))
        server.await_call(call.tag)
        server.stop(0.05)
        # grpcio cuts the connection, ours answers before it does.
        assert call.finish()["code"] in ("UNAVAILABLE", "CANCELLED")
        server.await_call(call.tag, "over")
        server.await_stop()

    def test_a_call_ends_when_the_server_stops_at_once(self, talk: Conversation) -> None:
        server = talk.serve()
        call = talk.open(talk.channel(server.target), "stream_stream", ask(["hold"]), half_close=False)
        server.await_call(call.tag)
        server.stop(None)
        assert call.finish()["code"] in ("UNAVAILABLE", "CANCELLED")
        server.await_call(call.tag, "over")

    def test_a_client_without_calls_does_not_hold_up_a_stop(self, talk: Conversation) -> None:
        server = talk.serve()
        assert talk.call(talk.channel(server.target), "unary_unary", ask())["code"] == "OK"
        server.stop(_ENOUGH)
        server.await_stop()


class TestRestart:
    """A server that comes again where it was."""

    def test_the_channel_finds_the_new_server(self, talk: Conversation) -> None:
        server = talk.serve()
        channel = talk.channel(server.target, _IMPATIENT)
        for _ in range(3):
            assert talk.call(channel, "unary_unary", ask(), wait_for_ready=True)["code"] == "OK"
            server.stop(None)
            server.await_stop()
            server = talk.serve(address=server.target)
        assert talk.call(channel, "unary_unary", ask(), wait_for_ready=True)["code"] == "OK"

    @where(_client_is_patient)
    def test_a_call_that_waits_finds_the_new_server(self, talk: Conversation) -> None:
        server = talk.serve()
        channel = talk.channel(server.target, _IMPATIENT)
        assert talk.call(channel, "unary_unary", ask())["code"] == "OK"
        server.stop(None)
        server.await_stop()
        assert talk.call(channel, "unary_unary", ask())["code"] == "UNAVAILABLE"
        call = talk.open(channel, "unary_unary", ask(["send", "back"]), wait_for_ready=True)
        talk.serve(address=server.target)
        answer = call.finish()
        assert (answer["code"], texts(answer)) == ("OK", ["back"])


class TestAge:
    """A server of ours that parts from its clients now and then."""

    @where(lambda client, server: server.startswith("ours") and client != "grpclib")
    def test_calls_never_notice_that_connections_are_old(self, talk: Conversation) -> None:
        server = talk.serve([("grpc.max_connection_age_ms", 20)])
        channel = talk.channel(server.target)
        answers = [talk.call(channel, "unary_unary", ask(["tell", "peer"])) for _ in range(100)]
        assert {answer["code"] for answer in answers} == {"OK"}
        assert len({texts(answer)[0] for answer in answers}) > 1, "they went over more than one connection"
