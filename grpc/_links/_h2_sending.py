"""The sending half of the tuned connection: h2's bookkeeping in fewer steps, frames packed straight into the output.

Each method first looks whether the case is an ordinary one; if so it does to h2's own objects exactly what h2 would
have done and appends the packed frame. Any other case, every error among them, is left to h2's method, before
anything was changed. So an error is always h2's own, and state always one that h2 could have reached.

Streams: h2 walks through all streams, to count the open ones and to remove the closed ones, whenever one is opened.
Here those that were closed since are known by id, are removed at the very same moments, and what remains is open.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Optional, cast

from h2.connection import AllowedStreamIDs, ConnectionState
from h2.stream import STREAM_OPEN as _IS_OPEN
from h2.stream import H2Stream, StreamClosedBy, StreamState

from grpc._links._h2_closed import ClosedStreams
from grpc._links._h2_decoder import MemoDecoder
from grpc._links._h2_encoder import MemoEncoder
from grpc._links._h2_graceful import GracefulConnection, Pieces, goaway_frame
from grpc._links._h2_output import Output
from grpc._links._h2_stream import TunedStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from h2.config import H2Configuration
    from h2.errors import ErrorCodes

__all__ = ["SendingConnection"]

_OPEN = StreamState.OPEN
_HALF_CLOSED_LOCAL = StreamState.HALF_CLOSED_LOCAL
_HALF_CLOSED_REMOTE = StreamState.HALF_CLOSED_REMOTE
_CLOSED = StreamState.CLOSED
_SEND_END_STREAM = StreamClosedBy.SEND_END_STREAM

# From how many bytes on the body of a frame is not copied if whoever takes the output takes pieces. For less it costs
# more to hand a piece to the system than to copy it.
_LONG = 16 * 1024

# Settings are read by number from h2's own store; the properties that h2 has for them take ten times as long.
_MAX_CONCURRENT_STREAMS = 3
_INITIAL_WINDOW_SIZE = 4

_MAX_STREAM_ID = _MAX_WINDOW = 2**31 - 1

# Frame header as one word of length and type, an octet of flags, and the stream id.
_PACK_HEADER = struct.Struct(">IBI").pack
_PACK_WORD_FRAME = struct.Struct(">IBII").pack

_DATA = 0x00
_HEADERS = 0x01
_RST_STREAM_OF_4 = 4 << 8 | 0x03
_WINDOW_UPDATE_OF_4 = 4 << 8 | 0x08
_END_STREAM = 0x01
_END_HEADERS = 0x04


class SendingConnection(GracefulConnection):
    """An H2Connection that sends ordinary frames by short ways.

    Reached into: everything that starts with an underscore here and is not defined here is h2's.
    """

    def __init__(self, config: H2Configuration) -> None:
        super().__init__(config)
        self._client_side = bool(config.client_side)
        self._open_state = ConnectionState.CLIENT_OPEN if self._client_side else ConnectionState.SERVER_OPEN
        self._tuned_streams = cast("dict[int, TunedStream]", self.streams)
        self._closed_streams = ClosedStreams(self.MAX_CLOSED_STREAMS)
        self._closing: set[int] = set()  # closed since the streams were swept last
        self._must_walk = False  # a stream exists that breaks "not closed means open and begun by the client"
        self._last_named = _MAX_STREAM_ID  # by our own GOAWAY frames
        self._output = Output()
        # h2 only ever adds bytes to this, and takes or drops it in methods that are replaced here.
        self._data_to_send = self._output  # type: ignore[assignment]
        self._memo_encoder = MemoEncoder()
        self.encoder = self._memo_encoder
        self._memo_decoder = MemoDecoder(self.DEFAULT_MAX_HEADER_LIST_SIZE)
        self.decoder = self._memo_decoder

    # Output

    def data_to_send(self, amount: Optional[int] = None) -> bytes:
        """Takes output as `H2Connection.data_to_send` does."""
        output = self._output
        data = b"".join(output)
        self.clear_outbound_data_buffer()
        if amount is None:
            return data
        if data[amount:]:
            output.append(data[amount:])
        return data[:amount]

    def pieces_to_send(self) -> Pieces:
        """Takes output as `GracefulConnection.pieces_to_send` does."""
        output = self._output
        if not output.has_long:
            data = b"".join(output)
            output.clear()
            return data
        pieces = output[:]
        self.clear_outbound_data_buffer()
        return pieces

    def _put_back(self, data: bytes) -> None:
        self._output.append(data)

    def clear_outbound_data_buffer(self) -> None:
        """Drops all output that was not taken yet."""
        self._output.clear()
        self._output.has_long = False

    def send_goaway(self, last_stream_id: int, error_code: int = 0, debug_data: bytes = b"") -> None:
        """Announces the end of this connection; see `GracefulConnection.send_goaway`."""
        self._last_named = min(self._last_named, last_stream_id)
        self._output.append(goaway_frame(last_stream_id, error_code, debug_data))

    def _terminate_connection(self, error_code: ErrorCodes) -> None:
        # h2 knows nothing of our GOAWAY frames, and after one that names a stream none may name a higher one.
        highest = self.highest_inbound_stream_id
        self.highest_inbound_stream_id = min(highest, self._last_named)
        super()._terminate_connection(error_code)
        self.highest_inbound_stream_id = highest

    # Streams

    def _sweep(self) -> None:
        """Removes the closed streams, as h2's `_open_streams` does on its way."""
        streams = self._tuned_streams
        closed = self._closed_streams
        for stream_id in self._closing:
            stream = streams.pop(stream_id, None)
            if stream is not None:
                closed[stream_id] = stream.stream_closed_by
        self._closing.clear()

    def _open_streams(self, remainder: int) -> int:
        if self._must_walk:
            self._closing.clear()
            return super()._open_streams(remainder)
        self._sweep()
        return len(self.streams) if remainder == 1 else 0

    def _note(self, stream_id: int) -> None:
        """Looks at a stream after h2 itself has worked on it."""
        stream = self._tuned_streams.get(stream_id)
        if stream is None:
            return
        if stream.state is _CLOSED:
            self._closing.add(stream_id)
        elif not _IS_OPEN[stream.state]:
            self._must_walk = True  # left in IDLE by an error, or reserved for a push

    def _begin_new_stream(self, stream_id: int, allowed_ids: AllowedStreamIDs) -> H2Stream:
        super()._begin_new_stream(stream_id, allowed_ids)
        if not stream_id & 1:
            self._must_walk = True
        return self._put_stream(stream_id)

    def _put_stream(self, stream_id: int) -> TunedStream:
        stream = self._tuned_streams[stream_id] = TunedStream(
            stream_id,
            self.config,
            self.local_settings._settings[_INITIAL_WINDOW_SIZE][0],
            self.remote_settings._settings[_INITIAL_WINDOW_SIZE][0],
            self.max_outbound_frame_size,
        )
        return stream

    def get_next_available_stream_id(self) -> int:
        """Returns the next id as `H2Connection.get_next_available_stream_id` does."""
        highest = self.highest_outbound_stream_id
        if not highest or highest > _MAX_STREAM_ID - 2:
            return super().get_next_available_stream_id()
        return highest + 2

    def local_flow_control_window(self, stream_id: int) -> int:
        """Returns what may be sent on a stream as `H2Connection.local_flow_control_window` does."""
        stream = self._tuned_streams.get(stream_id)
        if stream is None:
            return super().local_flow_control_window(stream_id)
        window = self.outbound_flow_control_window
        return window if window < stream.outbound_flow_control_window else stream.outbound_flow_control_window

    def push_stream(self, stream_id: int, promised_stream_id: int, request_headers: Iterable[Any]) -> None:
        """Pushes a stream as `H2Connection.push_stream` does."""
        self._must_walk = True
        super().push_stream(stream_id, promised_stream_id, request_headers)

    def advertise_alternative_service(
        self, field_value: bytes | str, origin: Optional[bytes] = None, stream_id: Optional[int] = None
    ) -> None:
        """Advertises as `H2Connection.advertise_alternative_service` does."""
        self._must_walk = True  # an error closes the stream
        super().advertise_alternative_service(field_value, origin, stream_id)

    # Frames

    def send_headers(
        self,
        stream_id: int,
        headers: Iterable[Any],
        end_stream: bool = False,
        priority_weight: Optional[int] = None,
        priority_depends_on: Optional[int] = None,
        priority_exclusive: Optional[bool] = None,
    ) -> None:
        """Sends headers as `H2Connection.send_headers` does.

        Fastest with a tuple of pairs of bytes that is the same object in each call. Values that change with each
        call are best given as `hpack.NeverIndexedHeaderTuple`: the rest of the block stays remembered.
        """
        if type(headers) is not tuple:
            headers = tuple(headers)
        if (
            self.state_machine.state is self._open_state
            and priority_weight is priority_depends_on is priority_exclusive is None
            and self._send_known_headers(stream_id, headers, end_stream)
        ):
            return
        try:
            super().send_headers(
                stream_id, headers, end_stream, priority_weight, priority_depends_on, priority_exclusive
            )
        finally:
            self._note(stream_id)

    def _send_known_headers(self, stream_id: int, headers: tuple[Any, ...], end_stream: bool) -> bool:
        try:
            known = self._memo_encoder.recall(headers)
        except TypeError:
            return False
        if known is None:
            return False
        block, method, authority = known
        if len(block) > self.max_outbound_frame_size:
            return False
        stream = self._tuned_streams.get(stream_id)
        if stream is None:
            if not self._may_open(stream_id):
                return False
            self.highest_outbound_stream_id = stream_id
            stream = self._put_stream(stream_id)
            stream.state = _HALF_CLOSED_LOCAL if end_stream else _OPEN
            stream.client = stream.headers_sent = True
            stream.request_method = method
            stream._authority = authority
        else:
            state = stream.state
            # A client's trailers are too rare to care for.
            if stream.client is not False or (state is not _HALF_CLOSED_REMOTE and state is not _OPEN):
                return False
            if not stream.headers_sent:
                stream.headers_sent = True
            elif stream.trailers_sent or not end_stream:
                return False
            else:
                stream.trailers_sent = True
            if end_stream:
                self._end_locally(stream)
        flags = _END_HEADERS | _END_STREAM if end_stream else _END_HEADERS
        self._output.append(_PACK_HEADER(len(block) << 8 | _HEADERS, flags, stream_id) + block)
        return True

    def _may_open(self, stream_id: int) -> bool:
        """Tells whether this client may open this stream now, having removed the closed ones."""
        if (
            not self._client_side
            or not stream_id & 1
            or not self.highest_outbound_stream_id < stream_id <= _MAX_STREAM_ID
        ):
            return False
        if self._closing:
            self._sweep()
        limit = self.remote_settings._settings.get(_MAX_CONCURRENT_STREAMS)
        # Where pushed streams are among them this counts too many; then h2 counts again.
        return limit is None or limit[0] is None or len(self.streams) < limit[0]

    def _end_locally(self, stream: TunedStream) -> None:
        """Moves a stream that is open here as h2 does for SEND_END_STREAM."""
        if stream.state is _OPEN:
            stream.state = _HALF_CLOSED_LOCAL
        else:
            stream.state = _CLOSED
            stream.stream_closed_by = _SEND_END_STREAM
            self._closing.add(stream.stream_id)

    def send_data(
        self, stream_id: int, data: bytes | memoryview, end_stream: bool = False, pad_length: Any = None
    ) -> None:
        """Sends one DATA frame as `H2Connection.send_data` does; the bytes of a long view may not change any more."""
        stream = self._tuned_streams.get(stream_id)
        size = len(data)
        if (
            stream is None
            or (stream.state is not _OPEN and stream.state is not _HALF_CLOSED_REMOTE)
            or pad_length is not None
            or size > self.outbound_flow_control_window
            or size > stream.outbound_flow_control_window
            or size > self.max_outbound_frame_size
            or self.state_machine.state is not self._open_state
        ):
            try:
                super().send_data(stream_id, data, end_stream, pad_length)
            finally:
                self._note(stream_id)
            return
        stream.outbound_flow_control_window -= size
        self.outbound_flow_control_window -= size
        if end_stream:
            self._end_locally(stream)
            header = _PACK_HEADER(size << 8, _END_STREAM, stream_id)
        else:
            header = _PACK_HEADER(size << 8, 0, stream_id)
        self._output.append(header)
        if size >= _LONG:
            self._output.append(data)
            self._output.has_long = True
        elif size:
            self._output.append(data if type(data) is bytes else bytes(data))

    def end_stream(self, stream_id: int) -> None:
        """Ends a stream as `H2Connection.end_stream` does."""
        stream = self._tuned_streams.get(stream_id)
        if (
            stream is None
            or (stream.state is not _OPEN and stream.state is not _HALF_CLOSED_REMOTE)
            or self.state_machine.state is not self._open_state
        ):
            try:
                super().end_stream(stream_id)
            finally:
                self._note(stream_id)
            return
        self._end_locally(stream)
        self._output.append(_PACK_HEADER(_DATA, _END_STREAM, stream_id))

    def reset_stream(self, stream_id: int, error_code: ErrorCodes | int = 0) -> None:
        """Resets a stream as `H2Connection.reset_stream` does."""
        stream = self._tuned_streams.get(stream_id)
        if stream is None or not _IS_OPEN[stream.state] or self.state_machine.state is not self._open_state:
            try:
                super().reset_stream(stream_id, error_code)
            finally:
                self._note(stream_id)
            return
        frame = _PACK_WORD_FRAME(_RST_STREAM_OF_4, 0, stream_id, error_code)
        stream.state = _CLOSED
        stream.stream_closed_by = StreamClosedBy.SEND_RST_STREAM
        self._closing.add(stream_id)
        self._output.append(frame)

    # Windows

    def increment_flow_control_window(self, increment: int, stream_id: Optional[int] = None) -> None:
        """Opens a receive window as `H2Connection.increment_flow_control_window` does."""
        manager: Any = (
            self._inbound_flow_control_window_manager if stream_id is None else self._tuned_streams.get(stream_id)
        )
        if (
            manager is None
            or not 1 <= increment <= _MAX_WINDOW
            or (stream_id is not None and not _IS_OPEN[manager.state])
            or self.state_machine.state is not self._open_state
        ):
            try:
                super().increment_flow_control_window(increment, stream_id)
            finally:
                self._note(stream_id or 0)
            return
        manager.window_opened(increment)
        self._output.append(_PACK_WORD_FRAME(_WINDOW_UPDATE_OF_4, 0, stream_id or 0, increment))

    def acknowledge_received_data(self, acknowledged_size: int, stream_id: int) -> None:
        """Gives received bytes back as `H2Connection.acknowledge_received_data` does."""
        if acknowledged_size < 0 or stream_id <= 0:
            super().acknowledge_received_data(acknowledged_size, stream_id)
            return
        stream = self._tuned_streams.get(stream_id)
        if stream is None:
            highest = self.highest_outbound_stream_id if self._client_side else self.highest_inbound_stream_id
            if not stream_id & 1 or stream_id > highest:
                super().acknowledge_received_data(acknowledged_size, stream_id)
                return
        self._give_back(self._inbound_flow_control_window_manager, acknowledged_size, 0)
        if stream is not None and _IS_OPEN[stream.state]:
            self._give_back(stream, acknowledged_size, stream_id)

    def _give_back(self, manager: Any, size: int, stream_id: int) -> None:
        processed = manager._bytes_processed + size
        if manager.current_window_size and processed < manager.max_window_size // 2:
            manager._bytes_processed = processed  # h2's rule for "not yet worth a WINDOW_UPDATE"
            return
        increment = manager.process_bytes(size)
        if increment:
            self._output.append(_PACK_WORD_FRAME(_WINDOW_UPDATE_OF_4, 0, stream_id, increment & _MAX_WINDOW))
