"""A receiving stream holds its window and a message more, whoever reads and however; and never stands still."""

from __future__ import annotations

import zlib
from typing import Any, Callable, List, Optional

import h2.events
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grpc._links import _flow
from grpc._values.limits import Limits
from grpc.framework.crust import _allowance
from tests.links.wire_rig import REQUEST, ServerRig, frame

Grant = Callable[[int], int]


class Reader:
    """Reads a request stream as slowly as the test wants, and gives leave as it reads."""

    def __init__(self, rig: ServerRig, one_by_one: bool = False) -> None:
        self.rig = rig
        self.unconsumed: List[bytes] = []
        self.consumed: List[int] = []
        self._window: Optional[_allowance.Window] = None if one_by_one else _allowance.Window()
        self._number = 0

    def look(self) -> None:
        """Take over what has been delivered."""
        payloads = self.rig.payloads(self.rig.id())[len(self.consumed) + len(self.unconsumed) :]
        self.unconsumed += payloads
        if self._window is not None:
            self._window.arrived_all(payloads)

    def consume(self) -> None:
        """Consume one payload."""
        self.consumed.append(len(self.unconsumed.pop(0)))
        due = 1 if self._window is None else self._window.due(len(self.unconsumed))
        if due:
            self.rig.answer(number=self._number, last=False, allowance=due)
            self._number += 1
            self.look()

    @property
    def memory(self) -> int:
        """How many bytes are held because of the stream."""
        reader = self.rig.connection._streams[1].reader
        return sum(map(len, self.unconsumed)) + (0 if reader is None else reader.held)


class Sender:
    """A peer that sends whatever the windows admit, without regard for anybody."""

    def __init__(self, rig: ServerRig, *parts: bytes, padding: Optional[int] = None) -> None:
        """Prepare to send these parts; no frame has anything of two of them."""
        self.rig = rig
        self.rest = [memoryview(part) for part in parts]
        self._padding = padding

    def send(self, stream_id: int = 1) -> bool:
        """Send as much as possible; tell whether that was anything."""
        moved = False
        while self.rest:
            peer = self.rig.peer
            room = min(peer.local_flow_control_window(stream_id), peer.max_outbound_frame_size)
            extra = 0 if self._padding is None else 1 + self._padding
            padding = self._padding
            if room <= extra:
                extra, padding = 0, None
            if room <= extra:
                break
            part = self.rest.pop(0)
            peer.send_data(stream_id, bytes(part[: room - extra]), pad_length=padding)
            if len(part) > room - extra:
                self.rest.insert(0, part[room - extra :])
            self.rig.flush()
            moved = True
        return moved


def begun(limits: Limits = Limits()) -> ServerRig:  # noqa: B008  # immutable
    rig = ServerRig(limits)
    rig.call(None, whole=False)
    return rig


def framed(sizes: List[int]) -> bytes:
    return b"".join(frame(bytes(size)) for size in sizes)


@pytest.mark.parametrize("one_by_one", [False, True])
@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=25),
    st.integers(1, 600),
    st.lists(st.integers(0, 6), max_size=8),
    st.one_of(st.none(), st.integers(0, 30)),
    st.booleans(),
)
@example([1, 600], 400, [], None, False)
@example([1] * 60 + [500] * 10, 200, [], None, True)
@example([1, 59, 400], 170, [1], None, False)
def test_any_messages_reach_whoever_reads_and_never_more_is_held_than_the_window_and_one_message(
    one_by_one: bool, sizes: List[int], window: int, pace: List[int], padding: Optional[int], apart: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_allowance, "WINDOW", 8)
        patch.setattr(_allowance, "BATCH_VALUES", 4)
        patch.setattr(_allowance, "BATCH_BYTES", 60)
        patch.setattr(_flow, "UNTOLD", 80)
        rig = begun(Limits(stream_window=window))
        bound = window + _flow.slack(window) + max(sizes) + 5
        reader = Reader(rig, one_by_one)
        parts = [framed([size]) for size in sizes] if apart else [framed(sizes)]
        sender = Sender(rig, *parts, padding=padding)
        turn = 0
        while len(reader.consumed) < len(sizes):
            moved = sender.send()
            reader.look()
            assert reader.memory <= bound
            count = pace[turn % len(pace)] if pace and turn < 40 else 1
            turn += 1
            for _ in range(min(count, len(reader.unconsumed))):
                reader.consume()
                moved = True
            assert moved or not count, "it stands still"
        assert reader.consumed == sizes


