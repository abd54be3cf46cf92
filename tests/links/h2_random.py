"""Random sessions of a twin: a seed decides everything, so each one can be lived again.

The peer is a pen, not a connection: it writes whatever the dice say, ordinary frames most of the time, unusual and
forbidden ones now and then. What the twin itself sends is as mixed.
"""

from __future__ import annotations

import random
import struct
from typing import Any, Callable

from hpack import Encoder, HeaderTuple, NeverIndexedHeaderTuple

from tests.links.h2_twin import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITISED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    WINDOW_UPDATE,
    Twin,
    frame,
    settings,
)

Headers = "tuple[Any, ...]"

REQUESTS: tuple[Headers, ...] = (
    (
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", b"/a.B/C"),
        (b":authority", b"host"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    ),
    (
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", b"/a.B/D"),
        (b":authority", b"host"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        (b"user-agent", b"pen/1"),
    ),
)
RESPONSES: tuple[Headers, ...] = (
    ((b":status", b"200"), (b"content-type", b"application/grpc")),
    ((b":status", b"200"), (b"content-type", b"application/grpc"), (b"x-answer", b"42")),
)
TRAILERS: tuple[Headers, ...] = (
    ((b"grpc-status", b"0"),),
    ((b"grpc-status", b"5"), (b"grpc-message", b"no such thing")),
)
ODDITIES: tuple[Headers, ...] = (
    ((b":status", b"103"), (b"link", b"x")),
    ((b":status", b"200"), (b"content-length", b"7")),
    ((b":method", b"HEAD"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"host")),
    (*REQUESTS[0], (b"content-length", b"9")),
    (*REQUESTS[0][:3], (b"host", b"h"), (b"cookie", b"a"), (b"cookie", b"b")),
)
FAULTS: tuple[Headers, ...] = (
    ((b":status", b"200"), (b"Upper", b"x")),
    ((b":method", b"POST"), (b":path", b"/"), (b":authority", b"host")),
    ((b"te", b"gzip"),),
    ((b"x", b"line\nfeed"),),
    ((b"content-length", b"many"),),
)


def _varied(dice: random.Random, headers: Headers) -> Headers:
    """The headers, sometimes with one or two values that change with each call."""
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
        name = dice.choice((b"grpc-timeout", b"grpc-timeout", b"x-token", b"authorization", b"x-answer"))
        value = b"%du" % dice.randrange(1000) if dice.random() < 0.9 else b"v" * dice.choice((0, 126, 127, 300))
        place = dice.randrange(sum(header[0].startswith(b":") for header in headers), len(headers) + 1)
        headers = (*headers[:place], NeverIndexedHeaderTuple(name, value), *headers[place:])
    if dice.random() < 0.05:
        headers = (*headers, (b"x-varied", b"%d" % dice.randrange(100)))
    return headers


class Session:
    """One life of a twin.

    Args:
        seed: What decides.
        client_side: The role of the twin.
        wildness: How often the peer writes something forbidden, from 0 to 1.
        rashness: How often either side cares for no state, from 0 to 1.
    """

    def __init__(self, seed: int, client_side: bool, wildness: float, rashness: float) -> None:
        self.dice = random.Random(seed)
        self.wildness = wildness
        self.rashness = rashness
        self.twin = Twin(client_side, long_body=4 if seed % 2 else None)
        self.encoder = Encoder()
        self.peer_streams: list[int] = []
        self.next_peer_stream = 1
        self.begun: set[int] = set()  # what the pen has written, while the twin may not have read it
        self.ended: set[int] = set()
        self.cuts: Callable[[], list[int]] = self.dice.choice(
            (
                list,
                lambda: [1] * 40,
                lambda: [self.dice.randrange(1, 30) for _ in range(20)],
            )
        )

    def live(self, steps: int, after_an_error: int = 4) -> None:
        """Runs the session to its end: so many steps, or a few after the first connection error."""
        twin, dice = self.twin, self.dice
        twin.call("initiate_connection")
        preface = b"" if twin.client_side else PREFACE
        first = settings({3: dice.choice((2, 100, 1000)), 4: dice.choice((10, 65535, 2**20))})
        twin.receive(preface + first, self.cuts())
        twin.receive(frame(4, ACK, 0), self.cuts())
        twin.take()
        left = -1
        while steps and left:
            steps -= 1
            left -= 1
            if dice.random() < 0.5:
                written = b"".join(self.write() for _ in range(dice.choice((1, 1, 2, 5))))
                twin.receive(written, self.cuts())
                if twin.error is not None and left < 0:
                    left = after_an_error
            else:
                self.act()
            if dice.random() < 0.5:
                twin.take()
        twin.take()

    # What the peer writes

    def write(self) -> bytes:
        """Some frames of the peer."""
        dice = self.dice
        if dice.random() < self.wildness:
            return dice.choice(
                (self.fault, self.stray, self.naked_continuation, self.overflow, self.beyond, self.broken, self.pushed)
            )()
        writer = dice.choices(
            (self.opening, self.closing, self.data, self.window, self.reset, self.ping, self.setting, self.odd),
            (5, 4, 6, 2, 1, 1, 1, 1),
        )[0]
        return writer()

    def stream(self, *wanted: str) -> int:
        """A stream for which everything wanted of its state is true, once in a while any, 1 if there is none.

        Wanted may be: `receiving` and `sending` (that direction is open), `begun` (headers were received), `fresh`
        (none were).
        """
        if self.dice.random() < self.rashness and self.peer_streams:
            return self.dice.choice(self.peer_streams)
        known = []
        for stream_id, stream in self.twin.plain.streams.items():
            machine = stream.state_machine
            is_true = {
                "receiving": machine.state.name in ("OPEN", "HALF_CLOSED_LOCAL"),
                "sending": machine.state.name in ("OPEN", "HALF_CLOSED_REMOTE"),
                "begun": bool(machine.headers_received),
                "fresh": not machine.headers_received,
                "answered": bool(machine.headers_sent),
                "unanswered": not machine.headers_sent,
            }
            if "fresh" in wanted and stream_id in self.begun:
                continue
            if "receiving" in wanted and stream_id in self.ended:
                continue
            if all(is_true[name] for name in wanted):
                known.append(stream_id)
        return self.dice.choice(known) if known else 0

    def block(self, stream_id: int, headers: Headers, end_stream: bool) -> bytes:
        """A header block in one of its forms."""
        dice = self.dice
        if headers[0][1] != b"103":
            self.begun.add(stream_id)
        if end_stream:
            self.ended.add(stream_id)
        coded = self.encoder.encode(headers, huffman=dice.random() < 0.7)
        flags = END_STREAM if end_stream else 0
        form = dice.random()
        if form < 0.05:
            return frame(HEADERS, flags | END_HEADERS | PADDED, stream_id, b"\x03" + coded + b"\0\0\0")
        if form < 0.1:
            parent = struct.pack(">IB", 0, 15)
            return frame(HEADERS, flags | END_HEADERS | PRIORITISED, stream_id, parent + coded)
        if form < 0.15:
            half = len(coded) // 2
            rest = frame(CONTINUATION, END_HEADERS, stream_id, coded[half:])
            return frame(HEADERS, flags, stream_id, coded[:half]) + rest
        return frame(HEADERS, flags | END_HEADERS, stream_id, coded)

    def opening(self) -> bytes:
        if self.twin.client_side:
            stream_id = self.stream("receiving", "fresh")
            return self.block(stream_id, _varied(self.dice, self.dice.choice(RESPONSES)), False) if stream_id else b""
        stream_id = self.next_peer_stream
        self.next_peer_stream += self.dice.choice((2, 2, 2, 4))
        self.peer_streams.append(stream_id)
        return self.block(stream_id, _varied(self.dice, self.dice.choice(REQUESTS)), self.dice.random() < 0.1)

    def closing(self) -> bytes:
        stream_id = self.stream("receiving", "begun")
        if not stream_id:
            return b""
        self.ended.add(stream_id)
        if self.dice.random() < 0.5:
            return frame(DATA, END_STREAM, stream_id, b"." * self.dice.choice((0, 5, 100)))
        return self.block(stream_id, _varied(self.dice, self.dice.choice(TRAILERS)), True)

    def data(self) -> bytes:
        stream_id = self.stream("receiving", "begun")
        if not stream_id:
            return b""
        stream = self.twin.plain.streams.get(stream_id)
        window = max(0, stream.inbound_flow_control_window) if stream else 9
        body = bytes(min(self.dice.choice((0, 1, 5, 100, 700)), window))
        if self.dice.random() < 0.1:
            return frame(DATA, PADDED, stream_id, b"\0" + body)
        return frame(DATA, 0, stream_id, body)

    def window(self) -> bytes:
        stream_id = self.dice.choice((0, self.stream()))
        return frame(WINDOW_UPDATE, 0, stream_id, struct.pack(">I", self.dice.choice((1, 1000, 65535))))

    def reset(self) -> bytes:
        stream_id = self.stream("sending")
        self.begun.add(stream_id)
        self.ended.add(stream_id)
        return frame(RST_STREAM, 0, stream_id, struct.pack(">I", self.dice.choice((0, 7, 8, 99)))) if stream_id else b""

    def ping(self) -> bytes:
        return frame(PING, self.dice.choice((0, ACK)), 0, b"%8d" % self.dice.randrange(1000))

    def setting(self) -> bytes:
        dice = self.dice
        code, values = dice.choice(
            ((1, (0, 100, 4096)), (3, (1, 5, 100)), (4, (0, 10, 1000, 65535)), (5, (16384, 20000)), (99, (1,)))
        )
        if dice.random() < 0.4:
            return frame(4, ACK, 0)
        return settings({code: dice.choice(values)})

    def odd(self) -> bytes:
        dice = self.dice
        choice = dice.randrange(4)
        if choice == 0:
            return frame(dice.choice((0x0B, 0x77)), dice.randrange(256), dice.choice((0, 1)), b"what?")
        if choice == 1:
            return frame(PRIORITY, 0, self.stream() or 1, struct.pack(">IB", 0, 7))
        if choice == 2:
            return frame(0x0A, 0, 0, b"\0\1oh2=:1")
        if self.twin.client_side:
            stream_id = self.stream("receiving", "fresh")
            return self.block(stream_id, _varied(dice, dice.choice(ODDITIES[:2])), False) if stream_id else b""
        stream_id = self.next_peer_stream
        self.next_peer_stream += 2
        return self.block(stream_id, _varied(dice, dice.choice(ODDITIES[2:])), dice.random() < 0.3)

    def fault(self) -> bytes:
        return self.block(self.stream(), self.dice.choice(FAULTS), self.dice.random() < 0.5)

    def stray(self) -> bytes:
        kind = self.dice.choice((DATA, HEADERS, RST_STREAM, WINDOW_UPDATE))
        return frame(kind, END_HEADERS, self.dice.choice((0, 2, 999, 2**31 + 1)), b"\0\0\0\1")

    def naked_continuation(self) -> bytes:
        return frame(CONTINUATION, END_HEADERS, self.stream(), b"\x88")

    def overflow(self) -> bytes:
        stream_id = self.dice.choice((0, self.stream()))
        return frame(WINDOW_UPDATE, 0, stream_id, struct.pack(">I", self.dice.choice((0, 2**31 - 1, 2**32 - 1))))

    def beyond(self) -> bytes:
        return frame(DATA, 0, self.stream(), bytes(self.dice.choice((16384, 16385, 70000))))

    def broken(self) -> bytes:
        kind = self.dice.choice((DATA, HEADERS, PRIORITY, RST_STREAM, PING, WINDOW_UPDATE, 4))
        stream_id = 0 if kind in (PING, 4) else self.stream()
        return frame(kind, self.dice.randrange(256), stream_id, b"\xff" * self.dice.randrange(12))

    def pushed(self) -> bytes:
        body = struct.pack(">I", 2) + self.encoder.encode(REQUESTS[0])
        return frame(PUSH_PROMISE, END_HEADERS, self.stream(), body)

    # What the twin does

    def act(self) -> None:
        """Something that the twin itself does."""
        twin, dice = self.twin, self.dice
        if twin.plain.state_machine.state.name == "IDLE" and dice.random() >= self.rashness:
            if twin.client_side:
                self.send_headers()
            return
        often = (self.send_headers, self.send_data, self.end, self.acknowledge)
        seldom = (self.give, self.drop, self.look, self.change)
        dice.choices((*often, *seldom), (6, 5, 2, 4, 1, 1, 1, 1))[0]()

    def send_headers(self) -> None:
        dice, twin = self.dice, self.twin
        wrap = dice.choice((tuple, tuple, list, lambda headers: tuple(HeaderTuple(*header) for header in headers)))
        if twin.client_side and dice.random() < 0.9:
            headers = wrap(_varied(dice, dice.choice(REQUESTS)))
            stream_id = twin.call("get_next_available_stream_id")
            twin.call("send_headers", stream_id, headers, dice.random() < 0.2)
            if twin.error is None:
                self.peer_streams.append(stream_id)
        elif twin.client_side or dice.random() < 0.5:
            headers = wrap(_varied(dice, dice.choice(TRAILERS)))
            twin.call("send_headers", self.stream("sending", "answered"), headers, dice.random() >= self.rashness)
        else:
            headers = wrap(_varied(dice, dice.choice((*RESPONSES, *RESPONSES, ODDITIES[0]))))
            twin.call("send_headers", self.stream("sending", "unanswered"), headers, dice.random() < 0.1)

    def send_data(self) -> None:
        size = self.dice.choice((0, 5, 100, 1000, 20000))
        padding = self.dice.choice((None, None, None, None, 3))
        data: Any = bytes(size)
        if self.dice.random() < 0.1:
            data = memoryview(data)
        self.twin.call("send_data", self.stream("sending"), data, self.dice.random() < 0.2, padding)

    def end(self) -> None:
        self.twin.call("end_stream", self.stream("sending"))

    def acknowledge(self) -> None:
        size = self.dice.choice((0, 5, 100, 700, 40000 if self.rashness else 1000))
        self.twin.call("acknowledge_received_data", size, self.stream() or 1)

    def give(self) -> None:
        stream_id = self.dice.choice((None, self.stream()))
        sizes = (1, 1000, 2**31 - 1, 0) if self.rashness else (1, 1000)
        self.twin.call("increment_flow_control_window", self.dice.choice(sizes), stream_id)

    def drop(self) -> None:
        self.twin.call("reset_stream", self.stream("sending"), self.dice.choice((0, 8)))

    def look(self) -> None:
        name = self.dice.choice(("open_outbound_streams", "open_inbound_streams"))
        self.twin.both(lambda connection: getattr(connection, name))
        self.twin.call(self.dice.choice(("local_flow_control_window", "remote_flow_control_window")), self.stream())

    def change(self) -> None:
        dice = self.dice
        changes = dice.choice(
            ({1: 0}, {1: 4096}, {3: 3}, {3: 50}, {4: 100}, {4: 100000}, {5: 20000}, {6: 300}, {6: 9999})
        )
        if dice.random() < 0.5:
            self.twin.call("update_settings", dict(changes))
        else:
            self.twin.call("ping", b"12345678")
