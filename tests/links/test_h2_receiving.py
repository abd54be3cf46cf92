"""Each kind of frame, ordinary and not, is received as plain h2 receives it; and the ordinary ones by their rows."""

from __future__ import annotations

import struct
from typing import Any, Callable

import h2.events
import h2.exceptions
import pytest
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from hpack import NeverIndexedHeaderTuple

from grpc._links._h2_tuning import make_connection
from tests.links.h2_twin import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITISED,
    PRIORITY,
    PUSH_PROMISE,
    REQUEST,
    RESPONSE,
    RST_STREAM,
    SETTINGS,
    TRAILERS,
    WINDOW_UPDATE,
    Twin,
    begun,
    exchange,
    frame,
    opened,
    pen,
    settings,
    started,
    written,
)

ROLES = pytest.mark.parametrize("client_side", [pytest.param(True, id="client"), pytest.param(False, id="server")])


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def next_id(twin: Twin) -> int:
    return int(vars(twin)["next_stream"])


# What a peer may write in the middle of a session, unusual but allowed: a function that writes it for a stream on
# which data is expected.
ALLOWED: dict[str, Callable[[Twin, int], bytes]] = {
    "padded data": lambda twin, at: frame(DATA, PADDED, at, b"\x04data\0\0\0\0"),
    "data padded by nothing": lambda twin, at: frame(DATA, PADDED, at, b"\x00data"),
    "empty data": lambda twin, at: frame(DATA, 0, at),
    "data with unknown flags": lambda twin, at: frame(DATA, 0xF6 & ~PADDED, at, b"data"),
    "data with the reserved bit": lambda twin, at: frame(DATA, 0, at | 2**31, b"data"),
    "padded trailers": lambda twin, at: frame(
        HEADERS, END_HEADERS | END_STREAM | PADDED, at, b"\x02" + pen(twin).encode(TRAILERS) + b"\0\0"
    ),
    "trailers with priority": lambda twin, at: frame(
        HEADERS, END_HEADERS | END_STREAM | PRIORITISED, at, b"\0\0\0\0\x07" + pen(twin).encode(TRAILERS)
    ),
    "continued trailers": lambda twin, at: (
        frame(HEADERS, END_STREAM, at, b"")
        + frame(CONTINUATION, 0, at, b"")
        + frame(CONTINUATION, END_HEADERS, at, pen(twin).encode(TRAILERS))
    ),
    "priority": lambda twin, at: frame(PRIORITY, 0, at, b"\0\0\0\0\x07"),
    "unknown type": lambda twin, at: frame(0x77, 0xFF, at, b"what?"),
    "alternative service": lambda twin, at: frame(0x0A, 0, 0, b"\0\1oh2=:1"),
    "window update of the stream": lambda twin, at: frame(WINDOW_UPDATE, 0, at, number(7)),
    "window update of the connection": lambda twin, at: frame(WINDOW_UPDATE, 0, 0, number(7)),
    "window update beyond the largest window of the stream": lambda twin, at: frame(
        WINDOW_UPDATE, 0, at, number(2**31 - 1)
    ),
    "reset": lambda twin, at: frame(RST_STREAM, 0, at, number(8)),
    "reset with an unknown code": lambda twin, at: frame(RST_STREAM, 0, at, number(0x1234)),
    "ping": lambda twin, at: frame(PING, 0, 0, b"12345678"),
    "answer to a ping": lambda twin, at: frame(PING, ACK, 0, b"12345678"),
    "more settings": lambda twin, at: settings({3: 7, 4: 70000, 5: 20000, 6: 5000, 99: 1}),
    "larger and smaller windows": lambda twin, at: settings({4: 100000}) + settings({4: 0}),
    "smaller table": lambda twin, at: settings({1: 0}) + settings({1: 100}),
    "resized table": lambda twin, at: written(twin, _resized(twin, TRAILERS), at, END_STREAM),
    "headers behind the end": lambda twin, at: (
        written(twin, TRAILERS, at, END_STREAM) + written(twin, TRAILERS, at, END_STREAM)
    ),
    "data behind the end": lambda twin, at: frame(DATA, END_STREAM, at) + frame(DATA, 0, at, b"data"),
    "reset of an idle stream": lambda twin, at: frame(RST_STREAM, 0, next_id(twin), number(8)),
    "changing and unindexed trailers": lambda twin, at: written(
        twin, (*TRAILERS, NeverIndexedHeaderTuple(b"grpc-message", b"no, or yes")), at, END_STREAM
    ),
    # Whether these are well formed is for `_fields` to say.
    "trailers with a pseudo-header": lambda twin, at: written(twin, ((b":status", b"200"),), at, END_STREAM),
    "upper case": lambda twin, at: written(twin, ((b"Name", b"x"),), at, END_STREAM),
    "illegal value": lambda twin, at: written(twin, ((b"name", b"x\n"),), at, END_STREAM),
    "illegal unindexed value": lambda twin, at: written(
        twin, (NeverIndexedHeaderTuple(b"name", b" x"),), at, END_STREAM
    ),
    "raw binary value": lambda twin, at: written(twin, ((b"name-bin", b"\0\n\0"),), at, END_STREAM),
}

