"""DATA frames in. A long one is handed on as it comes, instead of being put together first and taken apart again.

What has arrived of a long body is an event at once. When its header arrives the frame is judged, and its windows are
taken up; after that nothing can be wrong with it any more. What is left of it after this side has reset the stream
comes all the same, for whoever keeps the book of the connection's window; but it does not end the stream.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Optional, Union

from h2.connection import ConnectionInputs
from h2.events import DataReceived, Event, StreamEnded
from h2.stream import StreamClosedBy, StreamState

from grpc._links._h2_late import LateConnection

if TYPE_CHECKING:
    from h2.config import H2Configuration

    from grpc._links._h2_stream import TunedStream

__all__ = ["BodyConnection", "Data"]

Data = Union[bytes, memoryview]

_OPEN = StreamState.OPEN
_HALF_CLOSED_LOCAL = StreamState.HALF_CLOSED_LOCAL
_HALF_CLOSED_REMOTE = StreamState.HALF_CLOSED_REMOTE
_CLOSED = StreamState.CLOSED

_HEADER_BYTES = 9
_UNPACK_HEADER = struct.Struct(">IBI").unpack_from  # length and type in one word, flags, stream id
_DATA = 0x00
_END_STREAM = 0x01
_PADDED = 0x08

# From how many bytes on a DATA frame is handed on as it comes. Below, to wait for the rest of it and copy it twice
# costs less than one event more.
_LONG_BODY = 16 * 1024

_new = object.__new__


class BodyConnection(LateConnection):
    """An H2Connection that receives DATA by short ways."""

    def __init__(self, config: H2Configuration) -> None:
        super().__init__(config)
        self._long_body = _LONG_BODY
        # Of the DATA frame whose body is arriving: how many bytes are to come, its stream and flags.
        self._body_left = 0
        self._body_stream: Optional[TunedStream] = None
        self._body_flags = 0

    def _is_ordinary(self) -> bool:
        """Tells whether the rows apply: the connection is in use and not within a header block."""
        return self.state_machine.state is self._open_state and not self.incoming_buffer._headers_buffer

    def _end_remotely(self, stream: TunedStream, events: list[Event]) -> StreamEnded:
        """Moves a stream that is open there as h2 does for RECV_END_STREAM."""
        ended = _new(StreamEnded)
        ended.stream_id = stream.stream_id
        events.append(ended)
        if stream.state is _OPEN:
            stream.state = _HALF_CLOSED_REMOTE
        else:
            stream.state = _CLOSED
            stream.stream_closed_by = StreamClosedBy.RECV_END_STREAM
            self._closing.add(stream.stream_id)
        return ended

    def _admit_data(self, stream_id: int, flags: int, size: int) -> Optional[TunedStream]:
        """Takes up the windows for a DATA frame.

        Returns:
            Its stream; None if frame or state are not ordinary, and nothing has changed.
        """
        stream = self._tuned_streams.get(stream_id)
        if stream is None:
            return None
        state = stream.state
        manager = self._inbound_flow_control_window_manager
        if (
            flags & _PADDED
            or (state is not _OPEN and state is not _HALF_CLOSED_LOCAL)
            or not stream.headers_received
            or stream._expected_content_length is not None
            or size > stream.current_window_size
            or size > manager.current_window_size
        ):
            return None
        stream.current_window_size -= size
        manager.current_window_size -= size
        stream._actual_content_length += size
        return stream

    def _begin_body(self, data: Data, position: int, events: list[Event]) -> bool:
        """Receives the beginning of a DATA frame that is long, ordinary, and ends in data still to come.

        Returns:
            Whether it is such a frame; else nothing has changed.
        """
        if len(data) - position < _HEADER_BYTES or not self._is_ordinary():
            return False
        word, flags, stream_id = _UNPACK_HEADER(data, position)
        size = word >> 8
        if word & 0xFF != _DATA or not self._long_body <= size <= self.incoming_buffer.max_frame_size:
            return False
        stream = self._admit_data(stream_id, flags, size)
        if stream is None:
            return False
        self._body_left = size
        self._body_stream = stream
        self._body_flags = flags
        self._receive_body(data, position + _HEADER_BYTES, events)
        return True

    def _receive_body(self, data: Data, position: int, events: list[Event]) -> int:
        """Receives more of the body that is arriving, and returns where that ends in the data."""
        stop = min(position + self._body_left, len(data))
        if stop == position:
            return stop
        stream = self._body_stream
        assert stream is not None
        self._body_left -= stop - position
        event = _new(DataReceived)
        event.stream_id = stream.stream_id
        event.data = data[position:stop]  # type: ignore[assignment]  # whoever feeds views expects some
        event.flow_controlled_length = stop - position
        events.append(event)
        if not self._body_left:
            self._body_stream = None
            if self.state_machine.state is not self._open_state:
                self.incoming_buffer._data += data[stop:]  # as h2: what was not looked at stays
                self.state_machine.process_input(ConnectionInputs.RECV_DATA)  # refuses the frame
            if self._body_flags & _END_STREAM and (stream.state is _OPEN or stream.state is _HALF_CLOSED_LOCAL):
                event.stream_ended = self._end_remotely(stream, events)
        return stop
