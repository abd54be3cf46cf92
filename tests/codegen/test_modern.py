"""The part for today's API: the same names as grpcio's generator, on channels and servers of any age."""

from __future__ import annotations

import inspect
import pathlib
from typing import Any, Dict, List
from unittest import mock

import pytest
from google.protobuf import descriptor_pb2

import grpc
import grpc.experimental
from tests.codegen import fakes, requests, shapes
from tests.modern.generated import greeter_pb2

OTHERS = pathlib.Path(greeter_pb2.__file__).parent

SHAPES = sorted(requests.SHAPES)
SERVICE = requests.service("S", *(requests.rpc(shape.title().replace("_", ""), shape) for shape in SHAPES))
PATHS = {"/sample.S/" + shape.title().replace("_", ""): shape for shape in SHAPES}


def greeter() -> str:
    """What we make of the .proto file of which other generators' output is kept."""
    file = descriptor_pb2.FileDescriptorProto()
    greeter_pb2.DESCRIPTOR.CopyToProto(file)
    return requests.module(file)


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of a service with a method of each shape."""
    return fakes.load(requests.module(requests.file("sample.proto", SERVICE)), monkeypatch)


# ------------------------------------------------------------ the same names and shapes as grpcio's generator


@pytest.mark.parametrize("age", ["1_49", "1_85"])
def test_it_offers_what_the_output_of_grpcio_tools_offers(age: str) -> None:
    theirs = (OTHERS / f"grpc_{age}.py").read_text(encoding="utf-8")
    assert shapes.functions(greeter()) == shapes.functions(theirs)
    assert shapes.classes(greeter()) == shapes.classes(theirs)
    assert shapes.attributes(greeter()) == shapes.attributes(theirs)


def test_several_services_stand_in_one_module() -> None:
    text = requests.module(requests.file("sample.proto", requests.service("A", "Do"), requests.service("B")))
    assert shapes.classes(text) == ["A", "AServicer", "AStub", "B", "BServicer", "BStub"]
    assert {"add_AServicer_to_server", "add_BServicer_to_server"} < set(shapes.functions(text))


def test_only_the_services_names_are_public(monkeypatch: pytest.MonkeyPatch) -> None:
    text = requests.module(requests.file("sample.proto", requests.service("S", "Do")), parameter="beta")
    public = {name for name in vars(fakes.load(text, monkeypatch)) if not name.startswith("_")}
    assert public == {
        *("grpc", "sample__pb2", "S", "SStub", "SServicer", "add_SServicer_to_server"),
        *("BetaSStub", "BetaSServicer", "beta_create_S_stub", "beta_create_S_server"),
    }


# ------------------------------------------------------------ stubs


def test_a_stub_makes_a_multi_callable_of_the_right_shape_for_each_method(sample: Any) -> None:
    channel = fakes.Channel()
    stub = sample.SStub(channel)
    assert stub.StreamUnary == "calls /sample.S/StreamUnary"
    codecs = {
        "request_serializer": fakes.Ask.SerializeToString,
        "response_deserializer": fakes.Answer.FromString,
        "_registered_method": True,
    }
    assert channel.noted == {path: (shape, codecs) for path, shape in PATHS.items()}


def test_a_channel_that_does_not_take_the_mark_of_generated_code_is_not_given_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = requests.module(requests.file("sample.proto", requests.service("S", "Do")))
    channel = fakes.OldChannel()
    assert fakes.load(text, monkeypatch).SStub(channel).Do == "calls /sample.S/Do"


def test_a_mock_is_a_channel(sample: Any) -> None:
    stub = sample.SStub(mock.Mock())
    assert isinstance(stub.UnaryUnary, mock.Mock)


def test_a_channel_of_which_nothing_can_be_found_out_is_not_given_it(sample: Any) -> None:
    assert sample._known(object()) == {}


# ------------------------------------------------------------ servicers


def test_a_method_that_is_not_overridden_is_unimplemented(sample: Any) -> None:
    context = mock.Mock()
    with pytest.raises(NotImplementedError, match=r"^Method not implemented!$"):
        sample.SServicer().StreamStream(iter([]), context)
    context.set_code.assert_called_once_with(grpc.StatusCode.UNIMPLEMENTED)
    context.set_details.assert_called_once_with("Method not implemented!")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_server_gets_a_handler_for_each_method(sample: Any, shape: str) -> None:
    server, servicer = fakes.Server(), sample.SServicer()
    sample.add_SServicer_to_server(servicer, server)
    name = shape.title().replace("_", "")
    handler = server.registered["sample.S"][name]
    assert getattr(handler, shape) == getattr(servicer, name)
    assert (handler.request_streaming, handler.response_streaming) == requests.SHAPES[shape]
    assert handler.request_deserializer == fakes.Ask.FromString
    assert handler.response_serializer == fakes.Answer.SerializeToString
    (generic,) = server.generic
    assert generic.service(mock.Mock(method=f"/sample.S/{name}")) is handler


def test_a_server_that_knows_only_generic_handlers_gets_these(sample: Any) -> None:
    server = fakes.OldServer()
    sample.add_SServicer_to_server(sample.SServicer(), server)
    (generic,) = server.generic
    assert generic.service_name() == "sample.S"


# ------------------------------------------------------------ single-call functions

GIVEN = {
    "options": (("a", 1),),
    "channel_credentials": "channel credentials",
    "call_credentials": "call credentials",
    "insecure": True,
    "compression": "compression",
    "wait_for_ready": False,
    "timeout": 3,
    "metadata": (("k", "v"),),
}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_single_call_passes_on_all_that_it_is_given(
    shape: str, known: bool, sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound: List[Dict[str, Any]] = []
    signature = inspect.signature(getattr(grpc.experimental, shape))

    def call(*args: Any, **kwargs: Any) -> str:
        bound.append(dict(signature.bind(*args, **kwargs).arguments))
        return "a response"

    monkeypatch.setattr(grpc.experimental, shape, call)
    monkeypatch.setattr(sample, "_KNOWN", {"_registered_method": True} if known else {})
    function = getattr(sample.S, shape.title().replace("_", ""))
    assert function("a request", "a target", **GIVEN) == "a response"
    (arguments,) = bound
    assert arguments.pop("_registered_method", None) is (True if known else None)
    assert arguments == {
        ("request_iterator" if shape.startswith("stream") else "request"): "a request",
        "target": "a target",
        "method": "/sample.S/" + shape.title().replace("_", ""),
        "request_serializer": fakes.Ask.SerializeToString,
        "response_deserializer": fakes.Answer.FromString,
        **GIVEN,
    }


# ------------------------------------------------------------ names for which Python has no word

ODD = requests.service("None", "import", "import_", "__init__", "staticmethod", "print")


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Any:
    return fakes.load(requests.module(requests.file("sample.proto", ODD), parameter="beta"), monkeypatch)


def test_a_stub_has_every_method_by_its_name_and_by_a_word(odd: Any) -> None:
    stub = odd.NoneStub(fakes.Channel())
    for name, word in (("import", "import__"), ("import_", "import_"), ("print", "print")):
        assert getattr(stub, name) == getattr(stub, word) == f"calls /sample.None/{name}"


def test_a_name_that_means_something_to_python_is_had_by_its_word_alone(odd: Any) -> None:
    assert odd.NoneStub(fakes.Channel()).init_ == "calls /sample.None/__init__"
    server, servicer = fakes.Server(), odd.NoneServicer()
    odd.add_NoneServicer_to_server(servicer, server)
    assert server.registered["sample.None"]["__init__"].unary_unary == servicer.init_


def test_a_servicer_may_override_a_method_by_its_word(odd: Any) -> None:
    class Servicer(odd.NoneServicer):  # type: ignore[misc]
        def import__(self, request: Any, context: Any) -> Any:
            return request

    server, servicer = fakes.Server(), Servicer()
    odd.add_NoneServicer_to_server(servicer, server)
    assert server.registered["sample.None"]["import"].unary_unary == servicer.import__


def test_a_servicer_may_override_a_method_by_its_name(odd: Any) -> None:
    def served(self: Any, request: Any, context: Any) -> Any:
        return request

    servicer = type("Servicer", (odd.NoneServicer,), {"import": served})()
    server = fakes.Server()
    odd.add_NoneServicer_to_server(servicer, server)
    assert server.registered["sample.None"]["import"].unary_unary == getattr(servicer, "import")
    assert server.registered["sample.None"]["import"].unary_unary(1, None) == 1


def test_single_calls_have_both_names_too(odd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc.experimental, "unary_unary", lambda request, target, method, **_: method)
    single = getattr(odd, "None")
    assert single is odd.None_
    for name in ("import", "import_", "staticmethod", "print"):
        assert getattr(single, name)("a request", "a target") == f"/sample.None/{name}"
    assert single.import__("a request", "a target") == "/sample.None/import"