# What it may not write.
FORBIDDEN: dict[str, Callable[[Twin, int], bytes]] = {
    "data beyond the window": lambda twin, at: b"".join(frame(DATA, 0, at, bytes(16384)) for _ in range(5)),
    "data on an idle stream": lambda twin, at: frame(DATA, 0, next_id(twin), b"data"),
    "data on no stream": lambda twin, at: frame(DATA, 0, 0, b"data"),
    "data with too much padding": lambda twin, at: frame(DATA, PADDED, at, b"\x09data"),
    "frame over the limit": lambda twin, at: frame(DATA, 0, at, bytes(16385)),
    "trailers that do not end": lambda twin, at: written(twin, TRAILERS, at),
    "broken block": lambda twin, at: frame(HEADERS, END_HEADERS | END_STREAM, at, b"\xff\xff\xff\xff\xff\xff\xff"),
    "truncated literal": lambda twin, at: frame(HEADERS, END_HEADERS | END_STREAM, at, b"\x10\x01a\x09b"),
    "lone continuation": lambda twin, at: frame(CONTINUATION, END_HEADERS, at, b""),
    "ping within a header block": lambda twin, at: frame(HEADERS, 0, at, b"") + frame(PING, 0, 0, bytes(8)),
    "data within a header block": lambda twin, at: frame(HEADERS, 0, at, b"") + frame(DATA, 0, at, b"data"),
    "window update of zero": lambda twin, at: frame(WINDOW_UPDATE, 0, at, number(0)),
    "window update with the reserved bit": lambda twin, at: frame(WINDOW_UPDATE, 0, at, number(2**31 + 1)),
    "window update of another length": lambda twin, at: frame(WINDOW_UPDATE, 0, at, b"\0\0\1"),
    "window update of an idle stream": lambda twin, at: frame(WINDOW_UPDATE, 0, next_id(twin), number(1)),
    "window update beyond the largest window of the connection": lambda twin, at: frame(
        WINDOW_UPDATE, 0, 0, number(2**31 - 1)
    ),
    "reset of another length": lambda twin, at: frame(RST_STREAM, 0, at, b"\0\0\1"),
    "ping of another length": lambda twin, at: frame(PING, 0, 0, b"1234567"),
    "ping on a stream": lambda twin, at: frame(PING, 0, at, b"12345678"),
    "illegal setting": lambda twin, at: settings({4: 2**31}),
    "settings on a stream": lambda twin, at: frame(SETTINGS, 0, at, b""),
    "windows that overflow by a setting": lambda twin, at: (
        frame(WINDOW_UPDATE, 0, at, number(2**31 - 70000)) + settings({4: 2**31 - 1})
    ),
}


def _resized(twin: Twin, headers: Any) -> Any:
    """The headers, after the pen has made its table smaller and larger again."""
    pen(twin).header_table_size = 0
    pen(twin).header_table_size = 4096
    return headers


FEEDINGS = pytest.mark.parametrize(
    "sizes", [pytest.param((), id="whole"), pytest.param((1,) * 500, id="bytes"), pytest.param((5, 8, 2, 11), id="cut")]
)


