"""The conversation with protoc: a request on stdin, a response with files or an error on stdout."""

from __future__ import annotations

import re
import sys
from typing import Any, Collection, List

from google.protobuf import descriptor_pb2, message
from google.protobuf.compiler import plugin_pb2

from grpc._codegen import _beta, _model, _modern, _names, _text, _typing

_PARAMETERS = {
    "beta": "the names of the beta API as well, such as beta_create_Greeter_stub",
    "pyi": "a *_pb2_grpc.pyi file, for type checkers, beside each module",
}

_USAGE = """\
protoc-gen-grpc_python is a plugin: protoc runs it.

    protoc --python_out=DIR --grpc_python_out=DIR [--grpc_python_opt=PARAMETER,...] FILE.proto...

Parameters:
"""


def _chosen(parameter: str) -> List[str]:
    """The parameters of a run.

    Raises:
        UnusableInput: One is not known.
    """
    words = [word for word in (part.strip() for part in parameter.split(",")) if word]
    for word in words:
        if word not in _PARAMETERS:
            known = " and ".join(f"'{name}'" for name in _PARAMETERS)
            raise _model.UnusableInput(f"unknown parameter '{word}': this plugin knows {known}")
    return words


def _module(file: _model.File, beta: bool) -> str:
    source = _text.Source()
    _modern.write_opening(source, file)
    if file.services:
        _modern.write_imports(source, file, _beta.IMPORTS if beta else ())
    for service in file.services:
        _modern.write_service(source, service)
        if beta:
            _beta.write_service(source, service)
    return source.text()


def _types(file: _model.File, beta: bool) -> str:
    source = _text.Source()
    _modern.write_opening(source, file)
    if file.services:
        _typing.write_imports(source, file, beta)
    for service in file.services:
        _typing.write_service(source, service)
        if beta:
            _typing.write_beta_service(source, service)
    return source.text()


def _fill(response: Any, request: Any) -> None:
    chosen = _chosen(request.parameter)
    messages = _model.Messages(request.proto_file)
    files = {file.name: file for file in request.proto_file}
    for name in request.file_to_generate:
        if name not in files:
            raise _model.UnusableInput(f"protoc wants {name} generated, but has not sent it")
        file = _model.read(files[name], messages)
        beta = "beta" in chosen
        response.file.add(name=_names.file_name(name, "_grpc.py"), content=_module(file, beta))
        if "pyi" in chosen:
            response.file.add(name=_names.file_name(name, "_grpc.pyi"), content=_types(file, beta))


def _state_features(response: Any, known: Collection[str]) -> None:
    """Say which files can be read: all that the installed protobuf can, for services are alike in all of them.

    Args:
        response: what to say it in.
        known: the fields that a response has; there were fewer in older protobufs.
    """
    feature = type(response)
    if "supported_features" in known:
        response.supported_features = feature.FEATURE_PROTO3_OPTIONAL
    if "maximum_edition" in known:
        response.supported_features |= feature.FEATURE_SUPPORTS_EDITIONS
        editions = descriptor_pb2.Edition.items()
        response.minimum_edition = descriptor_pb2.Edition.Value("EDITION_PROTO2")
        response.maximum_edition = max(value for name, value in editions if re.match(r"EDITION_\d{4}$", name))


def generate(request: plugin_pb2.CodeGeneratorRequest) -> plugin_pb2.CodeGeneratorResponse:
    """Answer a request of protoc. Reads and writes no file.

    Returns:
        A response with the files, or, if the request cannot be granted, with an error and none.
    """
    response = plugin_pb2.CodeGeneratorResponse()
    _state_features(response, plugin_pb2.CodeGeneratorResponse.DESCRIPTOR.fields_by_name)
    try:
        _fill(response, request)
    except _model.UnusableInput as error:
        del response.file[:]
        response.error = str(error)
    return response


def _usage() -> str:
    return _USAGE + "".join(f"    {name:<8}{meaning}\n" for name, meaning in _PARAMETERS.items())


def main() -> int:
    """Serve protoc once: the console script `protoc-gen-grpc_python`.

    Returns:
        The exit status: 0 when protoc has its response, which may be an error; 2 when it was not protoc who called.
    """
    if sys.argv[1:] or sys.stdin.isatty():  # protoc gives no arguments
        sys.stderr.write(_usage())
        return 2
    try:
        request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    except message.DecodeError as error:
        sys.stderr.write(f"What came on stdin is no request of protoc: {error}\n\n{_usage()}")
        return 2
    sys.stdout.buffer.write(generate(request).SerializeToString())
    sys.stdout.buffer.flush()
    return 0
