"""The types fit the module that they are for."""

from __future__ import annotations

import ast
from typing import Any, Dict

import pytest
from google.protobuf import descriptor_pb2

from tests.codegen import requests

SERVICE = requests.service("S", *(requests.rpc(shape, shape) for shape in requests.SHAPES), "staticmethod")
MESSAGES = "sample__pb2.Ask, sample__pb2.Answer"


def both(*services: Any, parameter: str = "beta,pyi") -> Any:
    """The trees of a module and of its types."""
    made = requests.generated(requests.file("sample.proto", *services), parameter=parameter)
    return [ast.parse(text) for text in made.values()]


def parameters(function: ast.FunctionDef) -> list[tuple[str, bool]]:
    """The parameters' names, and whether they have a default."""
    arguments = function.args
    required = len(arguments.args) - len(arguments.defaults)
    return [(argument.arg, place >= required) for place, argument in enumerate(arguments.args)]


def tops(tree: ast.Module) -> Dict[str, Any]:
    """The public classes and functions."""
    found = {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    return {name: node for name, node in found.items() if not name.startswith("_")}


def annotated(tree: ast.Module, name: str) -> Dict[str, str]:
    """The annotated attributes of a class."""
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    return {ast.unparse(n.target): ast.unparse(n.annotation) for n in found.body if isinstance(n, ast.AnnAssign)}


def methods(node: ast.ClassDef) -> Dict[str, ast.FunctionDef]:
    """The methods of a class."""
    return {method.name: method for method in node.body if isinstance(method, ast.FunctionDef)}


@pytest.mark.parametrize("parameter", ["pyi", "beta,pyi"])
def test_types_and_module_have_the_same_public_names(parameter: str) -> None:
    module, types = both(SERVICE, requests.service("Other", "Do"), requests.service("None"), parameter=parameter)
    assert sorted(tops(types)) == sorted(tops(module))


def test_functions_have_the_same_parameters_in_both() -> None:
    module, types = both(SERVICE)
    for name, node in tops(module).items():
        if isinstance(node, ast.FunctionDef):
            assert parameters(tops(types)[name]) == parameters(node)


@pytest.mark.parametrize("name", ["SServicer", "S", "BetaSServicer"])
def test_methods_have_the_same_parameters_in_both(name: str) -> None:
    module, types = both(SERVICE)
    ours, theirs = methods(tops(module)[name]), methods(tops(types)[name])
    assert list(ours) == list(theirs)
    for method in ours:
        assert parameters(theirs[method]) == parameters(ours[method])


def test_a_stub_says_which_messages_each_method_takes_and_gives() -> None:
    _, types = both(SERVICE)
    assert annotated(types, "SStub") == {
        "unary_unary": f"_UnaryUnary[{MESSAGES}]",
        "unary_stream": f"_UnaryStream[{MESSAGES}]",
        "stream_unary": f"_StreamUnary[{MESSAGES}]",
        "stream_stream": f"_StreamStream[{MESSAGES}]",
        "staticmethod": f"_UnaryUnary[{MESSAGES}]",
    }
    made = [ast.unparse(node) for node in ast.walk(tops(types)["SStub"]) if isinstance(node, ast.FunctionDef)]
    assert [text.splitlines()[1] for text in made] == [
        "def __new__(cls, channel: grpc.Channel) -> SStub:",
        "def __new__(cls, channel: grpc.aio.Channel) -> _SAioStub:",
    ]


def test_a_stub_of_an_aio_channel_gives_calls_to_await() -> None:
    _, types = both(SERVICE)
    assert annotated(types, "_SAioStub")["stream_unary"] == f"_AioStreamUnary[{MESSAGES}]"


def test_every_class_that_an_annotation_names_is_there() -> None:
    _, types = both(SERVICE)
    defined = {node.name for node in types.body if isinstance(node, ast.ClassDef)} | {"_Request", "_Response"}
    imported = {alias.asname for node in types.body for alias in getattr(node, "names", ())}
    named = {node.id for node in ast.walk(types) if isinstance(node, ast.Name) and node.id.startswith("_")}
    assert named <= defined | imported


def test_a_message_for_which_python_has_no_word_is_anything() -> None:
    method = requests.rpc("Do", response=".sample.None")
    file = requests.file(
        "sample.proto", requests.service("S", method), messages=[descriptor_pb2.DescriptorProto(name="None")]
    )
    text = requests.generated(file, parameter="pyi")["sample_pb2_grpc.pyi"]
    assert annotated(ast.parse(text), "SStub") == {"Do": "_UnaryUnary[sample__pb2.Ask, _t.Any]"}