@ROLES
@FEEDINGS
class TestUnusualFrames:
    """In the middle of a session, with data of the same stream before and behind, however the bytes arrive."""

    @pytest.mark.parametrize("what", ALLOWED)
    def test_allowed(self, client_side: bool, sizes: tuple[int, ...], what: str) -> None:
        twin = started(client_side)
        at = begun(twin)
        twin.take_equal()
        twin.receive(frame(DATA, 0, at, b"before") + ALLOWED[what](twin, at), sizes)
        assert twin.error is None
        twin.receive(frame(PING, 0, 0, b"behind.."), sizes)
        twin.take_equal()
        exchange(twin)
        assert twin.error is None
        assert twin.plain.state_machine.state is not ConnectionState.CLOSED

    @pytest.mark.parametrize("what", FORBIDDEN)
    def test_forbidden(self, client_side: bool, sizes: tuple[int, ...], what: str) -> None:
        twin = started(client_side)
        at = begun(twin)
        twin.take_equal()
        twin.receive(frame(DATA, 0, at, b"before") + FORBIDDEN[what](twin, at) + frame(DATA, 0, at, b"behind"), sizes)
        assert isinstance(twin.error, h2.exceptions.ProtocolError)
        assert twin.plain.state_machine.state is ConnectionState.CLOSED
        twin.take_equal()  # the GOAWAY
        twin.receive(frame(PING, 0, 0, b"12345678"))
        assert isinstance(twin.error, h2.exceptions.ProtocolError)


# What may come late.
LATE: dict[str, Callable[[Twin, int], bytes]] = {
    "data": lambda twin, at: frame(DATA, 0, at, bytes(16384)) * 3,
    "last data": lambda twin, at: frame(DATA, END_STREAM, at, b"data"),
    "trailers": lambda twin, at: written(twin, TRAILERS, at, END_STREAM),
    "reset": lambda twin, at: frame(RST_STREAM, 0, at, number(8)),
    "window update": lambda twin, at: frame(WINDOW_UPDATE, 0, at, number(7)),
    "continuation": lambda twin, at: frame(CONTINUATION, END_HEADERS, at, b""),
}


@ROLES
class TestClosedStreams:
    """Frames that come late are answered by how the stream was closed."""

    @pytest.mark.parametrize("what", LATE)
    @pytest.mark.parametrize("swept", [False, True])
    @pytest.mark.parametrize("how", ["ended", "reset here", "reset there", "skipped"])
    def test_late_frames(self, client_side: bool, what: str, swept: bool, how: str) -> None:
        twin = started(client_side)
        if how == "ended":
            at = exchange(twin)
        elif how == "skipped":
            at = next_id(twin)
            vars(twin)["next_stream"] += 2
            begun(twin)
        else:
            at = begun(twin)
            if how == "reset here":
                twin.call("reset_stream", at, 8)
            else:
                twin.receive(frame(RST_STREAM, 0, at, number(8)))
        if swept:
            begun(twin)
        twin.take()
        twin.receive(LATE[what](twin, at))
        if how == "reset here" and "data" in what:
            twin.take()  # that it is not answered by another reset is all that differs
        else:
            twin.take_equal()

    def test_data_on_a_stream_that_was_reset_here_are_only_counted(self, client_side: bool) -> None:
        twin = started(client_side)
        at = begun(twin)
        twin.call("reset_stream", at, 8)
        twin.take_equal()
        twin.receive(frame(DATA, 0, at, bytes(1000)) + frame(DATA, END_STREAM, at, bytes(24)))
        assert (twin.tuned.late_bytes, twin.tuned.late_frames) == (1024, 0)
        assert twin.tuned.data_to_send() == b""

    def test_late_data_give_the_connection_its_window_back(self, client_side: bool) -> None:
        twin = started(client_side)
        at = begun(twin)
        twin.call("reset_stream", at, 8)
        twin.take()
        for _ in range(20):
            twin.receive(frame(DATA, 0, at, bytes(16384)))
            assert twin.error is None
        twin.take()

    @pytest.mark.parametrize("what", ["trailers", "reset", "window update"])
    @pytest.mark.parametrize("how", ["reset here", "reset there"])
    def test_other_frames_on_a_stream_that_was_reset_are_counted(self, client_side: bool, what: str, how: str) -> None:
        twin = started(client_side)
        at = begun(twin)
        if how == "reset here":
            twin.call("reset_stream", at, 8)
        else:
            twin.receive(frame(RST_STREAM, 0, at, number(8)))
        twin.receive(LATE[what](twin, at))
        assert (twin.tuned.late_bytes, twin.tuned.late_frames) == (0, 1)

    @pytest.mark.parametrize("what", ["reset", "window update"])
    def test_what_may_come_on_a_stream_that_has_ended_is_not_counted(self, client_side: bool, what: str) -> None:
        twin = started(client_side)
        twin.receive(LATE[what](twin, exchange(twin)))
        assert (twin.tuned.late_bytes, twin.tuned.late_frames) == (0, 0)

    def test_are_removed_when_a_stream_is_opened(self, client_side: bool) -> None:
        twin = started(client_side)
        before = exchange(twin)
        after = begun(twin)
        assert before not in twin.tuned.streams
        assert list(twin.tuned.streams) == [after]


