"""A peer that says just the frames it is told to, and reads back what it is sent, frame by frame.

It keeps none of HTTP/2's rules, so it can break any of them.
"""

from __future__ import annotations

import struct
from typing import List, Optional, Sequence, Tuple

import hpack
from hyperframe import frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

REQUEST = (
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/package.Service/Method"),
    (":authority", "example"),
    ("te", "trailers"),
    ("content-type", "application/grpc"),
)
RESPONSE = ((":status", "200"), ("content-type", "application/grpc"))
TRAILERS = (("grpc-status", "0"),)


def message(payload: bytes) -> bytes:
    """A message as gRPC frames it."""
    return struct.pack(">BI", 0, len(payload)) + payload


class RawPeer:
    """Makes bytes to be received, and takes bytes that were sent."""

    def __init__(self) -> None:
        self._encoder = hpack.Encoder()

    # Each of these gives the bytes of one frame.

    def settings(self, values: Optional[dict[int, int]] = None, *, ack: bool = False) -> bytes:
        return frames.SettingsFrame(0, values or {}, flags=["ACK"] if ack else []).serialize()

    def ping(self, data: bytes = b"12345678", *, ack: bool = False) -> bytes:
        return frames.PingFrame(0, data, flags=["ACK"] if ack else []).serialize()

    def goaway(self, last_stream_id: int, code: int = 0, data: bytes = b"") -> bytes:
        return frames.GoAwayFrame(0, last_stream_id, code, data).serialize()

    def headers(self, stream_id: int, fields: Sequence[Tuple[str, str]] = REQUEST, *, end: bool = False) -> bytes:
        flags = ["END_HEADERS", "END_STREAM"] if end else ["END_HEADERS"]
        return frames.HeadersFrame(stream_id, self._encoder.encode(fields), flags=flags).serialize()

    def data(self, stream_id: int, data: bytes = b"", *, end: bool = False) -> bytes:
        return frames.DataFrame(stream_id, data, flags=["END_STREAM"] if end else []).serialize()

    def reset(self, stream_id: int, code: int = 8) -> bytes:
        return frames.RstStreamFrame(stream_id, code).serialize()

    def window_update(self, stream_id: int, increment: int) -> bytes:
        return frames.WindowUpdateFrame(stream_id, increment).serialize()

    def priority(self, stream_id: int) -> bytes:
        return frames.PriorityFrame(stream_id, depends_on=0, stream_weight=16).serialize()

    def unknown(self) -> bytes:
        return frames.ExtensionFrame(type=0xBB, stream_id=0, body=b"").serialize()

    def continuation(self, stream_id: int, data: bytes, *, end: bool = False) -> bytes:
        return frames.ContinuationFrame(stream_id, data, flags=["END_HEADERS"] if end else []).serialize()

    def begun_headers(self, stream_id: int, data: bytes) -> bytes:
        """A HEADERS frame whose block goes on."""
        return frames.HeadersFrame(stream_id, data).serialize()

    def request(self, stream_id: int, payload: bytes = b"") -> bytes:
        """A whole unary request."""
        return self.headers(stream_id) + self.data(stream_id, message(payload), end=True)

    def response(self, stream_id: int, payload: bytes = b"") -> bytes:
        """A whole unary response."""
        return (
            self.headers(stream_id, RESPONSE)
            + self.data(stream_id, message(payload))
            + self.headers(stream_id, TRAILERS, end=True)
        )


def parse(output: bytes) -> List[frames.Frame]:
    """The frames that bytes consist of."""
    found: List[frames.Frame] = []
    position = 0
    while position < len(output):
        frame, length = frames.Frame.parse_frame_header(memoryview(output)[position : position + 9])
        frame.parse_body(memoryview(output)[position + 9 : position + 9 + length])
        found.append(frame)
        position += 9 + length
    return found
