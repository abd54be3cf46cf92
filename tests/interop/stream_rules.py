"""What must hold of calls of all four shapes, whoever the client and whoever the server is.

The modules beside this one inherit the rules and say between whom.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from peers import script_values, wire_values
from tests.interop.conversation import ask, seen_filler, seen_return, texts, where

if TYPE_CHECKING:
    from tests.interop.conversation import Conversation

SHAPES = list(script_values.METHODS)
MANY = 40

# Larger than the default windows of a stream and of a connection.
BEYOND_WINDOWS = 200_000

_INITIAL = [("echo-initial-bin", bytes(range(256))), ("echo-initial-text", "one, two; ~three")]
_TRAILING = [("echo-trailing-bin", b"\xff\x00"), ("echo-trailing-bin", b"a,b"), ("echo-trailing-text", "100%25 done")]


def _client_bears_early_ends(client: str, server: str) -> bool:
    # grpcio's asynchronous client takes a write that comes too late for a fault of its own, and says INTERNAL.
    return client != "grpcio-aio"


class StreamRules:
    """Messages, half-close, metadata and status."""

    # The four cardinalities

    @pytest.mark.parametrize("shape", SHAPES)
    def test_one_message_each_way_arrives_unchanged(self, talk: Conversation, shape: str) -> None:
        request = ask(["return"], size=BEYOND_WINDOWS)
        answer = talk.call(talk.channel(talk.serve().target), shape, request)
        assert (answer["code"], answer["details"]) == ("OK", "")
        assert answer["responses"] == [seen_return(request)]

    @pytest.mark.parametrize("shape", ["stream_unary", "stream_stream"])
    def test_a_stream_of_no_requests_is_a_stream(self, talk: Conversation, shape: str) -> None:
        answer = talk.call(talk.channel(talk.serve().target), shape)
        assert answer["code"] == "OK"
        assert texts(answer) == ([""] if shape == "stream_unary" else [])

    @pytest.mark.parametrize("shape", ["unary_stream", "stream_stream"])
    def test_a_stream_of_no_responses_is_a_stream(self, talk: Conversation, shape: str) -> None:
        answer = talk.call(talk.channel(talk.serve().target), shape, ask())
        assert (answer["code"], answer["responses"]) == ("OK", [])

    @pytest.mark.parametrize("shape", ["unary_stream", "stream_stream"])
    def test_many_responses_arrive_in_their_order(self, talk: Conversation, shape: str) -> None:
        sizes = [number * 997 for number in range(MANY)]
        answer = talk.call(talk.channel(talk.serve().target), shape, ask(*(["fill", size] for size in sizes)))
        assert answer["code"] == "OK"
        assert answer["responses"] == [seen_filler(size) for size in sizes]

    def test_many_requests_arrive_in_their_order(self, talk: Conversation) -> None:
        requests = [ask(["return"], size=number * 997) for number in range(MANY)]
        answer = talk.call(talk.channel(talk.serve().target), "stream_stream", *requests)
        assert answer["code"] == "OK"
        assert answer["responses"] == [seen_return(request) for request in requests]

    def test_many_requests_have_one_response(self, talk: Conversation) -> None:
        requests = [ask(["tell", "received"], size=number * 997) for number in range(MANY)]
        answer = talk.call(talk.channel(talk.serve().target), "stream_unary", *requests)
        assert (answer["code"], texts(answer)) == ("OK", [str(MANY)])

    def test_messages_of_no_bytes_are_messages(self, talk: Conversation) -> None:
        answer = talk.call(talk.channel(talk.serve().target), "unary_stream", ask(["fill", 0], ["fill", 0]))
        assert (answer["code"], texts(answer)) == ("OK", ["", ""])

    @where(_client_bears_early_ends)
    @pytest.mark.parametrize("shape", SHAPES)
    def test_an_unknown_method_is_unimplemented(self, talk: Conversation, shape: str) -> None:
        method = f"/{script_values.SERVICE}/NoSuchMethod"
        answer = talk.call(talk.channel(talk.serve().target), shape, ask(["send", "x"]), method=method)
        assert (answer["code"], answer["responses"]) == ("UNIMPLEMENTED", [])

    # Who says when

    def test_each_response_arrives_before_the_next_request_is_sent(self, talk: Conversation) -> None:
        call = talk.open(talk.channel(talk.serve().target), "stream_stream", half_close=False)
        for number in range(10):
            call.send(ask(["send", number]))
            assert call.receive()["text"] == str(number)
        call.half_close()
        assert call.finish()["code"] == "OK"

    def test_responses_arrive_after_the_half_close(self, talk: Conversation) -> None:
        server = talk.serve()
        call = talk.open(talk.channel(server.target), "stream_stream", ask(["hold"], ["send", "late"], ["fill", 1000]))
        server.await_call(call.tag)
        server.release(call.tag)
        answer = call.finish()
        assert answer["code"] == "OK"
        assert answer["responses"] == [script_values.seen(b"late"), seen_filler(1000)]

    def test_a_half_close_long_after_the_last_request_is_seen(self, talk: Conversation) -> None:
        call = talk.open(talk.channel(talk.serve().target), "stream_stream", half_close=False)
        call.send(ask(["send", "here"]))
        assert call.receive()["text"] == "here"
        call.half_close()
        assert call.receive() == {"end": True}
        assert call.finish()["code"] == "OK"

    @where(_client_bears_early_ends)
    @pytest.mark.parametrize("shape", ["stream_unary", "stream_stream"])
    def test_an_early_status_ends_a_call_whose_client_still_sends(self, talk: Conversation, shape: str) -> None:
        call = talk.open(talk.channel(talk.serve().target), shape, half_close=False)
        call.send(ask(["status", "FAILED_PRECONDITION", "enough"]))
        answer = call.finish()
        assert (answer["code"], answer["details"]) == ("FAILED_PRECONDITION", "enough")

    @where(_client_bears_early_ends)
    def test_a_call_after_an_early_status_finds_its_connection_well(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve().target)
        # What was sent in vain is more than a connection's window: it must be given back.
        requests = [ask(["status", "ABORTED", "no"], size=BEYOND_WINDOWS), *[ask(size=BEYOND_WINDOWS)] * 3]
        for _ in range(4):
            assert talk.call(channel, "stream_stream", *requests)["code"] == "ABORTED"
        request = ask(["return"], size=BEYOND_WINDOWS)
        assert talk.call(channel, "unary_unary", request)["responses"] == [seen_return(request)]

    # Metadata and status

    @pytest.mark.parametrize("shape", SHAPES)
    def test_metadata_arrives_both_ways(self, talk: Conversation, shape: str) -> None:
        request = ask(["initial"], ["trailing"], ["send", "x"])
        answer = talk.call(talk.channel(talk.serve().target), shape, request, metadata=[*_INITIAL, *_TRAILING])
        assert answer["code"] == "OK"
        decoded = [wire_values.decode_pairs(answer[field]) for field in ("initial", "trailing")]
        assert decoded == [_INITIAL, _TRAILING]

    def test_initial_metadata_arrives_before_any_response(self, talk: Conversation) -> None:
        server = talk.serve()
        request = ask(["initial"], ["hold"])
        call = talk.open(talk.channel(server.target), "stream_stream", request, metadata=_INITIAL)
        assert call.initial() == _INITIAL
        server.release(call.tag)
        assert call.finish()["code"] == "OK"

    @pytest.mark.parametrize("shape", SHAPES)
    def test_status_with_details_arrives(self, talk: Conversation, shape: str) -> None:
        details = bytes(range(256))
        step = ["status", "DATA_LOSS", "Größe: 100%", base64.b64encode(details).decode()]
        answer = talk.call(talk.channel(talk.serve().target), shape, ask(step))
        assert (answer["code"], answer["details"]) == ("DATA_LOSS", "Größe: 100%")
        assert base64.b64decode(answer["status_details"]) == details

    @pytest.mark.parametrize("shape", ["unary_stream", "stream_stream"])
    def test_status_with_details_arrives_after_responses(self, talk: Conversation, shape: str) -> None:
        step = ["status", "DATA_LOSS", "half of it", base64.b64encode(b"why").decode()]
        request = ask(["fill", BEYOND_WINDOWS], ["send", "x"], ["trailing"], step)
        answer = talk.call(talk.channel(talk.serve().target), shape, request, metadata=_TRAILING)
        assert (answer["code"], answer["details"]) == ("DATA_LOSS", "half of it")
        assert base64.b64decode(answer["status_details"]) == b"why"
        assert answer["responses"] == [seen_filler(BEYOND_WINDOWS), script_values.seen(b"x")]

    # Many at once

    def test_a_hundred_streams_of_one_connection_do_not_disturb_one_another(self, talk: Conversation) -> None:
        server = talk.serve()
        channel = talk.channel(server.target)
        calls = [
            talk.open(channel, "stream_stream", ask(["tell", "peer"], ["hold"]), half_close=False) for _ in range(100)
        ]
        peers = {call.receive()["text"] for call in calls}
        assert len(peers) == 1, "all calls share a connection"
        for call in reversed(calls):
            server.release(call.tag)
            request = ask(["return"], size=1000)
            call.send(request)
            assert call.receive() == seen_return(request)
        for call in calls:
            call.half_close()
        assert {call.finish()["code"] for call in calls} == {"OK"}
