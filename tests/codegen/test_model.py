"""Comments and messages come from where the .proto file has them."""

from __future__ import annotations

import ast
import sys
import types
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from tests.codegen import fakes, requests


def docs(text: str) -> dict[str, str | None]:
    """The docstrings of a module, of its classes and of their methods, by name."""
    tree = ast.parse(text)
    found = {"": ast.get_docstring(tree)}
    for top in tree.body:
        if isinstance(top, ast.ClassDef):
            found[top.name] = ast.get_docstring(top)
            for method in top.body:
                if isinstance(method, ast.FunctionDef):
                    found[f"{top.name}.{method.name}"] = ast.get_docstring(method)
    return found


# ------------------------------------------------------------ comments


@pytest.fixture
def commented() -> Any:
    file = requests.file("sample.proto", requests.service("First"), requests.service("Second", "A", "B"))
    requests.comment(file, [12], leading=" of the syntax\n")
    requests.comment(file, [2], leading=" before the package\n", trailing=" after the package\n")
    requests.comment(file, [6, 1], leading=" the service,\n   whole\n", trailing=" its end\n")
    requests.comment(file, [6, 1, 2, 1], leading=" the method\n", trailing=" more of it\n")
    requests.comment(file, [6, 1, 2, 1, 2], leading=" its input\n")
    requests.comment(file, [4, 0], leading=" a message\n")
    return file


def test_the_comments_of_a_service_stand_at_all_its_classes(commented: Any) -> None:
    found = docs(requests.module(commented, parameter="beta"))
    for name in ("SecondStub", "SecondServicer", "Second", "BetaSecondStub", "BetaSecondServicer"):
        assert found[name] == "the service,\n  whole\n\nits end"


def test_the_comments_of_a_method_stand_at_all_functions_for_it(commented: Any) -> None:
    found = docs(requests.module(commented, parameter="beta"))
    for name in ("SecondServicer.B", "Second.B", "BetaSecondStub.B", "BetaSecondServicer.B"):
        assert found[name] == "the method\n\nmore of it"


def test_the_comments_of_a_file_stand_at_the_top(commented: Any) -> None:
    assert docs(requests.module(commented))[""] == (
        "The services of sample.proto.\n\nof the syntax\n\nbefore the package\n\nafter the package"
    )


def test_what_has_no_comment_says_what_it_is_for(commented: Any) -> None:
    found = docs(requests.module(commented))
    assert found["FirstStub"] == "Calls the methods of sample.First."
    assert found["FirstServicer"] == "Serves the methods of sample.First: override them."
    assert found["SecondServicer.A"] is None


# ------------------------------------------------------------ messages


def imported(text: str) -> list[str]:
    """The import statements of message modules."""
    return [line for line in text.splitlines() if "_pb2" in line and ("import " in line or "import_module" in line)]


def test_messages_of_other_files_are_imported_from_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    other = requests.file("a/b-c/d.proto", package="other")
    third = requests.file("e.f.proto", package="third")
    unused = requests.file("unused.proto", package="unused")
    ours = requests.file(
        "sample.proto", requests.service("S", requests.rpc("Do", "unary_unary", ".other.Ask", ".third.Answer"))
    )
    text = requests.module(other, third, unused, ours)
    assert imported(text) == [
        "from a.b_c import d_pb2 as a_dot_b__c_dot_d__pb2",
        "from e import f_pb2 as e_dot_f__pb2",
    ]
    assert "a_dot_b__c_dot_d__pb2.Ask.SerializeToString" in text
    assert "e_dot_f__pb2.Answer.FromString" in text


def test_a_module_in_no_package_is_imported_by_its_name() -> None:
    assert imported(requests.module(requests.file("sample.proto", requests.service("S", "Do")))) == [
        "import sample_pb2 as sample__pb2"
    ]


def test_a_module_that_an_import_statement_cannot_name_is_imported_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = requests.file("import/x.proto", package="other")
    ours = requests.file("sample.proto", requests.service("S", requests.rpc("Do", request=".other.Ask")))
    monkeypatch.setitem(sys.modules, "import", types.ModuleType("import"))
    module = types.SimpleNamespace(Ask=fakes.Ask)
    loaded = fakes.load(requests.module(other, ours), monkeypatch, **{"import.x_pb2": module})
    channel = fakes.Channel()
    loaded.SStub(channel)
    assert channel.noted["/sample.S/Do"][1]["request_serializer"] is fakes.Ask.SerializeToString


def test_nested_messages_are_found_also_where_python_has_no_word_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = descriptor_pb2.DescriptorProto(name="in", nested_type=[descriptor_pb2.DescriptorProto(name="__Deep")])
    outer = descriptor_pb2.DescriptorProto(name="Outer", nested_type=[inner])
    method = requests.rpc("Do", request=".sample.Outer.in.__Deep", response=".sample.Outer.in")
    text = requests.module(requests.file("sample.proto", requests.service("S", method), messages=[outer]))

    class Deep(fakes.Message):
        pass

    class In(fakes.Message):
        pass

    setattr(In, "__Deep", Deep)
    module = types.SimpleNamespace(Outer=types.SimpleNamespace(**{"in": In}))
    channel = fakes.Channel()
    fakes.load(text, monkeypatch, sample_pb2=module).SStub(channel)
    noted = channel.noted["/sample.S/Do"][1]
    assert noted["request_serializer"] is Deep.SerializeToString
    assert noted["response_deserializer"] == In.FromString


def test_a_file_without_package_has_services_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    file = requests.file(
        "sample.proto", requests.service("S", requests.rpc("Do", request=".Ask", response=".Answer")), package=""
    )
    channel = fakes.Channel()
    fakes.load(requests.module(file), monkeypatch).SStub(channel)
    assert list(channel.noted) == ["/S/Do"]