class TestLimits:
    def test_stream_of_the_wrong_side_is_refused(self) -> None:
        twin = started(client_side=False)
        twin.receive(written(twin, REQUEST, 2))
        assert isinstance(twin.error, h2.exceptions.ProtocolError)
        twin.take_equal()

    def test_streams_beyond_the_limit_are_refused(self) -> None:
        twin = started(client_side=False)
        twin.call("update_settings", {3: 2})
        twin.receive(frame(SETTINGS, ACK, 0))
        opened(twin)
        opened(twin)
        twin.take_equal()
        twin.receive(written(twin, REQUEST, next_id(twin)))
        assert isinstance(twin.error, h2.exceptions.TooManyStreamsError)
        twin.take_equal()

    def test_streams_that_were_closed_do_not_count(self) -> None:
        twin = started(client_side=False)
        twin.call("update_settings", {3: 1})
        twin.receive(frame(SETTINGS, ACK, 0))
        for _ in range(3):
            exchange(twin)
        twin.receive(frame(RST_STREAM, 0, opened(twin), number(8)))
        twin.call("reset_stream", opened(twin))
        opened(twin)
        assert twin.error is None

    @ROLES
    def test_stream_that_ended_with_headers_of_h2s_does_not_count(self, client_side: bool) -> None:
        twin = started(client_side)
        if client_side:
            twin.receive(settings({3: 1}))
        else:
            twin.call("update_settings", {3: 1})
            twin.receive(frame(SETTINGS, ACK, 0))
        for _ in range(3):
            at = begun(twin)
            if not client_side:
                twin.call("send_headers", at, RESPONSE)
            twin.call("end_stream", at)
            coded = b"\0" + pen(twin).encode(TRAILERS)  # padded, by nothing
            twin.receive(frame(HEADERS, END_HEADERS | END_STREAM | PADDED, at, coded))
            assert twin.error is None

    @ROLES
    def test_window_of_the_connection_holds_for_all_streams(self, client_side: bool) -> None:
        twin = started(client_side)
        twin.call("update_settings", {4: 100000})
        twin.receive(frame(SETTINGS, ACK, 0))
        for at in (begun(twin), begun(twin)):
            twin.receive(frame(DATA, 0, at, bytes(16384)) + frame(DATA, 0, at, bytes(16000)))
            assert twin.error is None
        twin.receive(frame(DATA, 0, at, bytes(800)))
        assert isinstance(twin.error, h2.exceptions.FlowControlError)

    def test_window_that_a_setting_made_negative_takes_no_data(self) -> None:
        twin = started(client_side=False)
        at = opened(twin)
        twin.receive(frame(DATA, 0, at, b"0123456789"))
        twin.call("update_settings", {4: 5})
        twin.receive(frame(SETTINGS, ACK, 0))
        assert twin.call("remote_flow_control_window", at) == -5
        twin.receive(frame(DATA, 0, at, b""))
        assert isinstance(twin.error, h2.exceptions.FlowControlError)

    def test_frame_size_rises_once_the_setting_is_acknowledged(self) -> None:
        twin = started(client_side=False)
        at = opened(twin)
        twin.call("update_settings", {5: 20000})
        twin.receive(frame(SETTINGS, ACK, 0))
        twin.receive(frame(DATA, 0, at, bytes(20000)))
        assert twin.error is None
        twin.receive(frame(DATA, 0, at, bytes(20001)))
        assert isinstance(twin.error, h2.exceptions.FrameTooLargeError)

    def test_header_list_over_a_lowered_limit_is_refused_though_it_is_known(self) -> None:
        twin = started(client_side=False)
        exchange(twin)
        twin.call("update_settings", {6: 100})
        twin.receive(frame(SETTINGS, ACK, 0))
        twin.receive(written(twin, REQUEST, next_id(twin)))
        assert isinstance(twin.error, h2.exceptions.DenialOfServiceError)

    def test_table_that_was_not_shrunk_is_refused_though_the_block_is_known(self) -> None:
        twin = started(client_side=False)
        exchange(twin)
        twin.call("update_settings", {1: 0})
        twin.receive(frame(SETTINGS, ACK, 0))
        twin.receive(written(twin, REQUEST, next_id(twin)))
        assert isinstance(twin.error, h2.exceptions.ProtocolError)


