"""The fall-back: plain h2 on which GOAWAY is an announcement, by h2's public methods alone."""

from __future__ import annotations

import struct
from typing import Any

import h2.events
import h2.exceptions
import pytest
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from hyperframe.frame import Frame, GoAwayFrame

from grpc._links._h2_graceful import MOST_HEADER_BYTES, GracefulConnection, goaway_frame
from grpc._links._h2_receiving import TunedConnection
from tests.links.h2_random import Session
from tests.links.h2_twin import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    REQUEST,
    RESPONSE,
    RST_STREAM,
    TRAILERS,
    WINDOW_UPDATE,
    configuration,
    frame,
    settings,
)


def joined() -> tuple[GracefulConnection, GracefulConnection]:
    """A client and a server with a stream that both have begun."""
    client, server = GracefulConnection(configuration(True)), GracefulConnection(configuration(False))
    client.initiate_connection()
    server.initiate_connection()
    client.send_headers(1, REQUEST)
    for _ in range(2):
        server.receive_data(client.data_to_send())
        client.receive_data(server.data_to_send())
    return client, server


def kinds(data: bytes) -> list[Any]:
    found = []
    while data:
        one, length = Frame.parse_frame_header(memoryview(data[:9]))
        found.append(one.type)
        data = data[9 + length :]
    return found


class TestGoawayFrame:
    def test_is_that_of_hyperframe(self) -> None:
        theirs = GoAwayFrame(0, last_stream_id=5, error_code=11, additional_data=b"too_many_pings")
        assert goaway_frame(5, 11, b"too_many_pings") == theirs.serialize()

    def test_is_orderly_by_default(self) -> None:
        assert goaway_frame(2**31 - 1) == GoAwayFrame(0, last_stream_id=2**31 - 1).serialize()

    def test_beside_its_output_leaves_plain_h2_usable(self) -> None:
        client, server = H2Connection(configuration(True)), H2Connection(configuration(False))
        client.initiate_connection()
        server.initiate_connection()
        client.send_headers(1, REQUEST)
        server.receive_data(client.data_to_send())
        output = server.data_to_send() + goaway_frame(1)
        server.send_headers(1, RESPONSE, end_stream=True)
        output += server.data_to_send()
        assert kinds(output)[-2:] == [GOAWAY, HEADERS]


class TestSending:
    def test_leaves_streams_running_and_keeps_the_order(self) -> None:
        client, server = joined()
        server.send_headers(1, RESPONSE)
        server.send_goaway(1, ErrorCodes.NO_ERROR, b"max_age")
        server.send_data(1, b"answer")
        server.send_headers(1, TRAILERS, end_stream=True)
        data = server.data_to_send()
        assert kinds(data) == [HEADERS, GOAWAY, 0, HEADERS]
        events = [type(event) for event in client.receive_data(data)]
        assert events == [
            h2.events.ResponseReceived,
            h2.events.ConnectionTerminated,
            h2.events.DataReceived,
            h2.events.TrailersReceived,
            h2.events.StreamEnded,
        ]
        client.end_stream(1)
        assert isinstance(server.receive_data(client.data_to_send())[-1], h2.events.StreamEnded)

    def test_may_be_taken_in_pieces(self) -> None:
        _, server = joined()
        server.ping(b"12345678")
        server.send_goaway(1)
        whole = frame(PING, 0, 0, b"12345678") + goaway_frame(1)
        assert server.data_to_send(20) + server.data_to_send(1) + server.data_to_send() == whole
        assert server.data_to_send() == b""

    def test_may_be_dropped_with_the_rest(self) -> None:
        _, server = joined()
        server.send_goaway(1)
        server.ping(b"12345678")
        server.clear_outbound_data_buffer()
        assert server.data_to_send() == b""


class TestReceiving:
    GOODBYE = frame(GOAWAY, 0, 0, struct.pack(">II", 2**31 - 1, 0) + b"max_age")

    @pytest.mark.parametrize("size", [1, 5, 9, 1000])
    def test_is_an_event_and_changes_nothing(self, size: int) -> None:
        client, _ = joined()
        data = frame(PING, 0, 0, bytes(8)) + self.GOODBYE + frame(PING, 0, 0, bytes(8))
        events = []
        for start in range(0, len(data), size):
            events += client.receive_data(data[start : start + size])
        assert [type(event) for event in events] == [
            h2.events.PingReceived,
            h2.events.ConnectionTerminated,
            h2.events.PingReceived,
        ]
        assert client.state_machine.state is ConnectionState.CLIENT_OPEN

    @pytest.mark.parametrize("body", [struct.pack(">II", 5, 0), struct.pack(">II", 2**31 + 5, 11) + b"why", bytes(8)])
    @pytest.mark.parametrize("code", [0, 11, 0x1234])
    def test_makes_the_event_of_h2(self, body: bytes, code: int) -> None:
        data = settings({}) + frame(GOAWAY, 0, 0, body[:4] + struct.pack(">I", code) + body[8:])
        plain, graceful = H2Connection(configuration(True)), GracefulConnection(configuration(True))
        assert [vars(event) for event in plain.receive_data(data)[1:]] == [
            vars(event) for event in graceful.receive_data(data)[1:]
        ]

    @pytest.mark.parametrize(
        "bad",
        [
            pytest.param(frame(GOAWAY, 0, 1, bytes(8)), id="on a stream"),
            pytest.param(frame(GOAWAY, 0, 0, bytes(7)), id="too short"),
            pytest.param(frame(GOAWAY, 0, 0, bytes(16385)), id="over the limit"),
            pytest.param(frame(HEADERS, 0, 1, b"") + frame(GOAWAY, 0, 0, bytes(8)), id="within a header block"),
        ],
    )
    def test_is_refused_as_by_h2_if_broken(self, bad: bytes) -> None:
        client, _ = joined()
        with pytest.raises(h2.exceptions.ProtocolError):
            client.receive_data(bad)

    def test_follows_a_continued_header_block(self) -> None:
        client, server = joined()
        block = server.encoder.encode(RESPONSE)
        data = frame(HEADERS, END_STREAM, 1, block[:2]) + frame(CONTINUATION, END_HEADERS, 1, block[2:])
        events = client.receive_data(data + self.GOODBYE)
        assert [type(event) for event in events] == [
            h2.events.ResponseReceived,
            h2.events.StreamEnded,
            h2.events.ConnectionTerminated,
        ]

    def test_may_come_first_behind_the_preface(self) -> None:
        server = GracefulConnection(configuration(False))
        data = PREFACE + settings({}) + self.GOODBYE
        events = [event for octet in data for event in server.receive_data(bytes([octet]))]
        assert [type(event) for event in events] == [h2.events.RemoteSettingsChanged, h2.events.ConnectionTerminated]


