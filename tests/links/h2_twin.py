"""A plain and a tuned connection that live the same life, compared after every step."""

from __future__ import annotations

import dataclasses
import re
import struct
from typing import TYPE_CHECKING, Any, Callable, Iterable, Optional

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import Event
from h2.exceptions import FrameTooLargeError
from hpack import Decoder, Encoder, HeaderTuple, HPACKError
from hyperframe.frame import ExtensionFrame, Frame

from grpc._links._h2_hpack import LengthlessDecoder
from grpc._links._h2_receiving import TunedConnection
from grpc._links._h2_tuning import configuration

if TYPE_CHECKING:
    from h2.stream import H2Stream

_ADDRESS = re.compile(" at 0x[0-9a-f]+")

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x01
END_HEADERS = 0x04
PADDED = 0x08
PRIORITISED = 0x20


def frame(kind: int, flags: int, stream_id: int, body: bytes = b"") -> bytes:
    """One frame, exactly as told."""
    return struct.pack(">IBI", len(body) << 8 | kind, flags, stream_id) + body


def settings(values: dict[int, int]) -> bytes:
    """One SETTINGS frame."""
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", code, value) for code, value in values.items()))


def describe(value: Any) -> Any:
    """Everything that can be seen of an event, as something that compares."""
    if isinstance(value, Event):
        names = {name for name in vars(value) if not name.startswith("_")}
        if dataclasses.is_dataclass(value):
            names |= {field.name for field in dataclasses.fields(value)}
        return type(value), [(name, describe(getattr(value, name))) for name in sorted(names)]
    if isinstance(value, ExtensionFrame):
        return ExtensionFrame, value.type, value.flag_byte, value.stream_id, value.body
    if isinstance(value, dict):
        return {key: repr(item) for key, item in value.items()}
    if isinstance(value, list):
        return [describe(item) for item in value]
    if isinstance(value, HeaderTuple):
        return type(value), tuple(value)
    return value


def _outcome(act: Callable[[H2Connection], Any], connection: H2Connection) -> tuple[Any, Optional[BaseException]]:
    """What comes of doing something to a connection: a result, or an error."""
    try:
        return act(connection), None
    except Exception as error:
        return None, error