class TestHeaders:
    @pytest.mark.parametrize(
        "request_headers",
        [
            pytest.param((*REQUEST, (b"cookie", b"a"), (b"x", b"y"), (b"cookie", b"b")), id="cookies are left apart"),
            pytest.param((*REQUEST, (b"content-length", b"9")), id="content-length is dropped"),
            pytest.param((*REQUEST, (b"host", b"host")), id="host agrees"),
            pytest.param((*REQUEST, (b"host", b"other")), id="host disagrees"),
            pytest.param((*REQUEST[:3], (b"host", b"host")), id="host alone"),
            pytest.param(REQUEST[:3], id="neither host nor authority"),
            pytest.param((*REQUEST, (b":scheme", b"http")), id="pseudo-header behind"),
            pytest.param((*REQUEST[:2], *REQUEST[1:]), id="pseudo-header twice"),
            pytest.param((*REQUEST[:2], (b":path", b""), *REQUEST[3:]), id="empty path"),
            pytest.param((*REQUEST, (b"connection", b"close")), id="connection header"),
            pytest.param((*REQUEST, (b"", b"x")), id="empty name"),
            pytest.param((*REQUEST, (b"a:b", b"x")), id="colon in a name"),
            pytest.param((*REQUEST, (b"te", b"gzip")), id="other te"),
            pytest.param(((b":method", b"CONNECT"), (b":authority", b"host")), id="connect"),
            pytest.param(((b":method", b"CONNECT"), *REQUEST[1:]), id="connect with a path"),
            pytest.param((*REQUEST, NeverIndexedHeaderTuple(b"te", b"trailers")), id="unindexed te"),
        ],
    )
    def test_requests_are_taken_as_by_h2_each_time(self, request_headers: Any) -> None:
        twin = started(client_side=False)
        for _ in range(4):
            at = next_id(twin)
            vars(twin)["next_stream"] += 2
            twin.receive(written(twin, request_headers, at) + frame(DATA, END_STREAM, at, b"question"))
            twin.take_equal()

    @pytest.mark.parametrize("status", [b"100", b"103", b"200", b"404", b""])
    def test_responses_are_taken_as_by_h2_each_time(self, status: bytes) -> None:
        twin = started(client_side=True)
        for _ in range(4):
            at = opened(twin)
            twin.receive(written(twin, ((b":status", status), (b"x", b"y")), at))
            twin.receive(written(twin, RESPONSE, at))  # refused, unless the first was informational
            twin.take_equal()
            if twin.error is not None:
                break

    def test_answer_to_head_has_no_body(self) -> None:
        twin = started(client_side=True)
        at = next_id(twin)
        twin.call("send_headers", at, ((b":method", b"HEAD"), *REQUEST[1:]), end_stream=True)
        twin.receive(written(twin, (*RESPONSE, (b"content-length", b"9")), at, END_STREAM))
        assert twin.error is None

    def test_answer_to_head_without_a_length_has_no_body_either(self) -> None:
        twin = started(client_side=True)
        at = next_id(twin)
        twin.call("send_headers", at, ((b":method", b"HEAD"), *REQUEST[1:]))
        twin.receive(written(twin, RESPONSE, at) + frame(DATA, 0, at, b"body"))
        assert isinstance(twin.error, h2.exceptions.InvalidBodyLengthError)

    def test_values_that_change_are_read_each_time(self) -> None:
        twin = started(client_side=False)
        for value in (b"1m", b"2m", b"", b"long" * 60, b"2m", b"long" * 61):
            at = next_id(twin)
            vars(twin)["next_stream"] += 2
            timeout = NeverIndexedHeaderTuple(b"grpc-timeout", value)
            (event,) = twin.receive(written(twin, (*REQUEST[:4], timeout, *REQUEST[4:]), at))
            assert isinstance(event, h2.events.RequestReceived)
            assert dict(event.headers)[b"grpc-timeout"] == value

    def test_headers_of_an_event_are_its_own(self) -> None:
        twin = started(client_side=False)
        for _ in range(2):
            at = next_id(twin)
            vars(twin)["next_stream"] += 2
            twin.receive(written(twin, REQUEST, at))
        known = twin.tuned.receive_data(block := written(twin, REQUEST, next_id(twin)))
        known[0].headers.clear()  # type: ignore[attr-defined]
        again = twin.tuned.receive_data(frame(HEADERS, END_HEADERS, next_id(twin) + 2, block[9:]))
        assert tuple(map(tuple, again[0].headers)) == REQUEST  # type: ignore[attr-defined]

    def test_end_of_the_stream_is_an_event_of_its_own_and_hangs_on_the_other(self) -> None:
        twin = started(client_side=True)
        at = begun(twin)
        data, ended = twin.tuned.receive_data(frame(DATA, END_STREAM, at, b"data"))
        assert isinstance(data, h2.events.DataReceived)
        assert isinstance(ended, h2.events.StreamEnded)
        assert data.stream_ended is ended


