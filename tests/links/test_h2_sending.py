"""What is sent, and what is refused, is what plain h2 sends and refuses."""

from __future__ import annotations

import struct
from typing import Any, Callable

import h2.exceptions
import pytest
from h2.connection import ConnectionState
from h2.stream import StreamClosedBy
from hpack import HeaderTuple, NeverIndexedHeaderTuple

from grpc._links._h2_closed import ClosedStreams
from grpc._links._h2_output import Output
from tests.links.h2_twin import (
    ACK,
    DATA,
    END_STREAM,
    GOAWAY,
    PING,
    REQUEST,
    RESPONSE,
    RST_STREAM,
    SETTINGS,
    TRAILERS,
    WINDOW_UPDATE,
    FrameReader,
    Twin,
    begun,
    exchange,
    frame,
    opened,
    settings,
    started,
    written,
)

ROLES = pytest.mark.parametrize("client_side", [pytest.param(True, id="client"), pytest.param(False, id="server")])

INFORMATIONAL = ((b":status", b"103"), (b"link", b"x"))


def answering(twin: Twin) -> int:
    """A stream on which the twin may send data."""
    stream_id = opened(twin)
    if not twin.client_side:
        twin.call("send_headers", stream_id, RESPONSE)
    return stream_id


# Misuse, and uses at the edge: what is done with a stream on which data may be sent.
USES: dict[str, Callable[[Twin, int], Any]] = {
    "padded data": lambda twin, at: twin.call("send_data", at, b"data", pad_length=3),
    "data with bad padding": lambda twin, at: twin.call("send_data", at, b"data", pad_length=256),
    "data in a view": lambda twin, at: twin.call("send_data", at, memoryview(b"data")),
    "data in an array": lambda twin, at: twin.call("send_data", at, bytearray(b"data")),
    "no data": lambda twin, at: twin.call("send_data", at, b""),
    "no data and the end": lambda twin, at: twin.call("send_data", at, b"", end_stream=True),
    "all of a frame": lambda twin, at: twin.call("send_data", at, bytes(16384)),
    "more than a frame": lambda twin, at: twin.call("send_data", at, bytes(16385)),
    "more than the window": lambda twin, at: twin.call("send_data", at, bytes(65536)),
    "data after the end": lambda twin, at: (twin.call("end_stream", at), twin.call("send_data", at, b"data")),
    "end after the end": lambda twin, at: (twin.call("end_stream", at), twin.call("end_stream", at)),
    "headers after the end": lambda twin, at: (
        twin.call("end_stream", at),
        twin.call("send_headers", at, TRAILERS, end_stream=True),
    ),
    "trailers": lambda twin, at: twin.call("send_headers", at, TRAILERS, end_stream=True),
    "trailers that do not end": lambda twin, at: twin.call("send_headers", at, TRAILERS),
    "trailers twice": lambda twin, at: [twin.call("send_headers", at, TRAILERS, end_stream=True) for _ in range(2)],
    "reset": lambda twin, at: twin.call("reset_stream", at, 8),
    "reset twice": lambda twin, at: [twin.call("reset_stream", at, 8) for _ in range(2)],
    "reset and data": lambda twin, at: (twin.call("reset_stream", at, 8), twin.call("send_data", at, b"data")),
    "priority": lambda twin, at: twin.call("send_headers", at, TRAILERS, end_stream=True, priority_weight=7),
    "window of the stream": lambda twin, at: twin.call("increment_flow_control_window", 7, at),
    "window of the connection": lambda twin, at: twin.call("increment_flow_control_window", 7),
    "window beyond the largest": lambda twin, at: twin.call("increment_flow_control_window", 2**31 - 1, at),
    "window by nothing": lambda twin, at: twin.call("increment_flow_control_window", 0, at),
    "window of an idle stream": lambda twin, at: twin.call("increment_flow_control_window", 7, 999),
    "acknowledging more than came": lambda twin, at: twin.call("acknowledge_received_data", 70000, at),
    "acknowledging less than nothing": lambda twin, at: twin.call("acknowledge_received_data", -1, at),
    "acknowledging on no stream": lambda twin, at: twin.call("acknowledge_received_data", 1, 0),
    "acknowledging on an idle stream": lambda twin, at: twin.call("acknowledge_received_data", 40000, 999),
    "acknowledging on an even stream": lambda twin, at: twin.call("acknowledge_received_data", 40000, 2),
    "data on an idle stream": lambda twin, at: twin.call("send_data", 999, b"data"),
    "end of an idle stream": lambda twin, at: twin.call("end_stream", 999),
    "reset of an idle stream": lambda twin, at: twin.call("reset_stream", 999),
    "headers on an even stream": lambda twin, at: twin.call("send_headers", 2, REQUEST),
    "headers that are no pairs": lambda twin, at: twin.call("send_headers", at, ([b"a", b"b"],), end_stream=True),
    "headers that are text": lambda twin, at: twin.call("send_headers", at, (("a", "b"),), end_stream=True),
    "no headers": lambda twin, at: twin.call("send_headers", at, (), end_stream=True),
    "headers over a frame": lambda twin, at: [
        twin.call("send_headers", at, ((b"a", b"\xff" * 20000),), end_stream=True) for _ in range(2)
    ],
    "unindexed headers over a frame": lambda twin, at: [
        twin.call("send_headers", at, (*TRAILERS, NeverIndexedHeaderTuple(b"x", value)), end_stream=True)
        for at, value in ((at, b"short"), (answering(twin), b"short"), (answering(twin), b"\xff" * 20000))
    ],
    "more than the window of the connection": lambda twin, at: (
        twin.receive(settings({4: 100000})),
        [twin.call("send_data", each, bytes(16384)) for each in (at, answering(twin)) for _ in range(2)],
    ),
    "alternative service": lambda twin, at: twin.call("advertise_alternative_service", b'h2=":1"', stream_id=at),
    "closing the connection": lambda twin, at: (
        twin.call("close_connection", 2, b"why"),
        twin.call("send_data", at, b"data"),
    ),
    "window that a setting made negative": lambda twin, at: (
        twin.call("send_data", at, b"data"),
        twin.receive(settings({4: 1})),
        twin.call("local_flow_control_window", at),
        twin.call("send_data", at, b"d"),
        twin.call("send_data", at, b""),
    ),
    "window that a setting raised": lambda twin, at: (
        twin.receive(settings({4: 100000, 5: 70000}) + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 100000))),
        twin.call("local_flow_control_window", at),
        twin.call("send_data", at, bytes(70000)),
    ),
}