class FrameReader:
    """Decodes output to frames, header blocks to headers, with the table of one receiver."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._decoder.max_allowed_table_size = 2**20
        self._decoder.max_header_list_size = 2**24
        self._block = b""

    def read(self, data: bytes) -> list[Any]:
        """All frames of some output, which holds whole ones only."""
        frames: list[Any] = []
        if data.startswith(PREFACE):
            frames.append(PREFACE)
            data = data[len(PREFACE) :]
        while data:
            one, length = Frame.parse_frame_header(memoryview(data[:9]))
            body, data = data[9 : 9 + length], data[9 + length :]
            kind, flags = one.type, sorted(one.flags)
            if kind not in (HEADERS, CONTINUATION):
                frames.append((kind, flags, one.stream_id, body))
                continue
            one.parse_body(memoryview(body))
            self._block += one.data  # type: ignore[attr-defined]
            headers: Optional[list[Any]] = None
            if "END_HEADERS" in one.flags:
                try:
                    headers = describe(list(self._decoder.decode(self._block, raw=True)))
                except HPACKError:
                    headers = []  # h2 has dropped a block with an error after it was encoded
                self._block = b""
            frames.append((kind, flags, one.stream_id, headers))
        return frames


class PlainConnection(H2Connection):
    """h2 as it is, except that it hears nothing of content-length, and refuses overlong frames by their headers."""

    def __init__(self, client_side: bool) -> None:
        super().__init__(configuration(client_side))
        self.decoder = LengthlessDecoder(self.DEFAULT_MAX_HEADER_LIST_SIZE)

    def receive_data(self, data: Any) -> list[Event]:
        events = super().receive_data(data)
        pending, limit = self.incoming_buffer._data, self.incoming_buffer.max_frame_size
        length = int.from_bytes(pending[:3], "big")
        if len(pending) >= 9 and length > limit:
            self.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
            raise FrameTooLargeError(f"Received overlong frame: length {length}, max {limit}")
        return events


class GluedConnection(TunedConnection):
    """The tuned connection, except that a long DATA frame is one event, when it is whole: as it is in plain h2."""

    def __init__(self, client_side: bool) -> None:
        super().__init__(configuration(client_side))
        self.unfinished: Optional[H2Stream] = None  # whose frame has begun to arrive
        self.begun = b""  # that frame, as far as it has arrived

    @property
    def size(self) -> int:
        """The octets of the body that has begun to arrive."""
        return max(0, len(self.begun) - 9) + self._body_left if self.unfinished else 0

    def _begin_body(self, data: Any, position: int, events: list[Event]) -> bool:
        self.begun = bytes(data[position : position + 9])
        return super()._begin_body(data, position, events)

    def _receive_body(self, data: Any, position: int, events: list[Event]) -> int:
        self.unfinished = self._body_stream
        count = len(events)
        stop = super()._receive_body(data, position, events)
        self.begun += data[position:stop]
        if not self._body_left:
            self.unfinished = None
            piece: Any = events[count]
            assert piece.flow_controlled_length == len(piece.data) == stop - position
            piece.data = self.begun[9:]
            piece.flow_controlled_length = len(piece.data)
        else:
            del events[count:]
        return stop


class Twin:
    """One role, twice: what is done to it is done to both, and must look the same.

    Args:
        client_side: The role.
        long_body: From how many octets on the tuned one hands a DATA frame on as it comes, if not as ever.
    """

    def __init__(self, client_side: bool, long_body: Optional[int] = None) -> None:
        self.client_side = client_side
        self.plain = PlainConnection(client_side)
        self.tuned = GluedConnection(client_side)
        if long_body is not None:
            self.tuned._long_body = long_body
        self.error: Optional[BaseException] = None
        self._readers = FrameReader(), FrameReader()
        self._reset_here: set[int] = set()
        self.exact_buffers = True  # whether input is kept in h2's own buffer to the last byte

    def both(self, act: Callable[[H2Connection], Any]) -> Any:
        """Does one thing to both; returns the result, or None after an error, which is kept in `error`."""
        outcomes = [_outcome(act, connection) for connection in (self.plain, self.tuned)]
        (plain, plain_error), (tuned, tuned_error) = outcomes
        if type(plain_error) is not type(tuned_error):
            raise AssertionError(f"{plain_error!r} from plain, {tuned_error!r} from tuned") from (
                tuned_error or plain_error
            )
        texts = [_ADDRESS.sub("", str(error)) for error in (plain_error, tuned_error)]
        assert texts[0] == texts[1]
        assert describe(plain) == describe(tuned)
        self.error = plain_error
        self.compare_states()
        return plain

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Calls one method of both."""
        return self.both(lambda connection: getattr(connection, name)(*args, **kwargs))

    def receive(self, data: bytes, sizes: Iterable[int] = ()) -> list[Event]:
        """Lets both receive data in pieces of the sizes, the rest in one; returns all events before an error."""
        events: list[Event] = []
        self.error = None
        for size in sizes:
            if not data or self.error:
                break
            events += self.call("receive_data", data[:size]) or []
            data = data[size:]
        if data and not self.error:
            events += self.call("receive_data", data) or []
        return events

    def take(self) -> bytes:
        """Takes the output of both, compares it, and returns that of the plain one."""
        plain, tuned = self.plain.data_to_send(), self.tuned.data_to_send()
        frames = [reader.read(data) for reader, data in zip(self._readers, (plain, tuned))]
        known = frozenset(self._reset_here)
        assert self._without_repetition(frames[0], known) == self._without_repetition(frames[1], known)
        return plain

    def _without_repetition(self, frames: list[Any], known: frozenset[int]) -> list[Any]:
        """Leaves out the answers to late frames; those to DATA are what plain h2 sends and the tuned one does not."""
        reset, left = set(known), []
        for one in frames:
            if one[0] != RST_STREAM:
                left.append(one)
            elif one[2] not in reset or one[3] != struct.pack(">I", ErrorCodes.STREAM_CLOSED):
                reset.add(one[2])
                left.append(one)
        self._reset_here |= reset
        return left

    def take_equal(self) -> bytes:
        """Takes the output of both, which must be the same bytes."""
        plain, tuned = self.plain.data_to_send(), self.tuned.data_to_send()
        assert plain == tuned
        return plain

    def compare_states(self) -> None:
        """Compares all that later behaviour can depend on."""
        assert self._state(self.plain) == self._state(self.tuned)

    def _state(self, connection: H2Connection) -> Any:
        incoming = connection.incoming_buffer
        glued = connection if isinstance(connection, GluedConnection) and connection.unfinished else None
        window = dict(vars(connection._inbound_flow_control_window_manager))
        pending = glued.begun if glued else bytes(incoming._data)
        if glued:
            window["current_window_size"] += glued.size
        return {
            "state": connection.state_machine.state,
            "streams": {
                stream_id: self._stream(stream, glued.size if glued and glued.unfinished is stream else 0)
                for stream_id, stream in connection.streams.items()
            },
            "closed": dict(connection._closed_streams),
            "highest": (connection.highest_inbound_stream_id, connection.highest_outbound_stream_id),
            "windows": (connection.outbound_flow_control_window, *window.values()),
            "frames": (connection.max_inbound_frame_size, connection.max_outbound_frame_size),
            "pending": self.exact_buffers and (pending, len(incoming._headers_buffer), incoming._preamble_len),
            "encoder": list(connection.encoder.header_table.dynamic_entries),
            "decoder": list(connection.decoder.header_table.dynamic_entries),
            "settings": (dict(connection.local_settings), dict(connection.remote_settings)),
        }

    def _stream(self, stream: Any, unfinished: int) -> Any:
        machine, window = stream.state_machine, stream._inbound_window_manager
        return (
            (machine.state, machine.client, machine.headers_sent, machine.trailers_sent),
            (machine.headers_received, machine.trailers_received, machine.stream_closed_by),
            (stream.stream_id, stream.max_outbound_frame_size, stream.request_method, stream._authority),
            (stream.outbound_flow_control_window, stream._expected_content_length),
            stream._actual_content_length - unfinished,
            (window.max_window_size, window.current_window_size + unfinished, window._bytes_processed),
        )


