"""What protoc is answered: which files, which errors, which features."""

from __future__ import annotations

import subprocess
import sys

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2

from grpc._codegen import _plugin
from tests.codegen import requests

GREETER = requests.service("Greeter", "Greet")


# ------------------------------------------------------------ which files there are


@pytest.mark.parametrize(
    ("parameter", "names"),
    [
        ("", ["a/b_c/sample_pb2_grpc.py"]),
        ("beta", ["a/b_c/sample_pb2_grpc.py"]),
        ("pyi", ["a/b_c/sample_pb2_grpc.py", "a/b_c/sample_pb2_grpc.pyi"]),
        ("beta,pyi", ["a/b_c/sample_pb2_grpc.py", "a/b_c/sample_pb2_grpc.pyi"]),
        (" pyi , beta,,pyi", ["a/b_c/sample_pb2_grpc.py", "a/b_c/sample_pb2_grpc.pyi"]),
    ],
)
def test_a_file_is_made_for_each_proto_beside_its_messages(parameter: str, names: list[str]) -> None:
    made = requests.generated(requests.file("a/b-c/sample.proto", GREETER), parameter=parameter)
    assert list(made) == names


def test_only_what_protoc_wants_is_generated() -> None:
    files = [requests.file("one.proto", GREETER, package="one"), requests.file("two.proto", GREETER)]
    response = requests.answer(files[1], files[0], generate=["two.proto"])
    assert [made.name for made in response.file] == ["two_pb2_grpc.py"]


@pytest.mark.parametrize("parameter", ["", "beta"])
def test_a_file_without_services_gets_a_module_with_nothing_but_a_docstring(parameter: str) -> None:
    made = requests.generated(requests.file("sample.proto"), parameter=parameter + ",pyi")
    for text in made.values():
        (first, second) = text.splitlines()
        assert first.startswith("# Made by protoc-gen-grpc_python")
        assert second == '"""sample.proto has no services."""'


def test_the_beta_names_are_there_when_asked_for_alone() -> None:
    file = requests.file("sample.proto", GREETER)
    assert "beta" not in requests.module(file)
    assert "def beta_create_Greeter_stub(" in requests.module(file, parameter="beta")


def test_the_output_depends_on_nothing_but_the_request() -> None:
    file = requests.file("sample.proto", GREETER)
    assert requests.generated(file, parameter="beta,pyi") == requests.generated(file, parameter="pyi,beta")


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize("parameter", ["grpc_2_0", "beta,grpc_2_0", "beta=1", "Beta"])
def test_an_unknown_parameter_is_an_error_that_names_the_known_ones(parameter: str) -> None:
    response = requests.answer(requests.file("sample.proto", GREETER), parameter=parameter)
    unknown = parameter.split(",")[-1]
    assert response.error == f"unknown parameter '{unknown}': this plugin knows 'beta' and 'pyi'"
    assert list(response.file) == []


def test_a_message_that_is_in_no_file_is_an_error_without_files() -> None:
    good = requests.file("good.proto", GREETER)
    bad = requests.file("bad.proto", requests.service("S", requests.rpc("Do", request=".other.Lost")), package="bad")
    response = requests.answer(good, bad, generate=["good.proto", "bad.proto"])
    assert response.error == "no file that protoc sent has the message other.Lost"
    assert list(response.file) == []


def test_a_file_that_was_not_sent_is_an_error() -> None:
    response = requests.answer(requests.file(), generate=["other.proto"])
    assert response.error == "protoc wants other.proto generated, but has not sent it"


def test_a_service_that_would_hide_the_module_grpc_is_an_error() -> None:
    response = requests.answer(requests.file("sample.proto", requests.service("grpc", "Do")))
    assert response.error == "sample.proto: a service cannot be called 'grpc', which is the module that it needs"


# ------------------------------------------------------------ which .proto files can be read


@pytest.mark.parametrize("parameter", ["", "wrong"])
def test_all_that_protobuf_knows_can_be_read(parameter: str) -> None:
    response = requests.answer(requests.file(), parameter=parameter)
    features = plugin_pb2.CodeGeneratorResponse
    assert response.supported_features == features.FEATURE_PROTO3_OPTIONAL | features.FEATURE_SUPPORTS_EDITIONS
    assert response.minimum_edition == descriptor_pb2.EDITION_PROTO2
    assert descriptor_pb2.EDITION_2023 <= response.maximum_edition < descriptor_pb2.EDITION_99997_TEST_ONLY


class Before:
    """A response of an older protobuf: it has neither features nor editions."""

    __slots__ = ()


class BeforeEditions:
    """A response of a protobuf that knows features and no editions."""

    supported_features = 0
    FEATURE_PROTO3_OPTIONAL = 1


def test_an_older_protobuf_is_told_only_what_it_knows() -> None:
    _plugin._state_features(Before(), [])
    response = BeforeEditions()
    _plugin._state_features(response, ["supported_features"])
    assert response.supported_features == 1


# ------------------------------------------------------------ the conversation


def started(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The plugin as a process."""
    command = "import sys; from grpc._codegen._plugin import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", command, *arguments], input=stdin, capture_output=True, timeout=60)


@pytest.mark.slow
def test_a_request_on_stdin_is_answered_on_stdout() -> None:
    file = requests.file("sample.proto", GREETER)
    request = plugin_pb2.CodeGeneratorRequest(file_to_generate=["sample.proto"], proto_file=[file])
    process = started(stdin=request.SerializeToString())
    assert (process.returncode, process.stderr) == (0, b"")
    assert plugin_pb2.CodeGeneratorResponse.FromString(process.stdout) == requests.answer(file)


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "stdin"), [(["--help"], b""), (["x.proto"], b""), ([], b"no request")])
def test_who_starts_it_by_hand_is_told_how_it_is_meant(arguments: list[str], stdin: bytes) -> None:
    process = started(*arguments, stdin=stdin)
    assert (process.returncode, process.stdout) == (2, b"")
    assert b"protoc --python_out=DIR --grpc_python_out=DIR" in process.stderr
    assert b"\n    beta    the names" in process.stderr
