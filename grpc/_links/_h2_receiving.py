"""The receiving half of the tuned connection: ordinary frames are read straight from the bytes that arrived.

`receive_data` walks over the frame headers. For each kind of frame that is common in gRPC there is a row: a function
that first makes sure that frame and state are ordinary, and then does to h2's own objects exactly what h2 would have
done. A row that is not sure returns False having changed nothing; the bytes of that frame then go into h2's own frame
buffer and through h2's own methods. So errors, their GOAWAY and anything unusual are always h2's own.

Bytes are copied once, out of what arrived; those of a frame that arrives in pieces wait in h2's buffer meanwhile. Long
DATA frames are the exception, see `_h2_bodies`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Callable, Optional

from h2.connection import _decode_headers
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    PingAckReceived,
    PingReceived,
    RequestReceived,
    ResponseReceived,
    StreamReset,
    TrailersReceived,
    WindowUpdated,
)
from h2.exceptions import DenialOfServiceError, ProtocolError
from h2.stream import STREAM_OPEN as _IS_OPEN
from h2.stream import StreamClosedBy, StreamState
from hyperframe.exceptions import InvalidPaddingError

from grpc._links._h2_bodies import BodyConnection, Data
from grpc._links._h2_checks import REQUEST, RESPONSE, TRAILERS, is_ordinary
from grpc._links._h2_graceful import MOST_HEADER_BYTES, connection_terminated

if TYPE_CHECKING:
    from h2._typing import Buffer
    from hyperframe.frame import Frame, GoAwayFrame

    from grpc._links._h2_stream import TunedStream

__all__ = ["TunedConnection"]

_OPEN = StreamState.OPEN
_HALF_CLOSED_LOCAL = StreamState.HALF_CLOSED_LOCAL
_CLOSED = StreamState.CLOSED

_MAX_CONCURRENT_STREAMS = 3
_MAX_STREAM_ID = _MAX_WINDOW = 2**31 - 1

_HEADER_BYTES = 9
_UNPACK_HEADER = struct.Struct(">IBI").unpack_from  # length and type in one word, flags, stream id
_UNPACK_WORD = struct.Struct(">I").unpack_from
_PACK_PING = struct.Struct(">IBI8s").pack

_END_STREAM = 0x01
_ACK = 0x01
_END_HEADERS = 0x04
_PADDED = 0x08
_PRIORITY = 0x20
_PING_OF_8 = 8 << 8 | 0x06

# Event classes by REQUEST, RESPONSE and TRAILERS. Events are made without their initialisers, which cost more than
# all the rest of a frame; what is not set here is a default, and that is an attribute of the class.
_EVENTS: tuple[type[Any], ...] = (RequestReceived, ResponseReceived, TrailersReceived)
_new: Callable[[type[Any]], Any] = object.__new__


class TunedConnection(BodyConnection):
    """An H2Connection for ordinary gRPC traffic, several times as fast as its base and otherwise the same.

    Differences that can be seen: GOAWAY is an announcement (see `GracefulConnection`), never-indexed header values
    are sent without Huffman coding once their name is known, DATA on a stream that was reset here is not answered by
    a second RST_STREAM (see `_h2_late`), and loggers hear nothing of ordinary frames. A long DATA frame may be several
    events, the last of which has the `stream_ended` if there is one; its windows are taken up when it begins, and what
    is left of it when the stream is reset from this side comes all the same, and does not end it. To be used with
    bytes headers and without validation and normalisation in either direction, as `make_connection` configures.
    """

    def receive_data(self, data: Buffer) -> list[Event]:
        """Takes bytes of the peer and returns what they mean, as `H2Connection.receive_data` does.

        Args:
            data: Whatever arrived; fastest as bytes if it is little, and as a memoryview if it is much.

        Returns:
            The events, in order. A GOAWAY is one of them and changes no state. The `data` of a long DATA frame is a
            view of a view.

        Raises:
            ProtocolError: The peer broke the protocol; the GOAWAY that tells it so waits in `data_to_send`.
        """
        if type(data) is not bytes and type(data) is not memoryview:
            data = bytes(data)
        events: list[Event] = []
        incoming = self.incoming_buffer
        # Where h2 has kept more than the beginning of one frame, it has to go on by itself.
        known_way = not incoming._preamble_len and (not incoming._data or self._is_ordinary())
        if not known_way:
            incoming.add_data(bytes(data))
        incoming.max_frame_size = self.max_inbound_frame_size
        try:
            if known_way:
                self._receive_bytes(data, events)
            else:
                self._receive_buffered(events)
        except InvalidPaddingError as error:
            self._terminate_connection(ErrorCodes.PROTOCOL_ERROR)
            raise ProtocolError("Received frame with invalid padding.") from error
        except ProtocolError as error:
            self._terminate_connection(error.error_code)
            raise
        return events

    def _receive_buffered(self, events: list[Event]) -> None:
        """Lets h2 itself receive what is complete in its buffer."""
        for frame in self.incoming_buffer:
            try:
                events.extend(self._receive_frame(frame))
            finally:
                self._note(frame.stream_id)
        pending = self.incoming_buffer._data
        if len(pending) >= _HEADER_BYTES:
            # h2 itself would wait for the whole body, up to 16 MiB of it, and only then refuse the length.
            self.incoming_buffer._validate_frame_length(int.from_bytes(pending[:3], "big"))
        waiting = self.incoming_buffer._headers_buffer
        if waiting and sum(len(frame.data) for frame in waiting) > MOST_HEADER_BYTES:
            raise DenialOfServiceError("Header block exceeds maximum length")

    def _receive_bytes(self, data: Data, events: list[Event]) -> None:
        """Receives the frames that the data completes, and leaves the rest in h2's buffer."""
        incoming = self.incoming_buffer
        position = 0
        if self._body_left:
            position = self._receive_body(data, 0, events)
        elif incoming._data:
            position = self._resume(data, events)
        position = self._receive_frames(data, position, events)
        if position < len(data) and not self._begin_body(data, position, events):
            incoming._data += data[position:]
            if len(data) - position >= _HEADER_BYTES:
                self._receive_buffered(events)  # h2 refuses some frames by their header alone

    def _resume(self, data: Data, events: list[Event]) -> int:
        """Completes the frame whose first bytes arrived before, and receives it.

        Returns:
            How much of the data belongs to that frame.
        """
        incoming = self.incoming_buffer
        position = 0
        try:
            if len(incoming._data) < _HEADER_BYTES:
                position = min(_HEADER_BYTES - len(incoming._data), len(data))
                incoming._data += data[:position]
                if len(incoming._data) < _HEADER_BYTES:
                    return position
                if self._begin_body(bytes(incoming._data), 0, events):
                    incoming._data.clear()
                    return self._receive_body(data, position, events)
                self._receive_buffered(events)  # refuses the header, or receives a frame without body
                if not incoming._data:
                    return position
            pending = incoming._data
            missing = _HEADER_BYTES + int.from_bytes(pending[:3], "big") - len(pending)
            start, position = position, min(position + missing, len(data))
            if position - start < missing:
                pending += data[start:position]
                return position
            frame = bytes(pending) + data[start:position]
            pending.clear()
            self._receive_frames(frame, 0, events)
        except Exception:
            incoming._data += data[position:]  # as h2: what was not looked at stays
            raise
        return position

    def _receive_frames(self, data: Data, position: int, events: list[Event]) -> int:
        """Receives all complete frames in the data from the position on, and returns where they end."""
        incoming = self.incoming_buffer
        ordinary = self._is_ordinary()
        limit = incoming.max_frame_size
        rows = _ROWS
        size = len(data)
        viewed = type(data) is not bytes
        stop = position
        try:
            while position + _HEADER_BYTES <= size:
                word, flags, stream_id = _UNPACK_HEADER(data, position)
                body = position + _HEADER_BYTES
                stop = body + (word >> 8)
                if stop > size:
                    break
                row = rows.get(word & 0xFF) if ordinary and word >> 8 <= limit else None
                if viewed and row is not None and (word & 0xFF or stop - body < self._long_body):
                    received = row(self, stream_id, flags, bytes(data[body:stop]), 0, stop - body, events)
                else:
                    received = row is not None and row(self, stream_id, flags, data, body, stop, events)
                if not received:
                    known_way = ordinary and word >> 8 <= limit
                    if not known_way or not stream_id or not self._receive_late(word, flags, stream_id, data, body):
                        incoming._data += data[position:stop]
                        self._receive_buffered(events)
                        ordinary = self._is_ordinary()
                position = stop
        except Exception:
            incoming._data += data[stop:]  # as h2: what was not looked at stays
            raise
        return position

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[Event]]:
        # In place of h2's method, which closes the connection and drops the output.
        return [], [connection_terminated(frame.last_stream_id, frame.error_code, frame.additional_data)]

    # Rows

    def _row_headers(self, stream_id: int, flags: int, data: bytes, body: int, stop: int, events: list[Event]) -> bool:
        if flags & (_END_HEADERS | _PADDED | _PRIORITY) != _END_HEADERS:
            return False
        stream = self._tuned_streams.get(stream_id)
        if stream is None:
            if not self._may_accept(stream_id):
                return False
            kind = REQUEST
        else:
            state = stream.state
            if (
                (state is not _OPEN and state is not _HALF_CLOSED_LOCAL)
                or stream._expected_content_length is not None
                or stream.request_method == b"HEAD"
            ):
                return False
            if not stream.headers_received:
                if stream.client is not True:
                    return False
                kind = RESPONSE
            elif stream.trailers_received or not flags & _END_STREAM:
                return False
            else:
                kind = TRAILERS
        block = data[body:stop]
        decoder = self._memo_decoder
        known = decoder.blocks[kind].get(block)
        headers: Optional[list[Any]] = known[:] if known is not None else decoder.recall(kind, block)
        if headers is None:
            headers = list(_decode_headers(decoder, block))
            if not is_ordinary(headers):
                self._receive_special_headers(stream_id, stream, headers, flags, events)
                return True
            decoder.learn(kind, block, headers)
        event = _new(_EVENTS[kind])
        event.stream_id = stream_id
        event.headers = headers
        events.append(event)
        if stream is None:
            self.highest_inbound_stream_id = stream_id
            stream = self._put_stream(stream_id)
            stream.state = _OPEN
            stream.client = False
            stream.headers_received = True
        elif kind == RESPONSE:
            stream.headers_received = True
        else:
            stream.trailers_received = True
        if flags & _END_STREAM:
            event.stream_ended = self._end_remotely(stream, events)
        return True

    def _may_accept(self, stream_id: int) -> bool:
        """Tells whether the peer may open this stream now, having removed the closed ones."""
        if self._client_side or not stream_id & 1 or not self.highest_inbound_stream_id < stream_id <= _MAX_STREAM_ID:
            return False
        if self._closing:
            self._sweep()
        limit = self.local_settings._settings.get(_MAX_CONCURRENT_STREAMS)
        # Where pushed streams are among them this counts too many; then h2 counts again.
        return limit is None or limit[0] is None or len(self.streams) < limit[0]

    def _receive_special_headers(
        self, stream_id: int, stream: Optional[TunedStream], headers: list[Any], flags: int, events: list[Event]
    ) -> None:
        """Lets h2 receive headers that mean more to it than others of their kind."""
        if stream is None:
            self.highest_inbound_stream_id = stream_id
            stream = self._put_stream(stream_id)
        try:
            _, made = stream.receive_headers(headers, bool(flags & _END_STREAM), self.config.header_encoding)
        finally:
            self._note(stream_id)
        events.extend(made)

    def _row_data(self, stream_id: int, flags: int, data: Data, body: int, stop: int, events: list[Event]) -> bool:
        size = stop - body
        stream = self._admit_data(stream_id, flags, size)
        if stream is None:
            return False
        event = _new(DataReceived)
        event.stream_id = stream_id
        event.data = data[body:stop]
        event.flow_controlled_length = size
        events.append(event)
        if flags & _END_STREAM:
            event.stream_ended = self._end_remotely(stream, events)
        return True

    def _row_window_update(
        self, stream_id: int, flags: int, data: bytes, body: int, stop: int, events: list[Event]
    ) -> bool:
        if stop - body != 4:
            return False
        (increment,) = _UNPACK_WORD(data, body)
        owner: Any = self._tuned_streams.get(stream_id) if stream_id else self
        if (
            owner is None
            or not 1 <= increment <= _MAX_WINDOW
            or (stream_id and not _IS_OPEN[owner.state])
            or owner.outbound_flow_control_window > _MAX_WINDOW - increment
        ):
            return False
        owner.outbound_flow_control_window += increment
        event = _new(WindowUpdated)
        event.stream_id = stream_id
        event.delta = increment
        events.append(event)
        return True

    def _row_rst_stream(
        self, stream_id: int, flags: int, data: bytes, body: int, stop: int, events: list[Event]
    ) -> bool:
        stream = self._tuned_streams.get(stream_id)
        if stream is None or not _IS_OPEN[stream.state] or stop - body != 4:
            return False
        (code,) = _UNPACK_WORD(data, body)
        stream.state = _CLOSED
        stream.stream_closed_by = StreamClosedBy.RECV_RST_STREAM
        self._closing.add(stream_id)
        event = _new(StreamReset)
        event.stream_id = stream_id
        event.error_code = _ERROR_CODES.get(code, code)
        events.append(event)
        return True

    def _row_ping(self, stream_id: int, flags: int, data: bytes, body: int, stop: int, events: list[Event]) -> bool:
        if stream_id or stop - body != 8:
            return False
        event = _new(PingAckReceived if flags & _ACK else PingReceived)
        event.ping_data = data[body:stop]
        events.append(event)
        if not flags & _ACK:
            self._output.append(_PACK_PING(_PING_OF_8, _ACK, 0, event.ping_data))
        return True


_ERROR_CODES: dict[int, ErrorCodes] = {int(code): code for code in ErrorCodes}

_ROWS: dict[int, Callable[[Any, int, int, Any, int, int, list[Event]], bool]] = {
    0x00: TunedConnection._row_data,
    0x01: TunedConnection._row_headers,
    0x03: TunedConnection._row_rst_stream,
    0x06: TunedConnection._row_ping,
    0x08: TunedConnection._row_window_update,
}