@ROLES
@pytest.mark.parametrize("what", USES)
def test_use_is_as_in_h2(client_side: bool, what: str) -> None:
    twin = started(client_side)
    at = answering(twin)
    twin.take_equal()
    USES[what](twin, at)
    if what.startswith("unindexed"):
        twin.take()  # their values are coded otherwise
    twin.take_equal()
    for name in ("open_inbound_streams", "open_outbound_streams"):
        twin.both(lambda connection, name=name: getattr(connection, name))
    if twin.plain.state_machine.state is not ConnectionState.CLOSED:
        answering(twin)
        twin.take_equal()


class TestOpening:
    def test_before_the_settings_of_the_peer(self) -> None:
        twin = Twin(client_side=True)
        twin.call("initiate_connection")
        at = twin.call("get_next_available_stream_id")
        twin.call("send_headers", at, REQUEST)
        twin.call("send_data", at, b"question", end_stream=True)
        twin.take_equal()

    def test_beyond_the_limit_of_the_peer(self) -> None:
        twin = started(client_side=True)
        twin.receive(settings({3: 1}))
        at = opened(twin)
        twin.call("send_headers", at + 2, REQUEST)
        assert isinstance(twin.error, h2.exceptions.TooManyStreamsError)
        twin.call("reset_stream", at)
        twin.call("send_headers", at + 2, REQUEST)
        assert twin.error is None
        twin.take_equal()

    def test_with_an_id_that_is_too_low(self) -> None:
        twin = started(client_side=True)
        twin.call("send_headers", 1, REQUEST)
        assert isinstance(twin.error, h2.exceptions.StreamIDTooLowError)

    def test_with_ids_used_up(self) -> None:
        twin = started(client_side=True)
        twin.call("send_headers", 2**31 - 1, REQUEST)
        twin.call("get_next_available_stream_id")
        assert isinstance(twin.error, h2.exceptions.NoAvailableStreamIDError)

    def test_by_a_server(self) -> None:
        twin = started(client_side=False)
        twin.call("send_headers", 999, REQUEST)
        assert twin.error is not None

    def test_uses_the_settings_of_now(self) -> None:
        twin = started(client_side=True)
        twin.receive(settings({4: 10, 5: 20000}))
        at = opened(twin)
        assert twin.call("local_flow_control_window", at) == 10
        twin.call("update_settings", {4: 20})
        twin.receive(frame(SETTINGS, ACK, 0))
        assert twin.call("remote_flow_control_window", opened(twin)) == 20


