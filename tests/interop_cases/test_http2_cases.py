"""The interop cases against a server that misbehaves on the level of HTTP/2, with our clients of both APIs.

The calls are those of `large_unary`, and what they check is checked: 271828 bytes up, 314159 zeros down.
"""

from __future__ import annotations

from typing import Callable, List

import pytest

from grpc.interop import _rules
from grpc.interop.protos import messages_pb2 as messages
from tests.interop_cases import rig
from tests.interop_cases.raw_server import MAX_CONCURRENT_STREAMS, Connection, serving

RESPONSE = messages.SimpleResponse(payload=_rules.zeros(_rules.LARGE_RESPONSE)).SerializeToString()


@pytest.fixture(params=[rig.play_sync, rig.play_aio], ids=["sync", "aio"])
def play(request: pytest.FixtureRequest) -> rig.Play:
    """Runs cases one after the other, on one channel."""
    chosen: rig.Play = request.param
    return chosen


def _results(results: List[_rules.Result]) -> List[str]:
    return [result.result for result in results]


def _answer_all(connection: Connection, piece: int = 16384, padding: int = 0) -> None:
    while True:
        stream_id = connection.request()
        connection.headers(stream_id)
        connection.message(stream_id, RESPONSE, piece, padding)
        connection.trailers(stream_id)


def test_goaway_sends_the_second_call_to_another_connection(play: rig.Play) -> None:
    def serve(connection: Connection) -> None:
        stream_id = connection.request()
        connection.headers(stream_id)
        connection.goaway(stream_id)  # before the trailers, so that the client knows when it has them
        connection.message(stream_id, RESPONSE)
        connection.trailers(stream_id)
        connection.request()  # another one never comes

    with serving(serve) as server:
        assert _results(play(server.port, "large_unary", "large_unary")) == ["passed", "passed"]
    assert [connection.streams for connection in server.connections] == [[1], [1]]


def _reset_after_header(connection: Connection, stream_id: int) -> None:
    connection.headers(stream_id)


def _reset_during_data(connection: Connection, stream_id: int) -> None:
    connection.headers(stream_id)
    connection.message(stream_id, RESPONSE, cut=1000)


def _reset_after_data(connection: Connection, stream_id: int) -> None:
    connection.headers(stream_id)
    connection.message(stream_id, RESPONSE)


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(_reset_after_header, id="rst_after_header"),
        pytest.param(_reset_during_data, id="rst_during_data"),
        pytest.param(_reset_after_data, id="rst_after_data"),
    ],
)
def test_a_reset_fails_the_call_and_no_other(play: rig.Play, begin: Callable[[Connection, int], None]) -> None:
    def serve(connection: Connection) -> None:
        stream_id = connection.request()
        begin(connection, stream_id)
        connection.reset(stream_id)
        _answer_all(connection)

    with serving(serve) as server:
        first, second = play(server.port, "large_unary", "large_unary")
    assert first.result == "failed"
    assert str(first.why).startswith("a call ended with INTERNAL: ")
    assert second.result == "passed"
    assert [connection.streams for connection in server.connections] == [[1, 3]]


def test_each_ping_is_acknowledged(play: rig.Play) -> None:
    def serve(connection: Connection) -> None:
        connection.ping()
        while True:
            stream_id = connection.request()
            connection.ping()
            connection.headers(stream_id)
            connection.ping()
            connection.message(stream_id, RESPONSE)
            connection.ping()
            connection.trailers(stream_id)

    with serving(serve) as server:
        assert _results(play(server.port, "large_unary", "large_unary")) == ["passed", "passed"]
    (connection,) = server.connections
    assert connection.pings_acknowledged == 1 + 2 * 3


def test_max_streams_of_one_lets_ten_calls_pass_one_by_one(play: rig.Play) -> None:
    def serve(connection: Connection) -> None:
        while True:
            stream_id = connection.request()
            connection.ping()  # until its answer, what the client had to say by now has been read
            connection.headers(stream_id)
            connection.message(stream_id, RESPONSE)
            connection.trailers(stream_id)

    with serving(serve, {MAX_CONCURRENT_STREAMS: 1}) as server:
        assert _results(play(server.port, "large_unary", "concurrent_large_unary")) == ["passed", "passed"]
    (connection,) = server.connections
    assert len(connection.streams) == 1 + rig.LASTING.concurrency
    assert connection.most_open == 1


PIECE = 5
FRAMES = -(-(5 + len(RESPONSE)) // PIECE)


@pytest.mark.slow
def test_data_frame_padding_counts_for_flow_control(play: rig.Play) -> None:
    padding = 255
    with serving(lambda connection: _answer_all(connection, PIECE, padding)) as server:
        assert _results(play(server.port, "large_unary")) == ["passed"]
    (connection,) = server.connections
    assert connection.sent == 5 + len(RESPONSE) + FRAMES * (1 + padding)
    assert connection.sent > 2 * connection.first_window  # so that all padding must have been given back


@pytest.mark.slow
def test_no_df_padding_sanity_test(play: rig.Play) -> None:
    with serving(lambda connection: _answer_all(connection, PIECE)) as server:
        assert _results(play(server.port, "large_unary")) == ["passed"]
    (connection,) = server.connections
    assert connection.sent == 5 + len(RESPONSE)
