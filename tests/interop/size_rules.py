"""What must hold of large messages and of the limits on them, whoever the client and whoever the server is.

The modules beside this one inherit the rules and say between whom. grpclib knows no limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peers import script_values
from tests.interop.conversation import PLAINTEXT, ask, seen_filler, seen_return, where

if TYPE_CHECKING:
    from tests.interop.conversation import Conversation, Line

LARGE = 10 * 1024 * 1024
DEFAULT_LIMIT = 4 * 1024 * 1024

_RAISED = [("grpc.max_receive_message_length", 12 * 1024 * 1024)]
_LOW = 1000
_LOWERED = [("grpc.max_receive_message_length", _LOW)]
_SENDING_LOWERED = [("grpc.max_send_message_length", _LOW)]


def _client_has_limits(client: str, server: str) -> bool:
    return client != "grpclib"


def _server_has_limits(client: str, server: str) -> bool:
    return server != "grpclib"


def _request_of(size: int, *steps: list) -> Line:
    """A request of exactly so many bytes."""
    bare = len(script_values.request(ask(*steps)))
    return ask(*steps, size=size - bare)


class SizeRules:
    """Ten mebibytes, and the limits."""

    @pytest.mark.parametrize("shape", ["unary_unary", "stream_stream"])
    def test_ten_mebibytes_travel_both_ways(self, talk: Conversation, shape: str) -> None:
        request = ask(["return"], size=LARGE)
        answer = talk.call(talk.channel(talk.serve(_RAISED).target, _RAISED), shape, request)
        assert (answer["code"], answer["responses"]) == ("OK", [seen_return(request)])

    @where(_client_has_limits, [PLAINTEXT])
    def test_a_response_of_more_than_the_default_limit_is_refused(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve().target)
        for size, code in ((DEFAULT_LIMIT, "OK"), (DEFAULT_LIMIT + 1, "RESOURCE_EXHAUSTED")):
            assert talk.call(channel, "unary_unary", ask(["fill", size]))["code"] == code

    @where(_server_has_limits, [PLAINTEXT])
    def test_a_request_of_more_than_the_default_limit_is_refused(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve().target)
        for size, code in ((DEFAULT_LIMIT, "OK"), (DEFAULT_LIMIT + 1, "RESOURCE_EXHAUSTED")):
            assert talk.call(channel, "unary_unary", _request_of(size))["code"] == code

    @where(_client_has_limits, [PLAINTEXT])
    def test_responses_up_to_the_clients_limit_arrive(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve().target, _LOWERED)
        request = ask(["fill", _LOW], ["fill", _LOW + 1], ["fill", 1])
        answer = talk.call(channel, "unary_stream", request)
        assert (answer["code"], answer["responses"]) == ("RESOURCE_EXHAUSTED", [seen_filler(_LOW)])

    @where(_server_has_limits, [PLAINTEXT])
    def test_requests_up_to_the_servers_limit_arrive(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve(_LOWERED).target)
        requests = [_request_of(_LOW, ["send", "x"]), _request_of(_LOW + 1, ["send", "y"])]
        call = talk.open(channel, "stream_stream", requests[0], half_close=False)
        assert call.receive()["text"] == "x"
        call.send(requests[1])
        answer = call.finish()
        assert (answer["code"], answer["responses"]) == ("RESOURCE_EXHAUSTED", [])

    @where(_client_has_limits, [PLAINTEXT])
    def test_a_request_beyond_the_clients_own_limit_is_not_sent(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve().target, _SENDING_LOWERED)
        assert talk.call(channel, "unary_unary", _request_of(_LOW))["code"] == "OK"
        assert talk.call(channel, "unary_unary", _request_of(_LOW + 1))["code"] == "RESOURCE_EXHAUSTED"

    @where(_server_has_limits, [PLAINTEXT])
    def test_a_response_beyond_the_servers_own_limit_is_not_sent(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve(_SENDING_LOWERED).target)
        assert talk.call(channel, "unary_unary", ask(["fill", _LOW]))["code"] == "OK"
        assert talk.call(channel, "unary_unary", ask(["fill", _LOW + 1]))["code"] == "RESOURCE_EXHAUSTED"

    @where(_server_has_limits, [PLAINTEXT])
    def test_a_call_after_a_refused_message_finds_its_connection_well(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve(_LOWERED).target)
        # More than a window, which must be given back.
        answer = talk.call(channel, "unary_unary", ask(size=200_000))
        assert answer["code"] == "RESOURCE_EXHAUSTED"
        request = ask(["return"])
        assert talk.call(channel, "unary_unary", request)["responses"] == [seen_return(request)]
