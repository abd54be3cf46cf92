from __future__ import annotations

import pytest

from tests.faults.messages import HEADER_BYTES, REQUESTS, RESPONSES, Flaw, Reader, encode_message


def _messages(count: int, call: int = 7, direction: int = REQUESTS) -> list[bytes]:
    return [encode_message(call, direction, place, 100) for place in range(count)]


def _read(messages: list[bytes]) -> Reader:
    reader = Reader(7, REQUESTS)
    for message in messages:
        reader.accept(message)
    return reader


def test_a_whole_stream_in_order_is_accepted() -> None:
    assert _read(_messages(5)).seen == 5


@pytest.mark.parametrize("size", [0, HEADER_BYTES, HEADER_BYTES + 1, 65_536, 1_048_000])
def test_a_message_has_its_size_but_never_less_than_a_header(size: int) -> None:
    assert len(encode_message(1, REQUESTS, 0, size)) == max(size, HEADER_BYTES)


def test_messages_of_different_places_differ_in_their_bodies() -> None:
    first, second = _messages(2)
    assert first[HEADER_BYTES:] != second[HEADER_BYTES:]


def test_a_lost_message_is_noticed() -> None:
    first, _, third = _messages(3)
    with pytest.raises(Flaw, match="place 2 came at place 1: early, or others were lost"):
        _read([first, third])


def test_a_doubled_message_is_noticed() -> None:
    (first,) = _messages(1)
    with pytest.raises(Flaw, match="place 0 came at place 1: doubled or late"):
        _read([first, first])


def test_messages_in_the_wrong_order_are_noticed() -> None:
    with pytest.raises(Flaw, match="place 1 came at place 0"):
        _read(_messages(2)[::-1])


@pytest.mark.parametrize("place", [0, HEADER_BYTES - 1, HEADER_BYTES, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    message = bytearray(_messages(1)[0])
    message[place] ^= 1
    with pytest.raises(Flaw, match="changed on its way"):
        _read([bytes(message)])


def test_a_shortened_message_is_noticed() -> None:
    with pytest.raises(Flaw, match="changed on its way"):
        _read([_messages(1)[0][:-1]])


def test_a_message_shorter_than_a_header_is_noticed() -> None:
    with pytest.raises(Flaw, match="a message of 3 bytes came"):
        _read([b"abc"])


@pytest.mark.parametrize(("call", "direction"), [(8, REQUESTS), (7, RESPONSES)])
def test_a_message_of_another_call_or_direction_is_noticed(call: int, direction: int) -> None:
    with pytest.raises(Flaw, match=f"a message of call {call}, direction {direction}, came to call 7"):
        _read(_messages(1, call, direction))
