"""Frames on streams that are over: dropped quickly where that is all there is to do, and counted where they should end.

A peer goes on sending until our RST_STREAM reaches it, and opens windows of streams that have ended, so late frames are
no fault. h2 answers each late DATA by another RST_STREAM, which takes long and which no peer has a use for; here DATA
on a stream that this side has reset only goes through the book of the connection's window. WINDOW_UPDATE and RST_STREAM
mean nothing any more. All others are rare, and left to h2.

What comes on streams that were reset is counted. How much of it is too much is for the connection above to say
(`_guards.LateGuard`).
"""

from __future__ import annotations

from h2.stream import StreamClosedBy, StreamState

from grpc._links._h2_sending import SendingConnection

__all__ = ["LateConnection"]

_CLOSED = StreamState.CLOSED
_SEND_RST_STREAM = StreamClosedBy.SEND_RST_STREAM
_RESETS = (_SEND_RST_STREAM, StreamClosedBy.RECV_RST_STREAM)

_DATA, _HEADERS, _RST_STREAM, _WINDOW_UPDATE = 0x00, 0x01, 0x03, 0x08
_COUNTED = (_DATA, _HEADERS, _RST_STREAM, _WINDOW_UPDATE)
_PADDED = 0x08
_MAX_WINDOW = 2**31 - 1


class LateConnection(SendingConnection):
    """An H2Connection that knows late frames."""

    def _receive_late(self, word: int, flags: int, stream_id: int, data: bytes | memoryview, body: int) -> bool:
        """Looks at a frame for which there is no row, or whose row did not want it.

        Args:
            word: Its length, which is no longer than it may be, and its type.
            flags: Its flags.
            stream_id: Its stream, not 0.
            data: What holds it.
            body: Where its body begins.

        Returns:
            Whether it is dealt with; if not it is h2's.
        """
        stream = self._tuned_streams.get(stream_id)
        if stream is None:
            closed_by = self._closed_streams.get(stream_id)
        elif stream.state is _CLOSED:
            closed_by = stream.stream_closed_by
        else:
            return False
        if closed_by is None:
            return False
        size, kind = word >> 8, word & 0xFF
        if closed_by in _RESETS and kind in _COUNTED:
            if kind == _DATA and size and closed_by is _SEND_RST_STREAM:
                return self._drop_late_data(flags, size)
            self.late_frames += 1
        if size != 4:
            return False
        return kind == _RST_STREAM or (
            kind == _WINDOW_UPDATE and 1 <= int.from_bytes(data[body : body + 4], "big") <= _MAX_WINDOW
        )

    def _drop_late_data(self, flags: int, size: int) -> bool:
        manager = self._inbound_flow_control_window_manager
        if flags & _PADDED or size > manager.current_window_size:
            self.late_frames += 1
            return False
        self.late_bytes += size
        manager.current_window_size -= size
        self._give_back(manager, size, 0)
        return True
