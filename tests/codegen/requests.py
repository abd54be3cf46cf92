"""Requests as protoc makes them, built without protoc, and what the plugin answers."""

from __future__ import annotations

import ast
from typing import Any, Dict, Iterable, Sequence, Union

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2

from grpc._codegen import _plugin

SHAPES = {
    "unary_unary": (False, False),
    "unary_stream": (False, True),
    "stream_unary": (True, False),
    "stream_stream": (True, True),
}


def rpc(name: str, shape: str = "unary_unary", request: str = ".sample.Ask", response: str = ".sample.Answer") -> Any:
    """A method."""
    many = SHAPES[shape]
    return descriptor_pb2.MethodDescriptorProto(
        name=name, input_type=request, output_type=response, client_streaming=many[0], server_streaming=many[1]
    )


def service(name: str, *methods: Union[str, Any]) -> Any:
    """A service; a method that is only named is unary-unary."""
    made = [rpc(method) if isinstance(method, str) else method for method in methods]
    return descriptor_pb2.ServiceDescriptorProto(name=name, method=made)


def file(name: str = "sample.proto", *services: Any, package: str = "sample", messages: Sequence[Any] = ()) -> Any:
    """A file with the messages `Ask` and `Answer` and others."""
    own = [descriptor_pb2.DescriptorProto(name=name) for name in ("Ask", "Answer")]
    return descriptor_pb2.FileDescriptorProto(
        name=name, package=package, service=services, message_type=[*own, *messages]
    )


def comment(on: Any, path: Iterable[int], leading: str = "", trailing: str = "") -> None:
    """Let something in a file have a comment."""
    on.source_code_info.location.add(path=path, leading_comments=leading, trailing_comments=trailing)


def answer(*files: Any, parameter: str = "", generate: Sequence[str] = ()) -> Any:
    """What the plugin answers; it is to generate for the last file if nothing is said."""
    wanted = generate or [files[-1].name]
    return _plugin.generate(
        plugin_pb2.CodeGeneratorRequest(file_to_generate=wanted, proto_file=files, parameter=parameter)
    )


def generated(*files: Any, parameter: str = "") -> Dict[str, str]:
    """The generated texts by file name, all of them Python."""
    response = answer(*files, parameter=parameter)
    assert response.error == ""
    texts = {made.name: made.content for made in response.file}
    for text in texts.values():
        ast.parse(text)
    return texts


def module(*files: Any, parameter: str = "") -> str:
    """The generated module of the last file."""
    (text,) = (text for name, text in generated(*files, parameter=parameter).items() if name.endswith(".py"))
    return text