class TestHeaders:
    @pytest.mark.parametrize("wrap", [tuple, list, iter], ids=["tuple", "list", "iterator"])
    def test_may_be_any_iterable(self, wrap: Callable[[Any], Any]) -> None:
        twin = started(client_side=True)
        at = twin.call("get_next_available_stream_id")
        twin.both(lambda connection: connection.send_headers(at, wrap(REQUEST)))
        twin.take_equal()

    def test_indexable_tuples_are_as_plain_ones(self) -> None:
        twin = started(client_side=True)
        for _ in range(3):
            at = twin.call("get_next_available_stream_id")
            twin.call("send_headers", at, tuple(HeaderTuple(*header) for header in REQUEST))
        twin.take_equal()

    def test_unindexed_ones_are_not_taken_for_indexable_ones(self) -> None:
        twin = started(client_side=True)
        never = tuple(NeverIndexedHeaderTuple(*header) for header in REQUEST)
        for headers in (REQUEST, never, REQUEST, (*REQUEST, never[-1]), (*REQUEST, REQUEST[-1])) * 3:
            at = twin.call("get_next_available_stream_id")
            twin.call("send_headers", at, headers)
            twin.take()

    def test_values_that_change_leave_the_rest_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        twin = started(client_side=True)

        def request(value: bytes) -> Any:
            return (*REQUEST[:4], NeverIndexedHeaderTuple(b"grpc-timeout", value), *REQUEST[4:])

        twin.call("send_headers", twin.call("get_next_available_stream_id"), request(b"1S"))
        twin.take()

        def refuse(*args: Any) -> Any:
            raise AssertionError("not known")

        monkeypatch.setattr(twin.tuned.encoder, "encode", refuse)
        for value in (b"999m", b"", b"v" * 126, b"v" * 127, b"v" * 300):
            twin.call("send_headers", twin.call("get_next_available_stream_id"), request(value))
        twin.call("send_headers", twin.call("get_next_available_stream_id"), REQUEST)
        twin.take()

    def test_informational_responses_come_first(self) -> None:
        twin = started(client_side=False)
        for _ in range(3):
            at = opened(twin)
            twin.call("send_headers", at, INFORMATIONAL)
            twin.call("send_headers", at, INFORMATIONAL)
            twin.call("send_headers", at, RESPONSE)
            twin.call("send_headers", at, INFORMATIONAL)
            assert isinstance(twin.error, h2.exceptions.ProtocolError)
            twin.take_equal()

    def test_table_that_the_peer_resizes_is_announced(self) -> None:
        twin = started(client_side=True)
        for size in (0, 4096, 100, 100, 4096):
            twin.receive(settings({1: size}))
            for _ in range(3):
                opened(twin)
                twin.take_equal()


