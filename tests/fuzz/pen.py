"""What a peer writes, frame by frame: whole sessions as a client or a server would have them, ordinary and odd.

A pen knows what it has written and nothing of what was answered, so it goes on whatever happens, as a script needs it.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Set, Tuple

from hpack import Encoder

from tests.links.h2_random import FAULTS, ODDITIES, TRAILERS
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
    PREFACE,
    PRIORITISED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    WINDOW_UPDATE,
    frame,
    settings,
)

if TYPE_CHECKING:
    import random

    from tests.fuzz.target import Subject

Fields = Tuple[Tuple[bytes, bytes], ...]

_REQUEST: Fields = (
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/pkg.Svc/Do"),
    (b":authority", b"test.example"),
)
_TAIL: Fields = ((b"te", b"trailers"), (b"content-type", b"application/grpc"))
_RESPONSE: Fields = ((b":status", b"200"), (b"content-type", b"application/grpc"))

EXTRAS: Tuple[Fields, ...] = (
    (),
    (),
    (),
    ((b"grpc-encoding", b"gzip"),),
    ((b"grpc-encoding", b"deflate"), (b"grpc-accept-encoding", b"gzip, deflate,identity")),
    ((b"grpc-encoding", b"snappy"),),
    ((b"grpc-accept-encoding", b"gzip"),),
    ((b"key", b"value"), (b"blob-bin", b"AP8")),
    ((b"blob-bin", b"====,!!, AP8,"),),
    ((b"grpc-timeout", b"100m"),),
    ((b"grpc-timeout", b"99999999999999999999H"),),
    ((b"grpc-timeout", b""),),
    ((b"key", b"v" * 300),),
    ((b"key", b"\xe9\x80"),),
    ((b"grpc-status", b"0"), (b"grpc-status", b"13")),
    ((b"grpc-status", b"-1"),),
    ((b"grpc-message", b"%C3%A9%zz%"),),
    ((b"content-type", b"text/html"),),
    ((b"grpc-timeout", b"1S"), (b"grpc-timeout", b"2S")),
    ((b"grpc-retry-pushback-ms", b"12"),),
)
_STRANGE: Tuple[Fields, ...] = (
    (*_REQUEST, *_TAIL, (b"te", b"gzip")),
    (*_REQUEST, *_TAIL, (b"content-length", b"5")),
    (*_RESPONSE, (b"content-length", b"5")),
)
PATHS = (b"/pkg.Svc/Do", b"/pkg.Svc/Go", b"/", b"//", b"*", b"/a", b"/a/b/c/d", b"/\xff/\xfe", b"", b"no/slash")
STATUSES = (b"0", b"0", b"0", b"1", b"4", b"5", b"12", b"14", b"99", b"00", b"", b"x")


def message(dice: random.Random, size: int, encoding: int) -> bytes:
    """A message as gRPC frames it, or nearly.

    Args:
      dice: What decides.
      size: Of the payload.
      encoding: The number of the algorithm that the header block has named.
    """
    form = dice.random()
    payload = bytes(size)
    if encoding and form < 0.5:
        payload = (zlib.compress if encoding == 1 else gzip.compress)(payload)
        if form < 0.05:
            payload = payload[: len(payload) // 2] + payload[-9:]
        return struct.pack(">BI", 1, len(payload)) + payload
    if form < 0.96:
        return struct.pack(">BI", 0, size) + payload
    if form < 0.97:
        return struct.pack(">BI", 1, size) + payload
    if form < 0.98:
        return struct.pack(">BI", dice.randrange(256), size) + payload
    if form < 0.99:
        return struct.pack(">BI", 0, dice.choice((2**32 - 1, 5_000_000))) + payload
    return payload


class Pen:
    """Writes one session."""

    def __init__(
        self, dice: random.Random, client_side: bool, oddness: float, subject: Optional[Subject] = None
    ) -> None:
        """Begin.

        Args:
          dice: What decides.
          client_side: The role of the peer that writes.
          oddness: How often it writes what is odd or forbidden, from 0 to 1.
          subject: Whom it writes to, and is careful not to offend if nothing odd is to be written.
        """
        self._dice = dice
        self._client_side = client_side
        self._oddness = oddness
        self._subject = subject
        self._encoder = Encoder()
        self._next = 1
        # What may still be written on: stream id -> how many header blocks were written.
        self._streams: Dict[int, int] = {}
        self._met: Set[int] = set()
        # What the window did not admit, and how messages are compressed, by stream.
        self._rest: Dict[int, bytes] = {}
        self._encodings: Dict[int, int] = {}
        common: List[Tuple[Callable[[], bytes], int]] = [
            (self.opening, 6),
            (self.data, 8),
            (self.ending, 4),
            (self.window, 2),
            (self.reset, 1),
            (self.ping, 1),
            (self.setting, 1),
            (self.goaway, 1),
        ]
        odd: List[Callable[[], bytes]] = [
            self.unknown,
            self.priority,
            self.strange,
            self.fault,
            self.stray,
            self.naked_continuation,
            self.overflow,
            self.beyond,
            self.broken,
            self.pushed,
            self.garbage_block,
            self.endless_block,
            self.resized,
            self.header_only,
        ]
        self._common = [method for method, weight in common for _ in range(weight)]
        self._odd = odd

    def greeting(self) -> List[bytes]:
        """What every connection begins with."""
        dice = self._dice
        values = {}
        if dice.random() < 0.6:
            values[3] = dice.choice((0, 1, 2, 100))
        if dice.random() < 0.4:
            values[4] = dice.choice((0, 1, 10, 1000, 65535, 2**31 - 1))
        if dice.random() < 0.3:
            values[5] = dice.choice((16384, 20000, 2**24 - 1))
        if dice.random() < 0.3:
            values[1] = dice.choice((0, 100, 4096, 65536))
        if dice.random() < 0.2:
            values[6] = dice.choice((0, 200, 8192))
        greeting = [settings(values), frame(4, ACK, 0)]
        return [PREFACE, *greeting] if self._client_side else greeting

    def word(self) -> bytes:
        """Some frame, or a few that belong together."""
        return self._dice.choice(self._odd if self._dice.random() < self._oddness else self._common)()

    def look(self) -> None:
        """See what has become of the streams on the other side."""
        assert self._subject is not None
        reader = self._subject.reader
        for stream_id in list(self._streams):
            if reader.is_over(stream_id):
                self._end(stream_id)
        if not self._client_side:
            for stream_id in reader.open_streams():
                if stream_id not in self._met:
                    self._met.add(stream_id)
                    self._streams[stream_id] = 0

    def expect(self) -> None:
        """Take the news that the other side, a client, may have opened a stream, where nobody looks."""
        self._streams[self._next] = 0
        self._next += 2

    def _end(self, stream_id: int) -> None:
        self._streams.pop(stream_id, None)
        self._rest.pop(stream_id, None)

    def _is_odd(self) -> bool:
        return self._dice.random() < self._oddness

    def stream(self, least: int = 0) -> int:
        """A stream that may be written on; 0 if there is none. With some oddness, any.

        Args:
          least: How many header blocks it has at the least.
        """
        dice = self._dice
        if self._is_odd():
            return dice.choice((0, 1, 2, 3, self._next, 99, 2**31 - 1))
        streams = [stream_id for stream_id, number in self._streams.items() if number >= least]
        return dice.choice(streams[-6:]) if streams else 0

    def _full(self) -> bool:
        """Whether no further stream is admitted."""
        return self._subject is not None and len(self._streams) >= self._subject.limits.max_concurrent_streams

    # ------------------------------------------------------------ ordinary

    def _block(self, stream_id: int, fields: Any, end: bool) -> bytes:
        dice = self._dice
        coded = self._encoder.encode([(n, v, dice.random() < 0.2) for n, v in fields], huffman=dice.random() < 0.7)
        flags = END_STREAM if end else 0
        form = dice.random()
        if form < 0.03:
            return frame(HEADERS, flags | END_HEADERS | PADDED, stream_id, b"\x03" + coded + b"\0\0\0")
        if form < 0.06:
            return frame(HEADERS, flags | END_HEADERS | PRIORITISED, stream_id, struct.pack(">IB", 0, 15) + coded)
        if form < 0.12:
            half = len(coded) // 2
            rest = frame(CONTINUATION, END_HEADERS, stream_id, coded[half:])
            return frame(HEADERS, flags, stream_id, coded[:half]) + rest
        return frame(HEADERS, flags | END_HEADERS, stream_id, coded)

    def _extra(self, stream_id: int) -> Fields:
        dice = self._dice
        if dice.random() < 0.2:
            self._encodings[stream_id] = number = dice.choice((1, 2))
            return ((b"grpc-encoding", (b"", b"deflate", b"gzip")[number]),)
        return dice.choice(EXTRAS) if dice.random() < 0.4 else ()

    def opening(self) -> bytes:
        dice = self._dice
        if not self._client_side:
            stream_id = self.stream()
            if not stream_id:
                return self.quiet()
            if self._streams.get(stream_id) and not self._is_odd():
                return self.data()
            self._streams[stream_id] = 1
            status = dice.choice((b"200",) * 20 + (b"404", b"503", b"100"))
            alone = ((b"grpc-status", dice.choice(STATUSES)),) if dice.random() < 0.15 else ()
            fields = ((b":status", status), *_RESPONSE[1:], *self._extra(stream_id), *alone)
            end = bool(alone) or dice.random() < 0.02
            if end:
                self._end(stream_id)
            return self._block(stream_id, fields, end)
        if self._full() and not self._is_odd():
            return self.ending()
        stream_id = self._next
        self._next += dice.choice((2, 2, 2, 2, 10))
        end = dice.random() < 0.1
        if not end:
            self._streams[stream_id] = 1
        path = ((b":path", dice.choice(PATHS) if dice.random() < 0.2 else PATHS[0]),)
        fields = (*_REQUEST[:2], *path, _REQUEST[3], *_TAIL, *self._extra(stream_id))
        if self._is_odd():
            doomed = dice.randrange(len(fields))
            fields = (*fields[:doomed], *fields[doomed + 1 :])
        return self._block(stream_id, fields, end)

    def quiet(self) -> bytes:
        """Something that concerns no stream."""
        return self._dice.choice((self.ping, self.setting, self.window))()

    def data(self) -> bytes:
        dice = self._dice
        stream_id = self.stream(1)
        if not stream_id:
            return self.opening() if self._streams or self._client_side else self.quiet()
        encoding = self._encodings.get(stream_id, 0)
        body = self._rest.pop(stream_id, b"") + b"".join(
            message(dice, dice.choice((0, 0, 5, 100, 100, 1500, 20000)), encoding)
            for _ in range(dice.choice((1, 1, 1, 3, 20)))
        )
        end = dice.random() < 0.15
        if self._subject is not None and not self._is_odd():
            room = self._subject.room(stream_id)
            if len(body) > room:
                self._rest[stream_id] = body[room:][:100_000]
                body = body[:room]
                end = False
        if end:
            self._end(stream_id)
        pieces = []
        size = dice.choice((16384, 16384, 16384, 100, 7)) if len(body) < 3000 else 16384
        padded = self._is_odd()
        while True:
            piece, body = body[:size], body[size:]
            flags = END_STREAM if end and not body else 0
            if padded:
                pieces.append(frame(DATA, flags | PADDED, stream_id, b"\x05" + piece[: size - 6] + bytes(5)))
            else:
                pieces.append(frame(DATA, flags, stream_id, piece))
            if not body:
                return b"".join(pieces)

    def ending(self) -> bytes:
        dice = self._dice
        stream_id = self.stream()
        if not stream_id:
            return self.quiet()
        if self._rest.get(stream_id) and not self._is_odd():
            return self.data()
        answered = self._streams.get(stream_id)
        self._end(stream_id)
        if self._client_side or (answered and self._is_odd()):
            return frame(DATA, END_STREAM, stream_id, b"")
        fields = dice.choice((((b"grpc-status", dice.choice(STATUSES)),), *TRAILERS))
        extra = dice.choice(EXTRAS) if self._is_odd() else ()
        return self._block(stream_id, (*(() if answered else _RESPONSE), *fields, *extra), not self._is_odd())

    def window(self) -> bytes:
        amount = self._dice.choice((1, 5, 1000, 65535, 2**20))
        return frame(WINDOW_UPDATE, 0, self._dice.choice((0, self.stream())), struct.pack(">I", amount))

    def reset(self) -> bytes:
        code = self._dice.choice((0, 7, 7, 8, 8, 1, 2, 5, 11, 99))
        stream_id = self.stream()
        if not stream_id and not self._is_odd():
            return self.quiet()
        self._end(stream_id)
        return frame(RST_STREAM, 0, stream_id, struct.pack(">I", code))

    def ping(self) -> bytes:
        body = self._dice.choice((b"12345678", b"goodbye?", b"alive?\0\0"))
        return frame(PING, self._dice.choice((0, 0, ACK)), 0, body)

    def setting(self) -> bytes:
        dice = self._dice
        if dice.random() < 0.3:
            return frame(4, ACK, 0)
        code, values = dice.choice(
            (
                (1, (0, 100, 4096, 2**32 - 1)),
                (2, (0,)),
                (3, (0, 1, 5, 100)),
                (4, (0, 1, 10, 1000, 65535, 2**31 - 1)),
                (5, (16384, 20000, 2**24 - 1)),
                (6, (0, 300, 9999)),
                (0x4242, (7,)),
            )
        )
        return settings({code: dice.choice(values)})

    def goaway(self) -> bytes:
        dice = self._dice
        if dice.random() < 0.8:
            return self.window()
        last = dice.choice((0, 1, 3, self._next, 2**31 - 1, 2**32 - 1))
        debug = dice.choice((b"", b"max_age", b"too_many_pings", b"\xff\xfe"))
        return frame(GOAWAY, 0, 0, struct.pack(">II", last, dice.choice((0, 0, 0, 2, 11, 77))) + debug)

    # ------------------------------------------------------------ odd

    def unknown(self) -> bytes:
        dice = self._dice
        return frame(dice.choice((0x0A, 0x0B, 0x10, 0x77)), dice.randrange(256), dice.choice((0, 1)), b"what?")

    def priority(self) -> bytes:
        stream_id = self.stream()
        parent = self._dice.choice((0, 1, stream_id))
        return frame(PRIORITY, 0, stream_id, struct.pack(">IB", parent, 7))

    def strange(self) -> bytes:
        fields = self._dice.choice((*ODDITIES, *_STRANGE))
        if self._client_side:
            stream_id = self._next
            self._next += 2
        else:
            stream_id = self.stream()
        return self._block(stream_id, fields, self._dice.random() < 0.3)

    def fault(self) -> bytes:
        return self._block(self.stream(), self._dice.choice(FAULTS), self._dice.random() < 0.5)

    def stray(self) -> bytes:
        kind = self._dice.choice((DATA, HEADERS, RST_STREAM, WINDOW_UPDATE))
        return frame(kind, END_HEADERS, self._dice.choice((0, 2, 999, 2**31 + 1)), b"\0\0\0\1")

    def naked_continuation(self) -> bytes:
        return frame(CONTINUATION, END_HEADERS, self.stream(), b"\x88")

    def overflow(self) -> bytes:
        amount = self._dice.choice((0, 2**31 - 1, 2**32 - 1))
        return frame(WINDOW_UPDATE, 0, self._dice.choice((0, self.stream())), struct.pack(">I", amount))

    def beyond(self) -> bytes:
        return frame(DATA, 0, self.stream(), bytes(self._dice.choice((16385, 30000, 70000, 200_000))))

    def broken(self) -> bytes:
        dice = self._dice
        kind = dice.choice((DATA, HEADERS, PRIORITY, RST_STREAM, PING, WINDOW_UPDATE, GOAWAY, 4))
        stream_id = dice.choice((0, self.stream()))
        return frame(kind, dice.randrange(256), stream_id, dice.randbytes(dice.randrange(12)))

    def pushed(self) -> bytes:
        body = struct.pack(">I", 2) + self._encoder.encode([*_REQUEST, *_TAIL])
        return frame(PUSH_PROMISE, END_HEADERS, self.stream(), body)

    def garbage_block(self) -> bytes:
        dice = self._dice
        stream_id = self.stream()
        if self._client_side and dice.random() < 0.7:
            stream_id = self._next
            self._next += 2
        noise = dice.randbytes(dice.randrange(40))
        block = dice.choice((noise, b"\x3f\xe1\xff\xff\xff\x0f", b"\xff" * 12, b"\x20" * 5))
        return frame(HEADERS, dice.choice((END_HEADERS, END_HEADERS | END_STREAM, 0)), stream_id, block)

    def endless_block(self) -> bytes:
        dice = self._dice
        stream_id = self.stream()
        piece = frame(CONTINUATION, 0, stream_id, bytes(dice.choice((0, 1, 5000))))
        return frame(HEADERS, 0, stream_id, b"") + piece * dice.choice((3, 20, 70))

    def resized(self) -> bytes:
        """HPACK table sizes that change, and a table that is filled."""
        self._encoder.header_table_size = self._dice.choice((0, 50, 1000, 4096))
        fields = [(b"key-%d" % self._dice.randrange(1000), b"v" * self._dice.choice((1, 500, 5000)))]
        return self._block(self.stream(), fields, False)

    def header_only(self) -> bytes:
        """A frame header that promises a body of any length; what follows is taken for that."""
        dice = self._dice
        length = dice.choice((dice.randrange(100), dice.randrange(20000), dice.randrange(2**24), 2**24 - 1))
        return struct.pack(">IBI", length << 8 | dice.randrange(12), dice.randrange(256), self.stream())