@pytest.mark.parametrize("client_side", [True, False])
def test_all_else_is_as_in_h2(client_side: bool) -> None:
    for seed in range(20):
        session = Session(seed, client_side, wildness=0.02, rashness=0.02)
        session.twin.tuned = GracefulConnection(configuration(client_side))  # type: ignore[assignment]
        session.twin.exact_buffers = False
        session.live(60, after_an_error=0)


class TestFurtherSettings:
    """Settings whose number takes more than an octet, which hyperframe cuts off."""

    @pytest.mark.parametrize("make", [GracefulConnection, TunedConnection])
    @pytest.mark.parametrize("client_side", [True, False])
    def test_are_in_the_first_frame_with_the_others(self, make: Any, client_side: bool) -> None:
        connection, plain = make(configuration(client_side)), H2Connection(configuration(client_side))
        connection.initiate_with({0xFE03: 1})
        plain.initiate_connection()
        start = 24 if client_side else 0
        output, expected = connection.data_to_send(), plain.data_to_send()
        assert output[:start] == expected[:start]
        assert output[start + 9 :] == expected[start + 9 :] + b"\xfe\x03\0\0\0\1"
        assert Frame.parse_frame_header(memoryview(output)[start : start + 9])[1] == len(output) - start - 9

    def test_none_change_nothing(self) -> None:
        connection, plain = GracefulConnection(configuration(True)), H2Connection(configuration(True))
        connection.initiate_with({})
        plain.initiate_connection()
        assert connection.data_to_send() == plain.data_to_send()


class TestLongHeaderBlocks:
    @pytest.mark.parametrize("size", [1000, 16_384])
    def test_are_refused_before_they_fill_the_memory(self, size: int) -> None:
        _, server = joined()
        server.max_inbound_frame_size = MOST_HEADER_BYTES
        server.receive_data(frame(HEADERS, 0, 3, bytes(MOST_HEADER_BYTES - 10 * size)))
        for _ in range(10):
            server.receive_data(frame(CONTINUATION, 0, 3, bytes(size)))
        server.clear_outbound_data_buffer()
        with pytest.raises(h2.exceptions.DenialOfServiceError):
            server.receive_data(frame(CONTINUATION, 0, 3, bytes(size))[:9])  # by the header alone
        goaway = server.data_to_send()
        assert goaway[3] == GOAWAY
        assert goaway[13:17] == struct.pack(">I", ErrorCodes.ENHANCE_YOUR_CALM)

    def test_each_block_is_measured_by_itself(self) -> None:
        _, server = joined()
        client = GracefulConnection(configuration(True))
        for number in range(3):
            block = client.encoder.encode(REQUEST)
            begin = frame(HEADERS, END_STREAM, 2 * number + 3, block)
            server.receive_data(begin + frame(CONTINUATION, END_HEADERS, 2 * number + 3, b""))
        assert server._block_bytes == 0 + len(block)


class TestLateFrames:
    """The fall-back counts them, too, as far as it can tell."""

    def test_data_and_headers_on_a_stream_that_was_reset_are_counted(self) -> None:
        client, server = joined()
        server.reset_stream(1)
        server.receive_data(frame(DATA, 0, 1, bytes(100)) + frame(DATA, 0, 1))
        client.send_headers(3, REQUEST, end_stream=True)
        server.receive_data(client.data_to_send())
        server.receive_data(frame(DATA, 0, 1, bytes(11)))
        assert (server.late_bytes, server.late_frames) == (111, 1)

    def test_nothing_else_is(self) -> None:
        client, server = joined()
        client.send_data(1, b"data", end_stream=True)
        server.receive_data(client.data_to_send())
        server.send_headers(1, RESPONSE)
        server.send_headers(1, TRAILERS, end_stream=True)
        server.receive_data(frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\1") + frame(RST_STREAM, 0, 1, bytes(4)))
        assert (server.late_bytes, server.late_frames) == (0, 0)
