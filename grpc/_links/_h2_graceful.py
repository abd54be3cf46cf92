"""GOAWAY as an announcement: running streams finish after it, in both directions.

To plain h2 a GOAWAY, sent or received, ends the connection: every later frame is an error and unsent output is
dropped. gRPC uses GOAWAY as a notice ("no new streams here, the running ones may finish"), so `GracefulConnection`
keeps it away from h2's state machine. This class does so with nothing but h2's public methods, whatever the version:

- out: the frame is made here and put in its place between what h2 has written before and what it writes later;
- in: GOAWAY frames are cut out of the byte stream before h2 sees them and answered by the event h2 would have made.

As it looks at the header of each frame anyway, it also does what h2 does not: it refuses a frame or a header block that
is too long before it is there, counts frames on streams that are over, and writes settings that h2 cannot write.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Optional, Union, cast

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, Event
from h2.exceptions import DenialOfServiceError, FrameTooLargeError
from h2.settings import SettingCodes
from hpack.table import HeaderTable

from grpc._links._h2_hpack import BoundedEncoder, LengthlessDecoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from h2._typing import Buffer
    from h2.config import H2Configuration

__all__ = ["MOST_HEADER_BYTES", "GracefulConnection", "Pieces", "connection_terminated", "goaway_frame"]

Pieces = Union[bytes, "list[Union[bytes, memoryview]]"]

# h2 lets a header block run on over 64 CONTINUATION frames, which at the size of frame that we allow would be 64 MiB to
# hold for a peer that may never end it. Many times what any header list may hold, and a fraction of a message.
MOST_HEADER_BYTES = 256 * 1024

_HEADER_BYTES = 9
_PREFACE_BYTES = 24
_DATA = 0x00
_GOAWAY = 0x07
_HEADERS = 0x01
_PUSH_PROMISE = 0x05
_CONTINUATION = 0x09
_END_HEADERS = 0x04

_PACK_GOAWAY = struct.Struct(">IBIII").pack
_PACK_HEADER = struct.Struct(">IBI").pack
_UNPACK_HEADER = struct.Struct(">IBI").unpack_from
_UNPACK_GOAWAY = struct.Struct(">II").unpack_from
_PACK_SETTING = struct.Struct(">HI").pack


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
        self.decoder = LengthlessDecoder(self.DEFAULT_MAX_HEADER_LIST_SIZE)
        self._written = bytearray()  # taken from h2 already, with the GOAWAY frames in their places
        self._to_skip = 0 if self.config.client_side else _PREFACE_BYTES  # bytes that surely hold no frame header
        self._held = b""  # a piece of a frame header, or of a GOAWAY frame
        self._in_header_block = False  # between HEADERS and its last CONTINUATION anything else is h2's to refuse
        self._block_bytes = 0  # of the header block that is arriving
        #: How many frames were received on streams that had been reset, apart from DATA that `late_bytes` counts.
        self.late_frames = 0
        #: How many octets of DATA were received on streams that this side had reset.
        self.late_bytes = 0

    def keep_tables(self, decoder_bytes: int, encoder_bytes: int) -> None:
        """Sets the sizes of the HPACK tables. To be called after `initiate_with`, and once at most.

        Args:
            decoder_bytes: As much as the local settings have told the peer; they are in force already for everything
                else. What it writes before it acknowledges them goes by the table that HPACK begins with.
            encoder_bytes: The most for our table; the peer may allow less.
        """
        cast("BoundedEncoder", self.encoder).bound_table(encoder_bytes)
        if decoder_bytes != HeaderTable.DEFAULT_SIZE:
            settings = self.local_settings
            settings[SettingCodes.HEADER_TABLE_SIZE] = HeaderTable.DEFAULT_SIZE
            settings.acknowledge()
            settings[SettingCodes.HEADER_TABLE_SIZE] = decoder_bytes  # will hold with the peer's acknowledgement
            # A larger table may be made use of by who is about to send it.
            self.decoder.max_allowed_table_size = max(decoder_bytes, HeaderTable.DEFAULT_SIZE)

    def initiate_with(self, further_settings: Mapping[int, int]) -> None:
        """Begins the connection as `initiate_connection` does, with settings beside the local ones.

        Args:
            further_settings: By any number of 16 bits; hyperframe cannot write those above 255.
        """
        self.initiate_connection()
        data = self.data_to_send()
        start = _PREFACE_BYTES if self.config.client_side else 0
        word, flags, stream_id = _UNPACK_HEADER(data, start)
        further = b"".join(_PACK_SETTING(code, value) for code, value in further_settings.items())
        header = _PACK_HEADER(word + (len(further) << 8), flags, stream_id)
        self._put_back(data[:start] + header + data[start + _HEADER_BYTES :] + further)

    def _put_back(self, data: bytes) -> None:
        """Makes this the output; there is none."""
        self._written += data

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

    def pieces_to_send(self) -> Pieces:
        """Takes all output; in several pieces where they are long and joining them would take time."""
        return self.data_to_send()

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
                self._block_bytes = length + (self._block_bytes if kind == _CONTINUATION else 0)
                self._in_header_block = not flags & _END_HEADERS
            if length > limit:
                # h2 itself would wait for the whole body, up to 16 MiB of it, and only then refuse the length.
                super().receive_data(data[start:position])
                self.close_connection(ErrorCodes.FRAME_SIZE_ERROR)
                text = f"Received overlong frame: length {length}, max {limit}"
                raise FrameTooLargeError(text)
            if self._in_header_block and self._block_bytes > MOST_HEADER_BYTES:
                super().receive_data(data[start:position])
                self.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
                raise DenialOfServiceError("Header block exceeds maximum length")
            if kind in (_DATA, _HEADERS):  # others may come on a stream that has ended in order
                self._count_if_late(kind, stream_id, length)
            self._to_skip = _HEADER_BYTES + length
        self._held = data[position:]
        events.extend(super().receive_data(data[start:position]))
        return events

    def _count_if_late(self, kind: int, stream_id: int, length: int) -> None:
        stream = self.streams.get(stream_id)
        if stream is None:
            late = stream_id <= max(self.highest_inbound_stream_id, self.highest_outbound_stream_id)
        else:
            late = stream.closed
        if late:
            if kind == _DATA and length:
                self.late_bytes += length
            else:
                self.late_frames += 1

    def _is_announcement(self, length: int, stream_id: int) -> bool:
        """Tells a well-formed GOAWAY in its place; any other is left to h2, which knows the error to raise."""
        in_place = not self._in_header_block and not stream_id & 0x7FFFFFFF
        return in_place and 8 <= length <= self.max_inbound_frame_size
