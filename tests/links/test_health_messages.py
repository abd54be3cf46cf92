"""The two messages of the health check, compared with what protocol buffers make of the same bytes."""

from __future__ import annotations

import itertools
import random
from typing import Optional

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from grpc._links import _health_messages
from grpc._links._health_messages import GarbledError


def _response_class() -> type[message.Message]:
    """HealthCheckResponse as protobuf has it; its status an int32, as an open enum is one."""
    field = descriptor_pb2.FieldDescriptorProto(
        name="status",
        number=1,
        type=descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
        label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
    )
    file = descriptor_pb2.FileDescriptorProto(name="tests/health.proto", package="tests.health", syntax="proto3")
    file.message_type.add(name="Response").field.append(field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tests.health.Response"))


RESPONSE = _response_class()


def theirs(data: bytes) -> Optional[int]:
    """What protobuf reads; None if it refuses."""
    try:
        return RESPONSE.FromString(data).status & 0xFFFFFFFF  # type: ignore[attr-defined, no-any-return]  # made above
    except message.DecodeError:
        return None


def ours(data: bytes) -> Optional[int]:
    try:
        return _health_messages.decode_response(data)
    except GarbledError:
        return None


class TestRequest:
    @pytest.mark.parametrize(
        ("service", "data"),
        [
            ("", b""),
            ("svc", b"\x0a\x03svc"),
            ("\u00fc", b"\x0a\x02\xc3\xbc"),
            ("x" * 300, b"\x0a\xac\x02" + b"x" * 300),
        ],
    )
    def test_it_is_the_name_as_field_1(self, service: str, data: bytes) -> None:
        assert _health_messages.encode_request(service) == data


class TestResponse:
    @pytest.mark.parametrize(
        ("data", "number"),
        [
            (b"", 0),
            (b"\x08\x00", 0),
            (b"\x08\x01", 1),
            (b"\x08\x02", 2),
            (b"\x08\x81\x00", 1),
            (b"\x08\x02\x08\x01", 1),
            (b"\x08\xac\x02", 300),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 0xFFFFFFFF),
            (b"\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x01", 1),
        ],
        ids=repr,
    )
    def test_it_is_the_last_number_of_field_1(self, data: bytes, number: int) -> None:
        assert (_health_messages.decode_response(data), theirs(data)) == (number, number)

    @pytest.mark.parametrize(
        "other",
        [
            b"\x10\x96\x01",
            b"\x12\x03abc",
            b"\x0a\x02xy",
            b"\x19abcdefgh",
            b"\x15abcd",
            b"\x13\x08\x02\x14",
            b"\x13\x1b\x1c\x14",
            b"\xf8\xff\xff\xff\x0f\x00",
        ],
        ids=repr,
    )
    def test_other_fields_are_passed_over(self, other: bytes) -> None:
        for data in (b"\x08\x01" + other, other + b"\x08\x01"):
            assert (_health_messages.decode_response(data), theirs(data)) == (1, 1)

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"\x08", "there is no number at byte 1 of 1"),
            (b"\x08\x80", "there is no number at byte 1 of 2"),
            (b"\x08" + b"\x80" * 10 + b"\x01", "there is no number at byte 1 of 12"),
            (b"\x00\x01", "there is no field at byte 0 of 2"),
            (b"\xff\xff\xff\xff\xff\x01", "there is no field at byte 0 of 6"),
            (b"\x12\x04abc", "the value at byte 2 is longer than the rest of 5"),
            (b"\x15abc", "the value at byte 1 is longer than the rest of 4"),
            (b"\x14", "there is no value at byte 1 of 1"),
            (b"\x13\x08\x02\x1c", "there is no value at byte 4 of 4"),
            (b"\x13\x08\x02", "there is no number at byte 3 of 3"),
            (b"\x16", "there is no value at byte 1 of 1"),
            (b"\x13" * 101 + b"\x14" * 101, "there is no value at byte 101 of 202"),
        ],
        ids=lambda value: repr(value)[:40],
    )
    def test_what_is_none_is_said_where(self, data: bytes, words: str) -> None:
        with pytest.raises(GarbledError) as caught:
            _health_messages.decode_response(data)
        assert (str(caught.value), theirs(data)) == (words, None)

    def test_all_short_and_many_longer_bytes_are_read_as_by_protobuf(self) -> None:
        draw = random.Random(17)
        alphabet = (0x00, 0x01, 0x02, 0x03, 0x08, 0x0A, 0x0B, 0x0C, 0x0D, 0x12, 0x13, 0x14, 0x80, 0xFF)
        short = [bytes(data) for size in range(4) for data in itertools.product(alphabet, repeat=size)]
        longer = [bytes(draw.choices(alphabet, k=draw.randrange(4, 20))) for _ in range(4000)]
        assert [data for data in short + longer if ours(data) != theirs(data)] == []


def test_statuses_have_their_names_and_others_their_number() -> None:
    names = [_health_messages.status_name(number) for number in range(5)]
    assert names == ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN", "status 4"]
