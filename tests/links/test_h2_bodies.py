"""Long DATA frames are handed on as they come, and else are what they are in plain h2."""

from __future__ import annotations

from typing import Any

import h2.events
import h2.exceptions
import pytest
from hpack import Encoder

from grpc._links._h2_bodies import _LONG_BODY
from grpc._links._h2_receiving import TunedConnection
from grpc._links._h2_tuning import configuration
from tests.links.h2_twin import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    REQUEST,
    begun,
    frame,
    settings,
    started,
    written,
)

ROLES = pytest.mark.parametrize("client_side", [pytest.param(True, id="client"), pytest.param(False, id="server")])
SIZE = _LONG_BODY
BODY = bytes(range(256)) * (SIZE // 256)


def _server() -> TunedConnection:
    """A server's connection on which a stream, number 1, has begun."""
    connection = TunedConnection(configuration(False))
    connection.initiate_connection()
    connection.receive_data(PREFACE + settings({}))
    connection.receive_data(frame(HEADERS, END_HEADERS, 1, Encoder().encode(REQUEST)))
    connection.data_to_send()
    return connection


def _parts(events: list[Any]) -> list[Any]:
    """What the events say, in short."""
    return [
        (bytes(event.data), event.flow_controlled_length, event.stream_ended is not None)
        if type(event) is h2.events.DataReceived
        else type(event).__name__
        for event in events
    ]


class TestPieces:
    def test_each_read_gives_what_it_holds(self) -> None:
        connection = _server()
        data = frame(DATA, END_STREAM, 1, BODY)
        assert _parts(connection.receive_data(data[:9])) == []
        assert _parts(connection.receive_data(data[9:109])) == [(BODY[:100], 100, False)]
        assert _parts(connection.receive_data(data[109:-1])) == [(BODY[100:-1], SIZE - 101, False)]
        assert _parts(connection.receive_data(data[-1:])) == [(BODY[-1:], 1, True), "StreamEnded"]

    def test_nothing_is_kept_of_it(self) -> None:
        connection = _server()
        connection.receive_data(frame(DATA, 0, 1, BODY)[:-1])
        assert connection.incoming_buffer._data == b""

    @pytest.mark.parametrize("first", [1, 8, 9, 10])
    def test_frames_around_it_are_read_as_ever(self, first: int) -> None:
        connection = _server()
        data = frame(DATA, 0, 1, b"before") + frame(DATA, 0, 1, BODY) + frame(PING, 0, 0, b"12345678")
        cut = 15 + first
        assert _parts(connection.receive_data(data[:cut]))[0] == (b"before", 6, False)
        rest = _parts(connection.receive_data(data[cut:]))
        assert rest[0][0] == BODY[max(0, first - 9) :]
        assert rest[1:] == ["PingReceived"]

    def test_its_windows_are_taken_up_when_it_begins(self) -> None:
        connection = _server()
        before = connection.remote_flow_control_window(1)
        connection.receive_data(frame(DATA, 0, 1, BODY)[:9])
        assert connection.remote_flow_control_window(1) == before - SIZE

    def test_a_short_frame_waits_until_it_is_whole(self) -> None:
        connection = _server()
        data = frame(DATA, 0, 1, BODY[1:])
        assert connection.receive_data(data[:-1]) == []
        assert _parts(connection.receive_data(data[-1:])) == [(BODY[1:], SIZE - 1, False)]


class TestViews:
    def test_of_a_view_the_long_are_views_and_all_else_is_copied(self) -> None:
        connection = _server()
        buffer = bytearray(frame(DATA, 0, 1, b"short") + frame(PING, 0, 0, b"12345678") + frame(DATA, 0, 1, BODY) * 2)
        events: list[Any] = connection.receive_data(memoryview(buffer)[:-1])
        assert _parts([events[0], *events[2:]]) == [
            (b"short", 5, False),
            (BODY, SIZE, False),
            (BODY[:-1], SIZE - 1, False),
        ]
        assert [type(event.data) for event in (events[0], *events[2:])] == [bytes, memoryview, memoryview]
        assert events[1].ping_data == b"12345678"
        assert type(events[1].ping_data) is bytes

    @ROLES
    @pytest.mark.parametrize("size", [7, 100, 5000, SIZE + 50])
    def test_a_buffer_that_is_used_again_gives_the_same_events_as_bytes(self, client_side: bool, size: int) -> None:
        twin = started(client_side)
        at = begun(twin)
        twin.exact_buffers = False
        data = (
            frame(DATA, 0, at, b"x" * 300) + frame(DATA, 0, at, BODY) + written(twin, ((b"a", b"b"),), at, END_STREAM)
        )
        buffer = bytearray(size)
        seen: list[Any] = []
        for start in range(0, len(data), size):
            piece = data[start : start + size]
            buffer[: len(piece)] = piece
            for event in twin.tuned.receive_data(memoryview(buffer)[: len(piece)]):
                if type(event) is h2.events.DataReceived:
                    event.data = bytes(event.data)
                seen.append(event)
            buffer[:] = b"\xee" * size
        expected = twin.plain.receive_data(data)
        assert b"".join(event.data for event in seen if type(event) is h2.events.DataReceived) == b"x" * 300 + BODY
        assert list(map(type, seen[-2:])) == list(map(type, expected[-2:]))
        twin.compare_states()


class TestOrdinaryOrNot:
    """Only a frame with which nothing can be wrong any more is handed on before it is whole."""

    @ROLES
    @pytest.mark.parametrize(
        "write",
        [
            lambda at: frame(DATA, PADDED, at, b"\0" + BODY[1:]),
            lambda at: frame(DATA, 0, at + 200, BODY),
            lambda at: frame(DATA, 0, 0, BODY),
            lambda at: frame(DATA, 0, at, BODY) * 5,
            lambda at: frame(DATA, 0, at, BODY + b"x"),
            lambda at: frame(DATA, END_STREAM, at, BODY) + frame(DATA, 0, at, BODY),
            lambda at: frame(HEADERS, 0, at, b"") + frame(DATA, 0, at, BODY),
        ],
        ids=["padded", "idle", "no stream", "beyond the window", "too long", "after the end", "within headers"],
    )
    @pytest.mark.parametrize("size", [5, 1000])
    def test_any_other_is_h2s(self, client_side: bool, write: Any, size: int) -> None:
        twin = started(client_side)
        at = begun(twin)
        data = write(at)
        twin.receive(data, [size] * (len(data) // size))
        twin.take()

    def test_data_that_a_client_has_not_been_answered_for_are_h2s(self) -> None:
        twin = started(client_side=True)
        at = vars(twin)["next_stream"]
        twin.call("send_headers", at, REQUEST)
        twin.receive(frame(DATA, 0, at, BODY), (1000, 1000))
        assert isinstance(twin.error, h2.exceptions.ProtocolError)


class TestWhatHappensMeanwhile:
    def test_the_rest_comes_after_a_reset_from_this_side_and_does_not_end_the_stream(self) -> None:
        connection = _server()
        data = frame(DATA, END_STREAM, 1, BODY) + frame(PING, 0, 0, b"12345678")
        connection.receive_data(data[:1000])
        connection.reset_stream(1, 8)
        connection.data_to_send()
        events = connection.receive_data(data[1000:])
        assert _parts(events) == [(BODY[991:], SIZE - 991, False), "PingReceived"]
        assert 1 not in connection._tuned_streams or connection._tuned_streams[1].stream_closed_by is not None

    @ROLES
    def test_a_connection_that_was_closed_meanwhile_refuses_the_frame(self, client_side: bool) -> None:
        twin = started(client_side)
        at = begun(twin)
        data = frame(DATA, 0, at, BODY) + b"more"
        twin.receive(data[:1000])
        twin.call("close_connection")
        texts = []
        for connection in (twin.plain, twin.tuned):
            with pytest.raises(h2.exceptions.ProtocolError) as raised:
                connection.receive_data(data[1000:])
            texts.append(str(raised.value))
        assert texts[0] == texts[1]
        twin.take()

    @ROLES
    def test_trailers_may_be_sent_meanwhile(self, client_side: bool) -> None:
        twin = started(client_side)
        at = begun(twin)
        data = frame(DATA, END_STREAM, at, BODY)
        twin.receive(data[:1000])
        if client_side:
            twin.call("end_stream", at)
        else:
            twin.call("send_headers", at, ((b":status", b"200"),), end_stream=True)
        twin.receive(data[1000:])
        twin.take()
