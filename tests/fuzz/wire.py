"""What a connection writes, read as a strict peer reads it: frames, header blocks, the order on every stream.

Only what can be judged without knowing what the peer has said: that is arbitrary here. The windows are thus left out;
`tests/links/test_transfer_properties.py` judges those.
"""

from __future__ import annotations

from typing import Dict, List, Optional, Set, Tuple

import hpack
from hyperframe import frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

_HEADER_BYTES = 9
_STREAM_CLOSED = 5


class WireError(AssertionError):
    """What was written is not HTTP/2, or not gRPC."""


class Reader:
    """Reads the output of one connection."""

    def __init__(self, client_side: bool, plain: bool = False) -> None:
        """Begin at the beginning.

        Args:
          client_side: The role of the connection that writes.
          plain: Whether it is plain h2 that writes the GOAWAY of an error, which forgets what was said before.
        """
        self._plain = plain
        self._client_side = client_side
        self._preface = PREFACE if client_side else b""
        self._data = b""
        self._decoder = hpack.Decoder(max_header_list_size=2**26)
        # How much the peer lets the table grow is in its settings, which are arbitrary: whatever is announced goes.
        self._decoder.max_allowed_table_size = 2**32
        self._begun = False
        self._block: Optional[Tuple[int, bool, bytes]] = None
        # Stream id -> how many header blocks were written; and those on which nothing may be written any more.
        self._blocks: Dict[int, int] = {}
        self._ended: Set[int] = set()
        self._reset: Set[int] = set()
        self.last_goaway: Optional[int] = None
        self.written = 0

    def feed(self, data: bytes) -> List[str]:
        """Read what was written.

        Returns:
          The names of the frames that are complete.

        Raises:
          WireError: It is not right.
        """
        self.written += len(data)
        data = self._data + data
        if self._preface:
            if not data.startswith(self._preface):
                raise WireError(f"a client begins with its preface, not with {data[:30]!r}")
            data = data[len(self._preface) :]
            self._preface = b""
        names = []
        position = 0
        while position + _HEADER_BYTES <= len(data):
            try:
                frame, length = frames.Frame.parse_frame_header(memoryview(data)[position : position + 9], strict=True)
                stop = position + _HEADER_BYTES + length
                if stop > len(data):
                    break
                frame.parse_body(memoryview(data)[position + _HEADER_BYTES : stop])
            except Exception as error:
                raise WireError(f"no frame: {error!r} at {data[position : position + 40].hex()}") from error
            position = stop
            names.append(type(frame).__name__)
            self._take(frame)
        self._data = data[position:]
        return names

    @property
    def whole(self) -> bool:
        """Whether everything that was written is complete."""
        return not self._data and self._block is None

    def open_streams(self) -> Dict[int, int]:
        """Stream id -> how many header blocks were written on it, of those that may still be written on."""
        over = self._reset if self._client_side else self._reset | self._ended
        return {stream_id: number for stream_id, number in self._blocks.items() if stream_id not in over}

    def is_over(self, stream_id: int) -> bool:
        """Whether the writer has had its last word on a stream, and wants to hear nothing more."""
        return stream_id in self._reset or (stream_id in self._ended and not self._client_side)

    def _take(self, frame: frames.Frame) -> None:
        if not self._begun:
            self._begun = True
            if not isinstance(frame, frames.SettingsFrame) or "ACK" in frame.flags:
                raise WireError(f"the first frame is {frame!r}")
        stream_id = frame.stream_id
        if self._block is not None and not isinstance(frame, frames.ContinuationFrame):
            raise WireError(f"{frame!r} within a header block")
        if isinstance(frame, (frames.HeadersFrame, frames.DataFrame, frames.WindowUpdateFrame)):
            if stream_id in self._reset:
                raise WireError(f"{frame!r} after the stream was reset")
            if stream_id in self._ended and not isinstance(frame, frames.WindowUpdateFrame):
                raise WireError(f"{frame!r} after the stream was ended")
        if isinstance(frame, frames.HeadersFrame):
            self._block = stream_id, "END_STREAM" in frame.flags, frame.data
            if "END_HEADERS" in frame.flags:
                self._take_block()
        elif isinstance(frame, frames.ContinuationFrame):
            if self._block is None or self._block[0] != stream_id:
                raise WireError(f"{frame!r} without a header block")
            self._block = stream_id, self._block[1], self._block[2] + frame.data
            if "END_HEADERS" in frame.flags:
                self._take_block()
        elif isinstance(frame, frames.DataFrame):
            if not self._blocks.get(stream_id):
                raise WireError(f"{frame!r} before any headers")
            if "END_STREAM" in frame.flags:
                if not self._client_side:
                    raise WireError("a server ends with trailers")
                self._ended.add(stream_id)
        elif isinstance(frame, frames.RstStreamFrame):
            # h2 says it again to whoever goes on writing on the stream, but that has to be the reason then.
            if stream_id in self._reset and frame.error_code != _STREAM_CLOSED:
                raise WireError(f"{frame!r} twice")
            self._reset.add(stream_id)
        elif isinstance(frame, frames.GoAwayFrame):
            if self.last_goaway is not None and frame.last_stream_id > self.last_goaway and not self._plain:
                raise WireError(f"{frame!r} names a higher stream than {self.last_goaway}")
            self.last_goaway = frame.last_stream_id
        elif isinstance(frame, frames.PushPromiseFrame):
            raise WireError(f"{frame!r}: nothing is pushed")

    def _take_block(self) -> None:
        assert self._block is not None
        stream_id, ends, data = self._block
        self._block = None
        try:
            fields = [(bytes(name), bytes(value)) for name, value in self._decoder.decode(data, raw=True)]
        except hpack.HPACKError as error:
            raise WireError(f"no header block: {error!r}") from error
        number = self._blocks[stream_id] = self._blocks.get(stream_id, 0) + 1
        named = dict(fields)
        if self._client_side:
            right = number == 1 and b":method" in named and b":path" in named and stream_id & 1
        elif number == 1:
            right = fields[0][0] == b":status" and ends == (b"grpc-status" in named or named[b":status"] == b"415")
        else:
            right = number == 2 and ends and b"grpc-status" in named and b":status" not in named
        if not right:
            raise WireError(f"header block {number} of stream {stream_id} (end: {ends}): {fields}")
        for name, value in fields:
            if name.endswith(b"-bin") and value.startswith(b"\0"):
                continue  # raw, for a peer whose settings ask for it
            if name != name.lower() or value != value.strip() or b"\n" in value or b"\r" in value or b"\0" in value:
                raise WireError(f"no header field: {name!r}: {value!r}")
        if ends:
            self._ended.add(stream_id)
