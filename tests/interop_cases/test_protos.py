"""The messages and stubs in the repository are what their .proto files say, and run beside others of their names."""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from grpc.interop.protos import _descriptions
from grpc.interop.protos import messages_pb2 as messages
from tests.interop_cases import regenerate

_FIELD = descriptor_pb2.FieldDescriptorProto


def test_what_is_generated_is_what_lies_there() -> None:
    generated = regenerate.generated()
    assert set(generated) == {"messages_pb2.py", "messages_pb2.pyi", "test_pb2_grpc.py", "test_pb2_grpc.pyi"}
    for name, text in generated.items():
        found = (regenerate.PROTOS / name).read_text(encoding="utf-8")
        assert found == text, (
            f"{name} is not what its .proto file gives: run 'python -m tests.interop_cases.regenerate'"
        )


@pytest.mark.parametrize(
    ("message", "numbers"),
    [
        ("Empty", {}),
        ("BoolValue", {"value": 1}),
        ("Payload", {"type": 1, "body": 2}),
        ("EchoStatus", {"code": 1, "message": 2}),
        (
            "SimpleRequest",
            {
                "response_type": 1,
                "response_size": 2,
                "payload": 3,
                "fill_username": 4,
                "fill_oauth_scope": 5,
                "response_compressed": 6,
                "response_status": 7,
                "expect_compressed": 8,
                "fill_server_id": 9,
                "fill_grpclb_route_type": 10,
            },
        ),
        ("SimpleResponse", {"payload": 1, "username": 2, "oauth_scope": 3}),
        ("StreamingInputCallRequest", {"payload": 1, "expect_compressed": 2}),
        ("StreamingInputCallResponse", {"aggregated_payload_size": 1}),
        ("ResponseParameters", {"size": 1, "interval_us": 2, "compressed": 3}),
        (
            "StreamingOutputCallRequest",
            {"response_type": 1, "response_parameters": 2, "payload": 3, "response_status": 7},
        ),
        ("StreamingOutputCallResponse", {"payload": 1}),
    ],
)
def test_fields_have_the_numbers_that_all_implementations_share(message: str, numbers: dict[str, int]) -> None:
    descriptor = getattr(messages, message).DESCRIPTOR
    assert descriptor.full_name == f"grpc.testing.{message}"
    assert {field.name: field.number for field in descriptor.fields} == numbers


def _file() -> bytes:
    file = descriptor_pb2.FileDescriptorProto(name="some.proto", package="some")
    file.message_type.add(name="Thing").field.add(name="size", number=1, type=_FIELD.TYPE_INT32)
    return file.SerializeToString()


def test_two_descriptions_of_one_name_stand_side_by_side() -> None:
    first, second = (_descriptions.Described("some", _file()).message("Thing") for _ in range(2))
    assert first is not second
    assert second.FromString(first(size=3).SerializeToString()).size == 3
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("some.Thing")


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(KeyError, match="Another"):
        _descriptions.Described("some", _file()).message("Another")


def test_protobufs_before_4_22_make_classes_by_their_factory(monkeypatch: pytest.MonkeyPatch) -> None:
    make = message_factory.GetMessageClass

    class Factory:
        """As older protobufs have it."""

        def __init__(self, pool: descriptor_pool.DescriptorPool) -> None:
            self.pool = pool

        def GetPrototype(self, descriptor: object) -> object:
            assert self.pool.FindMessageTypeByName("some.Thing") is descriptor
            return make(descriptor)

    monkeypatch.delattr(message_factory, "GetMessageClass")
    monkeypatch.setattr(message_factory, "MessageFactory", Factory, raising=False)
    assert _descriptions.Described("some", _file()).message("Thing")(size=3).size == 3
