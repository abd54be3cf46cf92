"""Compression between ours and grpcio, both ways; grpclib knows none."""

from __future__ import annotations

import contextlib
from typing import Callable, Iterator

import pytest

from peers import script_values
from tests.interop.conversation import PLAINTEXT, Conversation, Server, ask, seen_filler, seen_return, where
from tests.interop.wire_tap import WireTap

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [("grpcio", "ours"), ("ours", "grpcio"), ("grpcio", "ours-aio"), ("ours-aio", "grpcio")]
ALGORITHMS = ["Gzip", "Deflate"]
OTHER = {"Gzip": "Deflate", "Deflate": "Gzip"}
SIZE = 100_000


def _client_heeds_calls(client: str, server: str) -> bool:
    # grpcio does not always: a future of a stream of requests loses what the call says, and "plain" counts for nothing.
    return client != "grpcio"


Tap = Callable[[Server], WireTap]


@pytest.fixture
def tap() -> Iterator[Tap]:
    """Makes taps of servers."""
    # Closed by hand at the end: the sides are closed after this.
    with contextlib.ExitStack() as stack:
        yield lambda server: stack.enter_context(contextlib.closing(WireTap(server.target)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
class TestContents:
    """Whatever is compressed arrives as it was, in plaintext and over TLS."""

    def test_both_ways_by_channel_and_server(self, talk: Conversation, algorithm: str) -> None:
        server = talk.serve(compression=OTHER[algorithm])
        channel = talk.channel(server.target, compression=algorithm)
        requests = [ask(["return"], size=size) for size in (SIZE, 0, 1, SIZE)]
        answer = talk.call(channel, "stream_stream", *requests)
        assert (answer["code"], answer["responses"]) == ("OK", [seen_return(request) for request in requests])

    def test_compressed_and_plain_responses_in_one_stream(self, talk: Conversation, algorithm: str) -> None:
        channel = talk.channel(talk.serve(compression=algorithm).target)
        request = ask(["fill", SIZE], ["plain"], ["fill", SIZE], ["fill", 0], ["fill", SIZE])
        answer = talk.call(channel, "unary_stream", request)
        assert (answer["code"], answer["responses"]) == ("OK", [seen_filler(size) for size in (SIZE, SIZE, 0, SIZE)])

    @where(securities=[PLAINTEXT])
    def test_a_compressed_message_is_limited_by_its_size_before(self, talk: Conversation, algorithm: str) -> None:
        channel = talk.channel(
            talk.serve(compression=algorithm).target, [("grpc.max_receive_message_length", SIZE)], algorithm
        )
        assert talk.call(channel, "unary_unary", ask(["fill", SIZE]))["code"] == "OK"
        assert talk.call(channel, "unary_unary", ask(["fill", SIZE + 1]))["code"] == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
class TestOnTheWire:
    """What is to be compressed is, and nothing else."""

    @where(securities=[PLAINTEXT])
    @pytest.mark.parametrize("shape", list(script_values.METHODS))
    def test_requests_by_channel(self, talk: Conversation, tap: Tap, algorithm: str, shape: str) -> None:
        wire = tap(talk.serve())
        channel = talk.channel(wire.target, compression=algorithm)
        assert talk.call(channel, shape, ask(["fill", SIZE], size=SIZE))["code"] == "OK"
        (request,) = wire.requests.messages()
        assert (request.compressed, request.size < SIZE // 4) == (True, True)
        assert wire.requests.values("grpc-encoding") == [algorithm.lower()]

    @where(_client_heeds_calls, [PLAINTEXT])
    @pytest.mark.parametrize("shape", list(script_values.METHODS))
    def test_requests_by_call(self, talk: Conversation, tap: Tap, algorithm: str, shape: str) -> None:
        wire = tap(talk.serve())
        channel = talk.channel(wire.target)
        for compression in (None, algorithm):
            assert talk.call(channel, shape, ask(["send", "x"], size=SIZE), compression=compression)["code"] == "OK"
        assert [request.compressed for request in wire.requests.messages()] == [False, True]

    @where(_client_heeds_calls, [PLAINTEXT])
    def test_a_call_has_the_last_word_over_its_channel(self, talk: Conversation, tap: Tap, algorithm: str) -> None:
        wire = tap(talk.serve())
        channel = talk.channel(wire.target, compression=algorithm)
        for compression in ("NoCompression", OTHER[algorithm]):
            assert talk.call(channel, "unary_unary", ask(size=SIZE), compression=compression)["code"] == "OK"
        assert [request.compressed for request in wire.requests.messages()] == [False, True]
        assert wire.requests.values("grpc-encoding")[-1] == OTHER[algorithm].lower()

    @where(securities=[PLAINTEXT])
    def test_requests_that_would_not_become_smaller_go_plain(
        self, talk: Conversation, tap: Tap, algorithm: str
    ) -> None:
        wire = tap(talk.serve())
        channel = talk.channel(wire.target, compression=algorithm)
        requests = [ask(size=size) for size in (SIZE, 0, SIZE)]
        assert talk.call(channel, "stream_unary", *requests)["code"] == "OK"
        assert [request.compressed for request in wire.requests.messages()] == [True, False, True]

    @where(securities=[PLAINTEXT])
    @pytest.mark.parametrize("shape", list(script_values.METHODS))
    def test_responses_by_server(self, talk: Conversation, tap: Tap, algorithm: str, shape: str) -> None:
        wire = tap(talk.serve(compression=algorithm))
        assert talk.call(talk.channel(wire.target), shape, ask(["fill", SIZE], size=SIZE))["code"] == "OK"
        (request,), (response,) = wire.requests.messages(), wire.responses.messages()
        assert (request.compressed, response.compressed, response.size < SIZE // 4) == (False, True, True)
        assert wire.responses.values("grpc-encoding") == [algorithm.lower()]

    @where(securities=[PLAINTEXT])
    def test_responses_by_handler(self, talk: Conversation, tap: Tap, algorithm: str) -> None:
        wire = tap(talk.serve(compression=OTHER[algorithm]))
        request = ask(["compression", algorithm], ["fill", SIZE])
        assert talk.call(talk.channel(wire.target), "unary_stream", request)["code"] == "OK"
        assert [response.compressed for response in wire.responses.messages()] == [True]
        assert wire.responses.values("grpc-encoding") == [algorithm.lower()]

    @where(securities=[PLAINTEXT])
    def test_a_response_that_is_not_to_be_compressed_is_not(self, talk: Conversation, tap: Tap, algorithm: str) -> None:
        wire = tap(talk.serve(compression=algorithm))
        request = ask(["fill", SIZE], ["plain"], ["fill", SIZE], ["fill", SIZE])
        assert talk.call(talk.channel(wire.target), "unary_stream", request)["code"] == "OK"
        assert [response.compressed for response in wire.responses.messages()] == [True, False, True]

    @where(securities=[PLAINTEXT])
    def test_a_client_tells_what_it_takes(self, talk: Conversation, tap: Tap, algorithm: str) -> None:
        wire = tap(talk.serve(compression=algorithm))
        talk.call(talk.channel(wire.target), "unary_unary", ask(["fill", SIZE]))
        (accepted,) = wire.requests.values("grpc-accept-encoding")
        assert {"identity", "deflate", "gzip"} <= set(accepted.replace(" ", "").split(","))
