"""Messages in a stream of bytes: wire facts, section 3."""

from __future__ import annotations

import random
import tracemalloc
from typing import Any, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpc._links import _compression, _messages
from grpc._values.contexts import Uncompressed
from tests.links.wire_rig import frame, messages

GZIP = 2


def _reader(limit: int = 1000, algorithm: int = 0) -> _messages.MessageReader:
    return _messages.MessageReader(limit, algorithm)


class TestFraming:
    def test_a_message_is_a_flag_four_bytes_of_length_and_the_payload(self) -> None:
        assert _messages.frame_message(b"abc") == b"\0\0\0\0\3abc"

    @pytest.mark.parametrize("piece", [1, 2, 3, 4, 5, 6, 7, 100])
    def test_data_boundaries_carry_no_meaning(self, piece: int) -> None:
        data = frame(b"") + frame(b"abc") + frame(b"defgh") + frame(b"i" * 20)
        reader = _reader()
        payloads: List[bytes] = []
        for start in range(0, len(data), piece):
            reader.feed(data[start : start + piece])
            payloads += reader.take(100)
        assert payloads == [b"", b"abc", b"defgh", b"i" * 20]
        assert reader.held == 0

    def test_what_follows_a_message_is_kept(self) -> None:
        reader = _reader()
        reader.feed(frame(b"abc") + b"\0\0\0")
        assert reader.take(100) == [b"abc"]
        assert (reader.held, reader.ready) == (3, False)
        reader.feed(b"\0\1x")
        assert reader.take(100) == [b"x"]

    def test_no_more_is_taken_than_is_asked_for(self) -> None:
        reader = _reader()
        reader.feed(b"".join(frame(b"%d" % number) for number in range(5)))
        assert reader.take(2) == [b"0", b"1"]
        assert reader.ready
        assert reader.held == 3 * 6
        assert reader.take(0) == []
        assert reader.take(9) == [b"2", b"3", b"4"]
        assert not reader.ready

    @given(st.lists(st.binary(max_size=30), max_size=8), st.lists(st.integers(1, 40), min_size=1), st.integers(1, 3))
    def test_payloads_survive_any_split_of_their_bytes(
        self, payloads: List[bytes], sizes: List[int], count: int
    ) -> None:
        data = b"".join(map(frame, payloads))
        reader = _reader()
        taken: List[bytes] = []
        fed = turn = 0
        while fed < len(data):
            piece = data[fed : fed + sizes[turn % len(sizes)]]
            fed += len(piece)
            turn += 1
            reader.feed(piece)
            taken += reader.take(count)
            assert reader.held == fed - sum(5 + len(payload) for payload in taken)
        while reader.ready:
            taken += reader.take(count)
        assert taken == payloads

    @pytest.mark.parametrize(
        ("data", "payload"),
        [
            (frame(b""), b""),
            (frame(b"abc"), b"abc"),
            (frame(b"abcd"), None),
            (frame(b"abc")[:-1], None),
            (frame(b"abc") + b"x", None),
            (frame(b"abc", 1), None),
            (b"", None),
            (b"\0\0\0", None),
        ],
    )
    def test_the_short_way_takes_exactly_one_uncompressed_message_within_the_limit(
        self, data: bytes, payload: object
    ) -> None:
        assert _messages.single(data, 3) == payload


class TestWhatCannotBeRead:
    """It fails the stream in its place: what came before it was sent before it."""

    @pytest.mark.parametrize(
        "bad", [frame(b"not gzip", 1), frame(b"x", 7), frame(bytes(1001))], ids=["corrupt", "flag", "too long"]
    )
    def test_messages_before_it_are_given_first(self, bad: bytes) -> None:
        reader = _reader(algorithm=GZIP)
        reader.feed(frame(b"abc") + frame(_compression.deflate(GZIP, b"small"), 1) + bad)
        assert reader.take(100) == [b"abc", b"small"]
        assert reader.failed
        assert reader.ready
        with pytest.raises(_messages.MessageError):
            reader.take(1)

    def test_it_is_no_failure_while_nobody_has_come_to_it(self) -> None:
        reader = _reader()
        reader.feed(frame(b"abc") + frame(b"x", 7))
        assert reader.take(1) == [b"abc"]
        assert not reader.failed