class TestAnIdleReader:
    def test_it_holds_the_window_and_one_message_whatever_follows_a_small_one(self) -> None:
        """The leave for 128 payloads is given when they are small yet."""
        rig = begun()
        reader, sender = Reader(rig), Sender(rig, framed([1] + [4 << 20] * 4))
        sender.send()
        reader.look()
        reader.consume()
        sender.send()
        reader.look()
        assert reader.memory <= (4 << 20) + (4 << 20) + 5
        assert sender.rest

    def test_it_holds_no_more_if_the_long_message_begins_where_the_window_ends(self) -> None:
        window = 2 * _flow.UNTOLD
        long = 3 * window
        rig = begun(Limits(stream_window=window))
        reader = Reader(rig)
        # One byte of the window is left; the first message's six are consumed, and too few to be given back.
        sender = Sender(rig, framed([1, window - 12, *[long] * 9]))
        sender.send()
        reader.look()
        reader.consume()
        sender.send()
        reader.look()
        assert [len(payload) for payload in reader.unconsumed] == [window - 12, long]
        assert reader.memory <= window + long + 5
        assert rig.peer.local_flow_control_window(1) == 0

    def test_what_long_messages_had_in_advance_is_made_up_for_before_anything_is_given_back(self) -> None:
        """Who reads one small message between two long ones does not end up with all of the long ones."""
        window = 2 * _flow.UNTOLD
        rig = begun(Limits(stream_window=window))
        rig.answer(number=0, last=False, allowance=127)
        sizes = [100] * 50 + [window] * 20
        reader, sender = Reader(rig, one_by_one=True), Sender(rig, framed(sizes))
        reader._number = 1
        for _ in range(50):
            sender.send()
            reader.look()
            assert reader.memory <= 2 * window + 5
            reader.consume()

    @pytest.mark.parametrize("algorithm", [b"gzip", b"deflate"])
    def test_what_inflates_counts_as_what_it_is_inflated_to(self, algorithm: bytes) -> None:
        window = 2 * _flow.UNTOLD
        size = 100_000
        rig = ServerRig(Limits(stream_window=window))
        rig.call(None, fields=[*REQUEST, (b"grpc-encoding", algorithm)], whole=False)
        packer = zlib.compressobj(wbits=31 if algorithm == b"gzip" else 15)
        packed = packer.compress(bytes(size)) + packer.flush()
        reader = Reader(rig)
        sender = Sender(rig, frame(b"1") + frame(packed, 1) * 40)
        sender.send()
        reader.look()
        reader.consume()
        assert not sender.rest
        assert sum(map(len, reader.unconsumed)) <= window + size
        while reader.unconsumed:
            reader.consume()
        assert reader.consumed == [1, *[size] * 40]

    def test_what_inflated_to_more_than_the_window_holds_up_what_follows_in_a_frame_of_its_own(self) -> None:
        window = 2 * _flow.UNTOLD
        rig = ServerRig(Limits(stream_window=window))
        rig.call(None, fields=[*REQUEST, (b"grpc-encoding", b"gzip")], whole=False)
        rig.answer(number=0, last=False, allowance=9)
        packer = zlib.compressobj(wbits=31)
        rig.peer.send_data(1, frame(packer.compress(bytes(2 * window)) + packer.flush(), 1))
        rig.peer.send_data(1, frame(b"next"))
        rig.flush()
        assert list(map(len, rig.payloads(rig.id()))) == [2 * window]
        rig.answer(number=1, last=False, allowance=1)
        assert list(map(len, rig.payloads(rig.id()))) == [2 * window, 4]

    def test_it_stops_no_other_stream(self) -> None:
        rig = begun()
        reader, sender = Reader(rig), Sender(rig, framed([1] + [4 << 20] * 4))
        sender.send()
        reader.look()
        reader.consume()
        sender.send()
        assert sender.rest
        rig.call(None, stream_id=3, whole=False)
        other = Sender(rig, framed([100_000]))
        other.send(3)
        assert rig.payloads(rig.id(3)) == [bytes(100_000)]