class TestRows:
    """Ordinary frames do not go through h2's own reception, and say nothing to its loggers."""

    @ROLES
    def test_take_the_frames_of_an_exchange(self, client_side: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        twin = started(client_side)

        def refuse(*args: Any) -> Any:
            raise AssertionError("not by its row")

        monkeypatch.setattr(twin.tuned, "_receive_frame", refuse)
        monkeypatch.setattr(twin.tuned, "_begin_new_stream", refuse)
        monkeypatch.setattr(twin.tuned, "_prepare_for_sending", refuse)
        monkeypatch.setattr(type(twin.tuned.decoder), "decode", refuse)
        monkeypatch.setattr(twin.tuned.encoder, "encode", refuse)
        exchange(twin)
        at = begun(twin)
        twin.receive(frame(PING, 0, 0, bytes(8)) + frame(PING, ACK, 0, bytes(8)))
        twin.receive(frame(WINDOW_UPDATE, 0, 0, number(1)) + frame(WINDOW_UPDATE, 0, at, number(1)))
        twin.receive(frame(RST_STREAM, 0, at, number(8)))
        twin.take_equal()

    def test_take_any_buffer(self) -> None:
        twin = started(client_side=False)
        at = begun(twin)
        for kind in (bytearray, memoryview):
            twin.call("receive_data", kind(frame(DATA, 0, at, b"data")))
            assert twin.error is None

    def test_copy_no_more_than_the_frame_that_is_in_pieces(self) -> None:
        twin = started(client_side=False)
        at = begun(twin)
        data = frame(DATA, 0, at, b"1" * 100) + frame(DATA, 0, at, b"2" * 100)
        twin.receive(data, (50, 60))
        assert bytes(twin.tuned.incoming_buffer._data) == b""
        twin.receive(data[:150])
        assert len(twin.tuned.incoming_buffer._data) == 150 - 109


class TestPush:
    def test_pushed_streams_are_counted_apart(self) -> None:
        twin = started(client_side=True)
        at = opened(twin)
        promise = number(2) + pen(twin).encode(REQUEST[:4])
        twin.receive(frame(PUSH_PROMISE, END_HEADERS, at, promise))
        twin.receive(written(twin, RESPONSE, 2))
        assert twin.error is None
        for name in ("open_inbound_streams", "open_outbound_streams"):
            assert twin.both(lambda connection, name=name: getattr(connection, name)) == 1
        exchange(twin)

    def test_pushing_is_as_in_h2(self) -> None:
        twin = started(client_side=False)
        at = opened(twin)
        twin.call("push_stream", at, 2, REQUEST[:4])
        twin.call("send_headers", 2, RESPONSE, end_stream=True)
        exchange(twin)
        for name in ("open_inbound_streams", "open_outbound_streams"):
            twin.both(lambda connection, name=name: getattr(connection, name))
        twin.take()


class TestGoaway:
    """The one frame that is received otherwise than by h2."""

    def test_is_an_event_and_changes_nothing(self) -> None:
        twin = started(client_side=True)
        at = begun(twin)
        twin.tuned.send_data(at, b"unsent")
        state = twin.tuned.state_machine.state
        (event,) = twin.tuned.receive_data(frame(GOAWAY, 0, 0, number(at) + number(0) + b"max_age"))
        assert isinstance(event, h2.events.ConnectionTerminated)
        assert (event.last_stream_id, event.error_code) == (at, ErrorCodes.NO_ERROR)
        assert event.additional_data == b"max_age"
        assert twin.tuned.state_machine.state is state
        assert twin.tuned.data_to_send().endswith(b"unsent")
        events = twin.tuned.receive_data(written(twin, TRAILERS, at, END_STREAM))
        assert isinstance(events[-1], h2.events.StreamEnded)

    @pytest.mark.parametrize("body", [number(5) + number(0), number(2**31 + 5) + number(11) + b"why", bytes(8)])
    def test_makes_the_event_of_h2(self, body: bytes) -> None:
        twin = started(client_side=True)
        plain, tuned = (connection.receive_data(frame(GOAWAY, 0, 0, body)) for connection in (twin.plain, twin.tuned))
        assert [vars(event) for event in plain] == [vars(event) for event in tuned]

    @pytest.mark.parametrize("bad", [frame(GOAWAY, 0, 1, bytes(8)), frame(GOAWAY, 0, 0, bytes(7))])
    def test_is_refused_as_by_h2_if_broken(self, bad: bytes) -> None:
        twin = started(client_side=True)
        twin.receive(bad)
        assert isinstance(twin.error, h2.exceptions.ProtocolError)
        twin.take_equal()


def test_second_half_of_a_frame_is_not_scanned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large frame in many pieces costs h2's parser one look, at its header."""
    twin = started(client_side=False)
    at = begun(twin)
    looks = []
    original = H2Connection._receive_frame
    monkeypatch.setattr(H2Connection, "_receive_frame", lambda self, one: looks.append(one) or original(self, one))
    data = frame(DATA, 0, at, bytes(16384))
    for start in range(0, len(data), 100):
        twin.tuned.receive_data(data[start : start + 100])
    assert looks == []


def test_a_header_block_that_runs_on_is_ended_before_it_fills_the_memory() -> None:
    connection = make_connection(client_side=False)
    connection.max_inbound_frame_size = 1024 * 1024
    client = H2Connection()
    client.initiate_connection()
    connection.initiate_connection()
    connection.receive_data(client.data_to_send())
    connection.clear_outbound_data_buffer()
    connection.receive_data(frame(HEADERS, 0, 1, bytes(200 * 1024)))
    with pytest.raises(h2.exceptions.DenialOfServiceError):
        connection.receive_data(frame(CONTINUATION, 0, 1, bytes(100 * 1024)))
    goaway = connection.data_to_send()
    assert goaway[3] == GOAWAY
    assert goaway[13:17] == number(ErrorCodes.ENHANCE_YOUR_CALM)