class TestLongMessages:
    """Those of `LONG` bytes or more are gathered in place as they come."""

    LENGTH = _messages.LONG + 5000

    @pytest.mark.parametrize("piece", [999, 4096, _messages.LONG, LENGTH, 3 * LENGTH])
    @pytest.mark.parametrize("kind", [bytes, memoryview])
    def test_they_and_short_ones_among_them_survive_any_pieces(self, piece: int, kind: Any) -> None:
        payloads = [b"short", *(bytes([n]) * (self.LENGTH + n) for n in range(3)), b"", b"last", bytes(self.LENGTH)]
        data = b"".join(map(frame, payloads))
        reader = _reader(limit=10**6)
        taken: List[bytes] = []
        for start in range(0, len(data), piece):
            buffer = bytearray(data[start : start + piece])
            reader.feed(bytes(buffer) if kind is bytes else memoryview(buffer))
            taken += reader.take(100)
            reader.own()
            buffer[:] = bytes([0xEE]) * len(buffer)
            assert reader.held == min(start + piece, len(data)) - sum(5 + len(payload) for payload in taken)
        assert taken == payloads
        assert {type(payload) for payload in taken} == {bytes}

    def test_what_is_not_asked_for_outlives_the_buffer_that_it_came_in(self) -> None:
        reader = _reader(limit=10**6)
        for payload in (b"abc", bytes(self.LENGTH), b"def"):
            buffer = bytearray(frame(payload))
            reader.feed(memoryview(buffer))
            reader.own()
            buffer[:] = bytes([0xEE]) * len(buffer)
        assert reader.take(9) == [b"abc", bytes(self.LENGTH), b"def"]

    def test_compressed_ones_are_inflated(self) -> None:
        payload = random.Random(1).randbytes(self.LENGTH)
        data = frame(_compression.deflate(GZIP, payload), 1) + frame(b"next")
        reader = _reader(limit=10**6, algorithm=GZIP)
        taken: List[bytes] = []
        for start in range(0, len(data), 5000):
            reader.feed(data[start : start + 5000])
            taken += reader.take(9)
        assert taken == [payload, b"next"]

    def test_corrupt_ones_fail_whenever_they_are_asked_for(self) -> None:
        reader = _reader(limit=10**6, algorithm=GZIP)
        data = frame(bytes(self.LENGTH), 1)
        reader.feed(data[:1000])
        assert reader.take(1) == []
        reader.feed(data[1000:])
        for _ in range(2):
            with pytest.raises(_messages.MessageError, match="not gzip"):
                reader.take(1)

    def test_an_announced_length_takes_no_memory(self) -> None:
        reader = _reader(limit=_messages.LONGEST)
        reader.feed(b"\0\xff\xff\xff\xff" + bytes(1000))
        tracemalloc.start()
        try:
            assert reader.take(1) == []
            for _ in range(10):
                reader.feed(bytes(1000))
            assert tracemalloc.get_traced_memory()[1] < 4 * 11_000 + 2000
        finally:
            tracemalloc.stop()
        assert (reader.held, reader.missing) == (11_005, _messages.LONGEST - 11_000)


class TestSizeOfWhatArrives:
    def test_a_message_of_the_limit_is_accepted(self) -> None:
        reader = _reader(limit=3)
        reader.feed(frame(b"abc"))
        assert reader.take(1) == [b"abc"]

    def test_a_longer_one_is_refused_by_its_length_alone(self) -> None:
        reader = _reader(limit=3)
        reader.feed(frame(b"abcd")[:5])
        assert reader.ready
        with pytest.raises(_messages.MessageError) as raised:
            reader.take(1)
        assert raised.value.code == 8
        assert raised.value.details == (
            "received message of 4 bytes exceeds the limit of 3; raise it with 'grpc.max_receive_message_length'"
        )

    def test_the_limit_holds_for_the_compressed_length(self) -> None:
        reader = _reader(limit=3, algorithm=GZIP)
        reader.feed(frame(_compression.deflate(GZIP, b"a"), 1))
        with pytest.raises(_messages.MessageError, match="exceeds the limit of 3") as raised:
            reader.take(1)
        assert raised.value.code == 8

    def test_the_limit_holds_for_the_inflated_length(self) -> None:
        reader = _reader(limit=100, algorithm=GZIP)
        reader.feed(frame(_compression.deflate(GZIP, bytes(101)), 1))
        with pytest.raises(_messages.MessageError, match="inflated more than 100, exceeds the limit of 100") as raised:
            reader.take(1)
        assert raised.value.code == 8

    def test_nothing_is_inflated_before_it_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        inflated = []
        inflate = _compression.inflate

        def counting(number: int, data: bytes, limit: int) -> bytes:
            inflated.append(len(data))
            return inflate(number, data, limit)

        monkeypatch.setattr(_compression, "inflate", counting)
        reader = _reader(algorithm=GZIP)
        reader.feed(frame(_compression.deflate(GZIP, bytes(500)), 1) * 3)
        assert reader.ready
        assert inflated == []
        assert reader.take(1) == [bytes(500)]
        assert len(inflated) == 1