class TestAReaderThatReads:
    @pytest.mark.parametrize("one_by_one", [False, True])
    def test_it_gets_long_messages_one_after_the_other(self, one_by_one: bool) -> None:
        """Each is longer than the window, with short ones before it that leave no room."""
        window = 2 * _flow.UNTOLD
        sizes = [1, 3 * window, *[1000] * 200, 2 * window, 2 * window, 7]
        rig = begun(Limits(stream_window=window))
        reader, sender = Reader(rig, one_by_one), Sender(rig, framed(sizes))
        while len(reader.consumed) < len(sizes):
            moved = sender.send()
            reader.look()
            assert moved or reader.unconsumed
            while reader.unconsumed:
                reader.consume()
        assert reader.consumed == sizes

    @pytest.mark.parametrize("window", [1, 1000, 65_535, 2 * _flow.UNTOLD - 1, 2 * _flow.UNTOLD])
    def test_it_gets_many_messages_whatever_the_window_is(self, window: int) -> None:
        """Whatever the reader has consumed without saying so, there is room for the next message."""
        size = 1100 if window > 1 else 20
        sizes = [size] * 200
        rig = begun(Limits(stream_window=window))
        reader, sender = Reader(rig), Sender(rig, framed(sizes))
        while len(reader.consumed) < len(sizes):
            moved = sender.send()
            reader.look()
            assert moved or reader.unconsumed
            while reader.unconsumed:
                reader.consume()
        assert reader.consumed == sizes

    def test_the_window_is_given_back_as_it_reads_and_not_before(self) -> None:
        window = 4 * 1024 * 1024
        size = window // 16 - 5
        rig = begun()
        reader, sender = Reader(rig), Sender(rig, framed([size] * 20))
        sender.send()
        reader.look()
        reader.consume()
        sender.send()
        reader.look()
        before = rig.given_back(1)
        assert before == 0
        given = []
        for _ in range(8):
            reader.consume()
            given.append(rig.given_back(1) // (size + 5))
        assert given == [0, 0, 4, 4, 4, 4, 8, 8]

    def test_a_window_that_was_used_up_is_given_back_without_another_frame(self) -> None:
        rig = begun()
        reader = Reader(rig)
        sender = Sender(rig, *(framed([size]) for size in (1, *[65_531] * 64)))
        sender.send()
        reader.look()
        reader.consume()
        sender.send()
        reader.look()
        assert rig.peer.local_flow_control_window(1) == 0
        while reader.unconsumed:
            reader.consume()
        assert rig.peer.local_flow_control_window(1) > (4 << 20) * 3 // 4

    def test_a_unary_exchange_gives_no_stream_window_back(self) -> None:
        rig = begun()
        sender = Sender(rig, framed([2 << 20]))
        sender.send()
        rig.peer.end_stream(1)
        rig.flush()
        rig.answer(b"done")
        assert [event for event in rig.heard(h2.events.WindowUpdated) if event.stream_id == 1] == []


class TestTheConnection:
    def test_what_was_not_consumed_counts_as_held_until_it_is(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(_flow, "HELD_BOUND", 1 << 20)
        rig = begun()
        rig.connection._connection_step = 1
        reader, sender = Reader(rig), Sender(rig, framed([1, *[500_000] * 6]))
        sender.send()
        reader.look()
        reader.consume()
        sender.send()
        reader.look()
        connection = rig.connection
        unconsumed = sum(map(len, reader.unconsumed)) + 5 * len(reader.unconsumed)
        assert connection._held == unconsumed - _flow.UNTOLD
        assert connection._owed > 0
        while reader.unconsumed:
            reader.consume()
        assert (connection._held, connection._owed) == (0, 0)

    def test_a_stream_that_is_given_up_gives_its_share_back_at_once(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(_flow, "HELD_BOUND", 1 << 20)
        rig = begun()
        rig.connection._connection_step = 1
        sender = Sender(rig, framed([1, *[500_000] * 6]))
        sender.send()
        assert rig.connection._owed > 0
        rig.peer.reset_stream(1)
        rig.flush()
        assert (rig.connection._held, rig.connection._owed) == (0, 0)
