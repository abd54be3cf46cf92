"""The part of the output that every user wants: stubs, servicers, registration and single-call functions.

It runs on grpcio from 1.49 on and on this package. What came later than 1.49 is asked for at run time: `_known` in the
generated module finds out whether the channel at hand, of whatever make, takes `_registered_method`.
"""

from __future__ import annotations

from typing import List, Sequence

from grpc._codegen import _model, _names, _text

_WHAT_IS_KNOWN = '''\
def _known(maker):
    """What a maker of calls can be told about generated code: older ones cannot be told anything."""
    try:
        parameters = _inspect.signature(maker).parameters
    except (TypeError, ValueError):
        return {}
    return {"_registered_method": True} if "_registered_method" in parameters else {}


_KNOWN = _known(grpc.experimental.unary_unary)'''

OPTIONS = (
    ("options", "()"),
    ("channel_credentials", "None"),
    ("call_credentials", "None"),
    ("insecure", "False"),
    ("compression", "None"),
    ("wait_for_ready", "None"),
    ("timeout", "None"),
    ("metadata", "None"),
)
"""The parameters of a single-call function that have defaults; `_typing` writes them too."""

_NOT_IMPLEMENTED = "Method not implemented!"


def write_opening(source: _text.Source, file: _model.File) -> None:
    """Write where the module comes from, and what the .proto file says of itself."""
    source.add("# Made by protoc-gen-grpc_python of layered-grpc. protoc will overwrite it: change the .proto file.")
    about = f"The services of {file.name}." if file.services else f"{file.name} has no services."
    source.doc(f"{about}\n\n{file.comment}" if file.comment else about)


def import_statement(module: str) -> str:
    """How a module of messages gets its alias."""
    alias = _names.module_alias(module)
    if not _names.is_importable(module):
        return f'{alias} = _importlib.import_module("{module}")'
    package, _, name = module.rpartition(".")
    return f"from {package} import {name} as {alias}" if package else f"import {name} as {alias}"


def write_imports(source: _text.Source, file: _model.File, more: Sequence[str]) -> None:
    """Write the imports, `more` among them, and the function that finds out what a channel takes."""
    modules = file.modules()
    source.add()
    if not all(map(_names.is_importable, modules)):
        source.add("import importlib as _importlib")
    source.add("import inspect as _inspect")
    source.add()
    source.add("import grpc")
    source.add("import grpc.experimental")
    for statement in more:
        source.add(statement)
    source.add()
    for module in modules:
        source.add(import_statement(module))
    source.gap()
    source.add(_WHAT_IS_KNOWN)


def write_service(source: _text.Source, service: _model.Service) -> None:
    """Write everything of one service."""
    _write_stub(source, service)
    _write_servicer(source, service)
    _write_registration(source, service)
    _write_single_calls(source, service)


def _calling(method: _model.Method) -> List[str]:
    """What a caller of a method does with its messages."""
    return [
        f"request_serializer={method.request.expression}.SerializeToString",
        f"response_deserializer={method.response.expression}.FromString",
    ]


def _serving(method: _model.Method) -> List[str]:
    """What a server of a method does with its messages."""
    return [
        f"request_deserializer={method.request.expression}.FromString",
        f"response_serializer={method.response.expression}.SerializeToString",
    ]


def _write_stub(source: _text.Source, service: _model.Service) -> None:
    source.gap()
    with source.block(f"class {service.name}Stub:"):
        source.doc(service.comment or f"Calls the methods of {service.full_name}.")
        source.gap()
        with source.block("def __init__(self, channel):"):
            source.doc("Make a stub.\n\nArgs:\n    channel: A grpc.Channel, or a grpc.aio.Channel for calls to await.")
            if service.methods:
                source.add("known = _known(channel.unary_unary)")
            for method in service.methods:
                opening = f"self.{method.word} = channel.{method.shape}("
                source.call(opening, [f'"{method.path}"', *_calling(method), "**known"])
                if method.has_two_names:
                    source.add(f'setattr(self, "{method.attribute}", self.{method.word})')


def write_other_names(source: _text.Source, class_name: str, service: _model.Service) -> None:
    """Give the methods of a servicer that are called as Python has no word for their proper names."""
    unspeakable = [method for method in service.methods if method.has_two_names]
    if unspeakable:
        source.gap()
    for method in unspeakable:
        source.add(f'setattr({class_name}, "{method.attribute}", property(lambda self: self.{method.word}))')


def _write_servicer(source: _text.Source, service: _model.Service) -> None:
    source.gap()
    with source.block(f"class {service.name}Servicer:"):
        source.doc(service.comment or f"Serves the methods of {service.full_name}: override them.")
        for method in service.methods:
            source.gap()
            with source.block(f"def {method.word}(self, {method.argument}, context):"):
                if method.comment:
                    source.doc(method.comment)
                source.add("context.set_code(grpc.StatusCode.UNIMPLEMENTED)")
                source.add(f'context.set_details("{_NOT_IMPLEMENTED}")')
                source.add(f'raise NotImplementedError("{_NOT_IMPLEMENTED}")')
    write_other_names(source, f"{service.name}Servicer", service)


def _write_registration(source: _text.Source, service: _model.Service) -> None:
    source.gap()
    with source.block(f"def add_{service.name}Servicer_to_server(servicer, server):"):
        source.doc(f"Have a server answer the calls for {service.full_name} by a servicer's methods.")
        source.add("handlers = {}")
        for method in service.methods:
            source.call(
                f'handlers["{method.name}"] = grpc.{method.shape}_rpc_method_handler(',
                [_names.attribute("servicer", method.attribute), *_serving(method)],
            )
        source.add(f'generic_handler = grpc.method_handlers_generic_handler("{service.full_name}", handlers)')
        source.add("server.add_generic_rpc_handlers((generic_handler,))")
        with source.block('if hasattr(server, "add_registered_method_handlers"):'):
            source.add(f'server.add_registered_method_handlers("{service.full_name}", handlers)')


def single_call_order(service: _model.Service) -> List[_model.Method]:
    """The methods in an order in which none hides the decorator of those that follow."""
    return sorted(service.methods, key=lambda method: method.word == "staticmethod")


def _write_single_calls(source: _text.Source, service: _model.Service) -> None:
    source.gap()
    with source.block(f"class {service.word}:"):
        source.doc(service.comment or f"Calls the methods of {service.full_name} without a channel of one's own.")
        for method in single_call_order(service):
            source.gap()
            source.add("@staticmethod")
            _write_single_call(source, method)
    others = [method for method in service.methods if method.has_two_names]
    if others or service.word != service.name:
        source.gap()
    for method in others:
        source.add(f'setattr({service.word}, "{method.attribute}", staticmethod({service.word}.{method.word}))')
    if service.word != service.name:
        source.add(f'globals()["{service.name}"] = {service.word}')


def _write_single_call(source: _text.Source, method: _model.Method) -> None:
    parameters = [method.argument, "target", *(f"{name}={default}" for name, default in OPTIONS)]
    source.call(f"def {method.word}(", parameters, "):")
    with source.block(""):
        if method.comment:
            source.doc(method.comment)
        source.call(
            f"return grpc.experimental.{method.shape}(",
            [
                method.argument,
                "target",
                f'"{method.path}"',
                *_calling(method),
                *(f"{name}={name}" for name, _ in OPTIONS),
                "**_KNOWN",
            ],
        )