class TestCompressed:
    def test_flag_1_means_the_algorithm_of_grpc_encoding(self) -> None:
        reader = _reader(algorithm=GZIP)
        reader.feed(frame(b"plain") + frame(_compression.deflate(GZIP, b"small"), 1) + frame(b""))
        assert reader.take(9) == [b"plain", b"small", b""]

    def test_each_message_has_a_context_of_its_own(self) -> None:
        message = frame(_compression.deflate(GZIP, b"same"), 1)
        reader = _reader(algorithm=GZIP)
        reader.feed(message + message)
        assert reader.take(9) == [b"same", b"same"]

    def test_flag_1_without_an_algorithm_is_internal(self) -> None:
        reader = _reader()
        reader.feed(frame(_compression.deflate(GZIP, b"x"), 1))
        with pytest.raises(_messages.MessageError, match="no grpc-encoding") as raised:
            reader.take(1)
        assert raised.value.code == 13

    @pytest.mark.parametrize("flag", [2, 3, 0x81, 255])
    def test_other_flags_are_internal(self, flag: int) -> None:
        reader = _reader(algorithm=GZIP)
        reader.feed(frame(b"x", flag))
        with pytest.raises(_messages.MessageError, match=f"the compressed flag {flag}") as raised:
            reader.take(1)
        assert raised.value.code == 13

    def test_a_corrupt_payload_is_internal(self) -> None:
        reader = _reader(algorithm=GZIP)
        reader.feed(frame(b"not gzip", 1))
        with pytest.raises(_messages.MessageError, match="not gzip: ") as raised:
            reader.take(1)
        assert raised.value.code == 13


class TestCompressing:
    def test_a_message_is_compressed_if_that_makes_it_smaller(self) -> None:
        ((flag, data),) = messages(_messages.frame_compressed(bytes(100), GZIP))
        assert flag == 1
        assert _compression.inflate(GZIP, data, 100) == bytes(100)

    @pytest.mark.parametrize("payload", [b"a", b"abcdefghij"])
    def test_a_message_that_does_not_get_smaller_goes_as_it_is(self, payload: bytes) -> None:
        assert _messages.frame_compressed(payload, GZIP) == frame(payload)

    def test_an_empty_message_has_flag_0(self) -> None:
        assert _messages.frame_compressed(b"", GZIP) == frame(b"")

    def test_a_message_that_is_not_to_be_compressed_goes_as_it_is(self) -> None:
        assert _messages.frame_compressed(Uncompressed(bytes(100)), GZIP) == frame(bytes(100))


class TestSizeOfWhatIsSent:
    def test_a_message_of_the_limit_may_be_sent(self) -> None:
        _messages.check_sendable(b"abc", 3)

    def test_a_longer_one_may_not(self) -> None:
        with pytest.raises(_messages.MessageError) as raised:
            _messages.check_sendable(b"abcd", 3)
        assert raised.value.code == 8
        assert raised.value.details == (
            "message to be sent of 4 bytes exceeds the limit of 3; raise it with 'grpc.max_send_message_length'"
        )

    def test_what_is_not_bytes_may_not(self) -> None:
        with pytest.raises(_messages.MessageError, match="as bytes, not as str") as raised:
            _messages.check_sendable("abc", 100)  # type: ignore[arg-type]
        assert raised.value.code == 13