class TestWindows:
    @ROLES
    @pytest.mark.parametrize("size", [1, 100, 1000, 16384])
    def test_received_data_is_given_back_when_h2_would(self, client_side: bool, size: int) -> None:
        twin = started(client_side)
        at = begun(twin)
        twin.take_equal()
        for _ in range(70000 // size if size > 1 else 10):
            twin.receive(frame(DATA, 0, at, bytes(size)))
            twin.call("acknowledge_received_data", size, at)
            twin.take_equal()

    def test_window_that_is_used_up_is_opened_before_half_of_it_is_given_back(self) -> None:
        twin = started(client_side=False)
        at, other = begun(twin), begun(twin)
        twin.call("update_settings", {4: 4000})
        twin.receive(frame(SETTINGS, ACK, 0))
        for stream_id in (at, other):
            twin.receive(frame(DATA, 0, stream_id, bytes(4000)))
        twin.take_equal()
        twin.call("acknowledge_received_data", 1000, at)
        assert twin.take_equal() == b""
        twin.call("acknowledge_received_data", 1, at)
        assert len(twin.take_equal()) == 13

    def test_closed_streams_give_back_to_the_connection_alone(self) -> None:
        twin = started(client_side=False)
        at = begun(twin)
        for _ in range(3):
            twin.receive(frame(DATA, 0, at, bytes(16384)))
        twin.receive(frame(RST_STREAM, 0, at, bytes(4)))
        twin.call("acknowledge_received_data", 2 * 16384, at)
        assert twin.take_equal()[:9] == frame(WINDOW_UPDATE, 0, 0, bytes(4))[:9]
        opened(twin)  # sweeps
        twin.call("acknowledge_received_data", 16384, at)
        twin.take_equal()


class TestDataToSend:
    def test_amounts_are_kept_in_order(self) -> None:
        twin = started(client_side=True)
        at = opened(twin)
        twin.call("send_data", at, bytes(range(100)))
        taken = [twin.call("data_to_send", amount) for amount in (0, 1, 7, 1000, 5)]
        assert [len(data) for data in taken[:3]] == [0, 1, 7]
        assert taken[4] == b""
        twin.call("send_data", at, b"more")
        twin.call("data_to_send", 3)
        twin.call("ping", b"12345678")
        assert twin.take_equal().endswith(b"12345678")

    def test_may_be_dropped(self) -> None:
        twin = started(client_side=True)
        opened(twin)
        twin.call("clear_outbound_data_buffer")
        assert twin.take_equal() == b""

    def test_payload_is_joined_once(self) -> None:
        connection = started(client_side=True).tuned
        payload = bytes(1000)
        connection.send_data(begun_on(connection), payload)
        assert any(chunk is payload for chunk in connection._output)

    def test_long_payload_is_not_copied_if_pieces_will_do(self) -> None:
        twin = started(client_side=True)
        at = opened(twin)
        twin.take()
        payload = bytes(16384)
        twin.tuned.send_data(at, memoryview(payload))
        twin.tuned.ping(b"12345678")
        header, body, ping = twin.tuned.pieces_to_send()
        assert body.obj is payload  # type: ignore[union-attr]
        assert (header, ping) == (frame(DATA, 0, at, payload)[:9], frame(PING, 0, 0, b"12345678"))
        assert twin.tuned.pieces_to_send() == b""

    def test_short_payload_comes_joined(self) -> None:
        twin = started(client_side=True)
        at = opened(twin)
        twin.call("send_data", at, bytes(16383))
        assert twin.tuned.pieces_to_send() == twin.plain.data_to_send()

    @ROLES
    def test_pieces_joined_are_the_output(self, client_side: bool) -> None:
        twin = started(client_side)
        at = answering(twin)
        twin.take()
        twin.call("send_data", at, memoryview(bytes(16384)))
        twin.call("ping", b"12345678")
        assert b"".join(twin.tuned.pieces_to_send()) == twin.plain.data_to_send()  # type: ignore[arg-type]
        twin.call("send_data", at, b"short")
        assert twin.tuned.pieces_to_send() == twin.plain.data_to_send()

    def test_changes_of_a_buffer_after_sending_do_not_show(self) -> None:
        connection = started(client_side=True).tuned
        payload = bytearray(b"before")
        connection.send_data(begun_on(connection), memoryview(payload))
        payload[:] = b"behind"
        assert connection.data_to_send().endswith(b"before")


def begun_on(connection: Any) -> int:
    """A new stream of a connection that is no twin's any more."""
    stream_id: int = connection.get_next_available_stream_id()
    connection.send_headers(stream_id, REQUEST)
    return stream_id


class TestGoaway:
    def test_is_written_in_its_place_and_leaves_the_streams_running(self) -> None:
        twin = started(client_side=False)
        at = opened(twin)
        twin.tuned.send_headers(at, RESPONSE)
        twin.tuned.send_goaway(at, 0, b"max_age")
        twin.tuned.send_data(at, b"answer")
        twin.tuned.send_headers(at, TRAILERS, end_stream=True)
        kinds = [one[0] for one in FrameReader().read(twin.tuned.data_to_send())]
        assert kinds == [1, GOAWAY, DATA, 1]
        twin.tuned.receive_data(frame(PING, 0, 0, bytes(8)))
        assert twin.tuned.data_to_send() == frame(PING, ACK, 0, bytes(8))


class TestClosedStreams:
    def test_remember_how_streams_were_closed(self) -> None:
        closed = ClosedStreams(2)
        closed[1] = StreamClosedBy.SEND_RST_STREAM
        closed[3] = StreamClosedBy.SEND_END_STREAM
        assert closed == {1: StreamClosedBy.SEND_RST_STREAM, 3: StreamClosedBy.SEND_END_STREAM}

    def test_forget_the_oldest_reset_beyond_the_bound(self) -> None:
        closed = ClosedStreams(2)
        for stream_id in (1, 3, 5):
            closed[stream_id] = StreamClosedBy.RECV_RST_STREAM
        assert list(closed) == [3, 5]

    def test_do_not_forget_resets_for_ended_streams(self) -> None:
        closed = ClosedStreams(2)
        closed[1] = StreamClosedBy.SEND_RST_STREAM
        for stream_id in range(3, 6001, 2):
            closed[stream_id] = StreamClosedBy.RECV_END_STREAM
        assert 1 in closed
        assert len(closed) == 1 + 1024


def test_output_keeps_what_h2_adds() -> None:
    output = Output()
    output += b"one"
    output += b"two"
    assert output == [b"one", b"two"]


def test_both_roles_end_a_call_with_nothing_open() -> None:
    for client_side in (True, False):
        twin = started(client_side)
        exchange(twin)
        for name in ("open_inbound_streams", "open_outbound_streams"):
            assert twin.both(lambda connection, name=name: getattr(connection, name)) == 0
        assert twin.tuned.streams == {}


def test_end_of_both_sides_in_either_order_closes_a_stream() -> None:
    twin = started(client_side=False)
    first, second = opened(twin), opened(twin)
    twin.call("send_headers", first, RESPONSE, end_stream=True)
    twin.receive(frame(DATA, END_STREAM, first))
    twin.receive(frame(DATA, END_STREAM, second))
    twin.call("send_headers", second, RESPONSE, end_stream=True)
    twin.receive(written(twin, REQUEST, 999))
    assert list(twin.tuned.streams) == [999]
