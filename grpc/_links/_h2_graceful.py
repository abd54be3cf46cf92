"""GOAWAY as an announcement: running streams finish after it, in both directions.

To plain h2 a GOAWAY, sent or received, ends the connection: every later frame is an error and unsent output is
dropped. gRPC uses GOAWAY as a notice ("no new streams here, the running ones may finish"), so `GracefulConnection`
keeps it away from h2's state machine. This class does so with nothing but h2's public methods, whatever the version:

- out: the frame is made here and put in its place between what h2 has written before and what it writes later;
- in: GOAWAY frames are cut out of the byte stream before h2 sees them and answered by the event h2 would have made.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Optional

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, Event
from h2.exceptions import FrameTooLargeError

from grpc._links._h2_hpack import BoundedEncoder

if TYPE_CHECKING:
    from h2._typing import Buffer
    from h2.config import H2Configuration

__all__ = ["GracefulConnection", "connection_terminated", "goaway_frame"]

_HEADER_BYTES = 9
_PREFACE_BYTES = 24
_GOAWAY = 0x07
_HEADERS = 0x01
_PUSH_PROMISE = 0x05
_CONTINUATION = 0x09
_END_HEADERS = 0x04

_PACK_GOAWAY = struct.Struct(">IBIII").pack
_UNPACK_HEADER = struct.Struct(">IBI").unpack_from
_UNPACK_GOAWAY = struct.Struct(">II").unpack_from


def goaway_frame(last_stream_id: int, error_code: int = 0, debug_data: bytes = b"") -> bytes:
    """Makes the bytes of one GOAWAY frame.

    Written beside the output of any H2Connection, between two results of its `data_to_send`, the frame announces
    the end of the connection and leaves that H2Connection usable.

    Args:
        last_stream_id: The highest stream the peer may think of as processed; 2**31 - 1 leaves it open.
        error_code: The HTTP/2 error code; 0 is an orderly end.
        debug_data: Anything for the peer's log.

    Returns:
        The whole frame.
    """
    length = 8 + len(debug_data)
    return _PACK_GOAWAY(length << 8 | _GOAWAY, 0, 0, last_stream_id & 0x7FFFFFFF, int(error_code)) + debug_data


def connection_terminated(last_stream_id: int, error_code: int, debug_data: bytes) -> ConnectionTerminated:
    """Makes the event of a received GOAWAY, equal to the one that h2 makes."""
    event = ConnectionTerminated()
    try:
        event.error_code = ErrorCodes(error_code)
    except ValueError:
        event.error_code = error_code
    event.last_stream_id = last_stream_id
    event.additional_data = debug_data or None
    return event


class GracefulConnection(H2Connection):
    """An H2Connection on which GOAWAY is an announcement; otherwise plain h2.

    Not safe for use from several threads at once; no method blocks.
    """

    def __init__(self, config: Optional[H2Configuration] = None) -> None:
        super().__init__(config=config)
        self.encoder = BoundedEncoder()
        self._written = bytearray()  # taken from h2 already, with the GOAWAY frames in their places
        self._to_skip = 0 if self.config.client_side else _PREFACE_BYTES  # bytes that surely hold no frame header
        self._held = b""  # a piece of a frame header, or of a GOAWAY frame
        self._in_header_block = False  # between HEADERS and its last CONTINUATION anything else is h2's to refuse

    def send_goaway(self, last_stream_id: int, error_code: int = 0, debug_data: bytes = b"") -> None:
        """Announces the end of this connection to the peer; streams go on.

        May be called again, with a lower last stream id. To end the connection for good use `close_connection`.

        Args:
            last_stream_id: See `goaway_frame`.
            error_code: See `goaway_frame`.
            debug_data: See `goaway_frame`.
        """
        self._written += super().data_to_send()
        self._written += goaway_frame(last_stream_id, error_code, debug_data)

    def data_to_send(self, amount: Optional[int] = None) -> bytes:
        """Takes output as `H2Connection.data_to_send` does, GOAWAY frames in their places."""
        self._written += super().data_to_send()
        data = bytes(self._written if amount is None else self._written[:amount])
        del self._written[: len(data)]
        return data

    def clear_outbound_data_buffer(self) -> None:
        """Drops all output that was not taken yet."""
        self._written.clear()
        super().clear_outbound_data_buffer()

    def receive_data(self, data: Buffer) -> list[Event]:
        """Takes bytes of the peer and returns what they mean, as `H2Connection.receive_data` does.

        A GOAWAY frame yields `ConnectionTerminated` and changes no state: what it means for the running streams and
        for new ones is the caller's business.

        Raises:
            ProtocolError: The peer broke the protocol; the GOAWAY that tells it so waits in `data_to_send`.
        """
        events: list[Event] = []
        data = self._held + bytes(data)
        self._held = b""
        limit = self.max_inbound_frame_size
        start = position = 0  # data[start:position] is h2's, not handed over yet
        while position < len(data):
            if self._to_skip:
                step = min(self._to_skip, len(data) - position)
                self._to_skip -= step
                position += step
                continue
            if len(data) - position < _HEADER_BYTES:
                break
            word, flags, stream_id = _UNPACK_HEADER(data, position)
            length, kind = word >> 8, word & 0xFF
            if kind == _GOAWAY and self._is_announcement(length, stream_id):
                stop = position + _HEADER_BYTES + length
                if stop > len(data):
                    break
                events.extend(super().receive_data(data[start:position]))
                body = data[position + _HEADER_BYTES : stop]
                last_stream_id, error_code = _UNPACK_GOAWAY(body)
                events.append(connection_terminated(last_stream_id, error_code, body[8:]))
                start = position = stop
                continue
            if kind in (_HEADERS, _PUSH_PROMISE, _CONTINUATION):
                self._in_header_block = not flags & _END_HEADERS
            if length > limit:
                # h2 itself would wait for the whole body, up to 16 MiB of it, and only then refuse the length.
                super().receive_data(data[start:position])
                self.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
                text = f"Received overlong frame: length {length}, max {limit}"
                raise FrameTooLargeError(text)
            self._to_skip = _HEADER_BYTES + length
        self._held = data[position:]
        events.extend(super().receive_data(data[start:position]))
        return events

    def _is_announcement(self, length: int, stream_id: int) -> bool:
        """Tells a well-formed GOAWAY in its place; any other is left to h2, which knows the error to raise."""
        in_place = not self._in_header_block and not stream_id & 0x7FFFFFFF
        return in_place and 8 <= length <= self.max_inbound_frame_size