def started(client_side: bool, long_body: Optional[int] = None) -> Twin:
    """A twin whose connection is in use, one exchange being over: the tables hold what it sent and received."""
    twin = Twin(client_side, long_body)
    twin.call("initiate_connection")
    twin.receive((b"" if client_side else PREFACE) + settings({}) + frame(SETTINGS, ACK, 0))
    for _ in range(3):  # the third time, everything is known by heart
        exchange(twin)
    twin.take_equal()
    return twin


REQUEST = (
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/a.B/C"),
    (b":authority", b"host"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
)
RESPONSE = ((b":status", b"200"), (b"content-type", b"application/grpc"))
TRAILERS = ((b"grpc-status", b"0"),)


def pen(twin: Twin) -> Encoder:
    """The encoder of the twin's peer, which is no connection."""
    encoder: Encoder = vars(twin).setdefault("pen", Encoder())
    return encoder


def written(twin: Twin, headers: Any, stream_id: int, flags: int = 0) -> bytes:
    """A HEADERS frame of the twin's peer."""
    return frame(HEADERS, END_HEADERS | flags, stream_id, pen(twin).encode(headers))


def opened(twin: Twin, end_stream: bool = False) -> int:
    """Opens a stream from whichever side opens them, and returns its id."""
    stream_id: int = vars(twin).setdefault("next_stream", 1)
    vars(twin)["next_stream"] = stream_id + 2
    if twin.client_side:
        twin.call("send_headers", stream_id, REQUEST, end_stream=end_stream)
    else:
        twin.receive(written(twin, REQUEST, stream_id, END_STREAM if end_stream else 0))
    assert twin.error is None
    return stream_id


def begun(twin: Twin) -> int:
    """Opens a stream on which the peer may send data, and returns its id."""
    stream_id = opened(twin)
    if twin.client_side:
        twin.receive(written(twin, RESPONSE, stream_id))
    return stream_id


def exchange(twin: Twin) -> int:
    """Lives through one unary call, and returns its stream's id."""
    stream_id = opened(twin)
    if twin.client_side:
        twin.call("send_data", stream_id, b"question", end_stream=True)
        twin.receive(
            written(twin, RESPONSE, stream_id)
            + frame(DATA, 0, stream_id, b"answer")
            + written(twin, TRAILERS, stream_id, END_STREAM)
        )
    else:
        twin.receive(frame(DATA, END_STREAM, stream_id, b"question"))
        twin.call("send_headers", stream_id, RESPONSE)
        twin.call("send_data", stream_id, b"answer")
        twin.call("send_headers", stream_id, TRAILERS, end_stream=True)
    assert twin.error is None
    return stream_id
