"""The part for the beta API: the same names as that time's generator, and what they hand on."""

from __future__ import annotations

import pathlib
from typing import Any
from unittest import mock

import pytest
from google.protobuf import descriptor_pb2

from grpc.beta import implementations, interfaces
from grpc.framework.common import cardinality
from tests.beta.generated import greeter_grpc_1_0
from tests.codegen import fakes, requests, shapes
from tests.modern.generated import greeter_pb2

THEIRS = pathlib.Path(greeter_grpc_1_0.__file__).read_text(encoding="utf-8")
SERVICE = requests.service("S", *(requests.rpc(shape, shape) for shape in requests.SHAPES), "import")


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of a service with a method of each shape, and one with a keyword for a name."""
    return fakes.load(requests.module(requests.file("sample.proto", SERVICE), parameter="beta"), monkeypatch)


def test_it_offers_what_the_output_of_grpcio_tools_1_0_offers() -> None:
    file = descriptor_pb2.FileDescriptorProto()
    greeter_pb2.DESCRIPTOR.CopyToProto(file)
    ours = requests.module(file, parameter="beta")
    assert set(shapes.classes(THEIRS)) < set(shapes.classes(ours))
    assert shapes.functions(THEIRS).items() < shapes.functions(ours).items()
    assert shapes.attributes(THEIRS) == shapes.attributes(ours)


def test_a_method_that_is_not_overridden_is_unimplemented(sample: Any) -> None:
    context = mock.Mock()
    assert sample.BetaSServicer().unary_unary(fakes.Ask(), context) is None
    context.code.assert_called_once_with(interfaces.StatusCode.UNIMPLEMENTED)


def test_a_server_is_made_of_all_methods_and_options(sample: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = mock.Mock()
    monkeypatch.setattr(implementations, "server", made.server)
    monkeypatch.setattr(implementations, "server_options", made.server_options)
    options = {"default_timeout": 3, "maximum_timeout": 4}
    assert sample.beta_create_S_server(sample.BetaSServicer(), pool="pool", pool_size=2, **options) is made.server()
    names = {("sample.S", name) for name in (*requests.SHAPES, "import")}
    made.server_options.assert_called_once_with(
        request_deserializers=dict.fromkeys(names, fakes.Ask.FromString),
        response_serializers=dict.fromkeys(names, fakes.Answer.SerializeToString),
        thread_pool="pool",
        thread_pool_size=2,
        **options,
    )
    methods = made.server.call_args_list[0].args[0]
    assert {name: method.cardinality.name.lower() for (_, name), method in methods.items()} == {
        **{shape: shape for shape in requests.SHAPES},
        "import": "unary_unary",
    }


def test_a_stub_is_made_of_all_methods_and_options(sample: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = mock.Mock()
    monkeypatch.setattr(implementations, "dynamic_stub", made.dynamic_stub)
    monkeypatch.setattr(implementations, "stub_options", made.stub_options)
    stub = sample.beta_create_S_stub("channel", host="h", metadata_transformer="t", pool="pool", pool_size=2)
    assert stub is made.dynamic_stub.return_value
    names = {("sample.S", name) for name in (*requests.SHAPES, "import")}
    made.stub_options.assert_called_once_with(
        host="h",
        metadata_transformer="t",
        request_serializers=dict.fromkeys(names, fakes.Ask.SerializeToString),
        response_deserializers=dict.fromkeys(names, fakes.Answer.FromString),
        thread_pool="pool",
        thread_pool_size=2,
    )
    cardinalities = {shape: cardinality.Cardinality[shape.upper()] for shape in requests.SHAPES}
    made.dynamic_stub.assert_called_once_with(
        "channel",
        "sample.S",
        {**cardinalities, "import": cardinality.Cardinality.UNARY_UNARY},
        options=made.stub_options.return_value,
    )


def test_the_class_that_describes_a_stub_does_nothing(sample: Any) -> None:
    with pytest.raises(NotImplementedError):
        sample.BetaSStub().stream_unary(iter([]), 1)
