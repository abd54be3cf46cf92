"""What must hold of calls that end before they are through, whoever the client and whoever the server is.

The modules beside this one inherit the rules and say between whom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peers import script_values
from tests.interop.conversation import ask, seen_filler, texts, where

if TYPE_CHECKING:
    from tests.interop.conversation import Conversation

SHAPES = list(script_values.METHODS)

# Long enough for the call to reach its handler, short enough to be waited for, in seconds.
SHORT = 0.15


def _server_can_cancel(client: str, server: str) -> bool:
    # The asynchronous API of gRPC has no way for a handler to cancel its call.
    return not server.endswith("-aio")


class EndRules:
    """Cancelling and deadlines."""

    # Cancelling by the client

    @pytest.mark.parametrize("shape", SHAPES)
    def test_the_server_learns_that_the_client_has_cancelled(self, talk: Conversation, shape: str) -> None:
        server = talk.serve()
        call = talk.open(talk.channel(server.target), shape, ask(["hold"]), half_close=False)
        server.await_call(call.tag)
        call.cancel()
        assert call.finish()["code"] == "CANCELLED"
        server.await_call(call.tag, "over")
        server.await_call(call.tag, "left")

    @pytest.mark.parametrize("shape", ["unary_stream", "stream_stream"])
    def test_a_call_is_cancelled_between_its_responses(self, talk: Conversation, shape: str) -> None:
        server = talk.serve()
        request = ask(["send", "first"], ["hold"], ["send", "second"])
        call = talk.open(talk.channel(server.target), shape, request, half_close=False)
        assert call.receive()["text"] == "first"
        call.cancel()
        answer = call.finish()
        assert (answer["code"], answer["responses"]) == ("CANCELLED", [])
        server.await_call(call.tag, "over")

    def test_a_call_after_a_cancelled_one_uses_the_same_connection(self, talk: Conversation) -> None:
        server = talk.serve()
        channel = talk.channel(server.target)
        call = talk.open(channel, "stream_stream", ask(["tell", "peer"], ["hold"]), half_close=False)
        peer = call.receive()["text"]
        call.cancel()
        assert texts(talk.call(channel, "unary_unary", ask(["tell", "peer"]))) == [peer]

    @where(lambda client, server: client != "grpclib")  # it does not give the window back
    def test_what_a_cancelled_call_has_not_read_does_not_hold_up_others(self, talk: Conversation) -> None:
        server = talk.serve()
        channel = talk.channel(server.target)
        # Together more than any window of a connection.
        for _ in range(4):
            call = talk.open(channel, "unary_stream", ask(["send", "begun"], *[["fill", 200_000]] * 5))
            assert call.receive()["text"] == "begun"
            call.cancel()
            server.await_call(call.tag, "left")
        answer = talk.call(channel, "unary_stream", ask(*[["fill", 200_000]] * 5))
        assert (answer["code"], answer["responses"]) == ("OK", [seen_filler(200_000)] * 5)

    @where(lambda client, server: (client, server) != ("grpclib", "grpcio"))  # each waits for the other's TLS farewell
    def test_the_server_learns_that_the_client_is_gone(self, talk: Conversation) -> None:
        server = talk.serve()
        call = talk.open(talk.channel(server.target), "stream_stream", ask(["hold"]), half_close=False)
        server.await_call(call.tag)
        talk.part()
        server.await_call(call.tag, "over")

    # Cancelling by the server

    @where(_server_can_cancel)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_the_client_learns_that_the_server_has_cancelled(self, talk: Conversation, shape: str) -> None:
        answer = talk.call(talk.channel(talk.serve().target), shape, ask(["cancel"]), half_close=False)
        # grpclib's server names no error, its client does not tell them apart; grpcio's server sends a status.
        expected = {"INTERNAL", "UNKNOWN", "CANCELLED"} if "grpclib" in (talk.client, talk.server) else {"CANCELLED"}
        assert answer["code"] in expected
        assert answer["responses"] == []

    # Deadlines

    def test_calls_past_their_deadlines_are_over_at_both_ends(self, talk: Conversation) -> None:
        server = talk.serve()
        channel = talk.channel(server.target)
        assert talk.call(channel, "unary_unary", ask())["code"] == "OK"  # the connection takes none of the time
        request = ask(["send", "in time"], ["hold"], ["send", "late"])
        calls = {shape: talk.open(channel, shape, request, half_close=False, timeout=SHORT) for shape in SHAPES}
        for shape, call in calls.items():
            if shape.endswith("stream"):
                assert call.receive()["text"] == "in time"
        for call in calls.values():
            answer = call.finish()
            assert (answer["code"], answer["responses"]) == ("DEADLINE_EXCEEDED", [])
            server.await_call(call.tag, "over")
            server.await_call(call.tag, "left")

    @pytest.mark.parametrize("shape", SHAPES)
    def test_the_server_knows_how_much_time_remains(self, talk: Conversation, shape: str) -> None:
        answer = talk.call(talk.channel(talk.serve().target), shape, ask(["tell", "remaining"]), timeout=1000.0)
        # Between half and twice rules out every other unit. A client may round up: grpcio sends 1010 s for this.
        assert 500.0 < float(texts(answer)[0]) < 2000.0

    def test_a_call_without_deadline_has_none_at_the_server(self, talk: Conversation) -> None:
        answer = talk.call(talk.channel(talk.serve().target), "stream_stream", ask(["tell", "remaining"]), timeout=None)
        (remaining,) = texts(answer)
        # grpcio says "none" in its own way, by hundreds of thousands of years.
        assert remaining == "none" or float(remaining) > 1e12
