"""The part of the output for programs of the beta API's time: the names that `beta` asks for.

They need `grpc.beta`, so a module that has them is for this package and for those grpcio versions that have it.
"""

from __future__ import annotations

from typing import Callable

from grpc._codegen import _model, _modern, _names, _text

_STUB_PARAMETERS = "timeout, metadata=None, with_call=False, protocol_options=None"

IMPORTS = (
    "from grpc.beta import implementations as _beta_implementations",
    "from grpc.beta import interfaces as _beta_interfaces",
    "from grpc.framework.common import cardinality as _cardinality",
    "from grpc.framework.interfaces.face import utilities as _face_utilities",
)


def write_service(source: _text.Source, service: _model.Service) -> None:
    """Write the beta names of one service."""
    _write_servicer(source, service)
    _write_stub(source, service)
    _write_server_maker(source, service)
    _write_stub_maker(source, service)


def _write_servicer(source: _text.Source, service: _model.Service) -> None:
    name = f"Beta{service.name}Servicer"
    source.gap()
    with source.block(f"class {name}:"):
        source.doc(service.comment or f"Serves the methods of {service.full_name}, of the beta API: override them.")
        for method in service.methods:
            source.gap()
            with source.block(f"def {method.word}(self, {method.argument}, context):"):
                if method.comment:
                    source.doc(method.comment)
                source.add("context.code(_beta_interfaces.StatusCode.UNIMPLEMENTED)")
    _modern.write_other_names(source, name, service)


def _write_stub(source: _text.Source, service: _model.Service) -> None:
    """Write the class that only tells readers what the stub has, which is made from the tables in its maker."""
    name = f"Beta{service.name}Stub"
    source.gap()
    with source.block(f"class {name}:"):
        source.doc(service.comment or f"What beta_create_{service.name}_stub gives can do this.")
        for method in service.methods:
            source.gap()
            with source.block(f"def {method.word}(self, {method.argument}, {_STUB_PARAMETERS}):"):
                if method.comment:
                    source.doc(method.comment)
                source.add("raise NotImplementedError()")
            if not method.responses_stream:
                source.gap()
                source.add(f"{method.word}.future = None")
    _modern.write_other_names(source, name, service)


def _write_table(
    source: _text.Source, name: str, service: _model.Service, value: Callable[[_model.Method], str]
) -> None:
    """Write a dictionary from (service, method) to a value, in the order of the methods' names."""
    methods = sorted(service.methods, key=lambda method: method.name)
    entries = [f'("{service.full_name}", "{method.name}"): {value(method)}' for method in methods]
    source.call(f"{name} = {{", entries, "}")


def _write_server_maker(source: _text.Source, service: _model.Service) -> None:
    source.gap()
    parameters = "servicer, pool=None, pool_size=None, default_timeout=None, maximum_timeout=None"
    with source.block(f"def beta_create_{service.name}_server({parameters}):"):
        source.doc(f"Make a server, of the beta API, that answers the calls for {service.full_name}.")
        _write_table(source, "request_deserializers", service, lambda method: f"{method.request.expression}.FromString")
        _write_table(
            source, "response_serializers", service, lambda method: f"{method.response.expression}.SerializeToString"
        )
        _write_table(
            source,
            "method_implementations",
            service,
            lambda method: f"_face_utilities.{method.shape}_inline({_names.attribute('servicer', method.attribute)})",
        )
        source.call(
            "server_options = _beta_implementations.server_options(",
            [
                "request_deserializers=request_deserializers",
                "response_serializers=response_serializers",
                "thread_pool=pool",
                "thread_pool_size=pool_size",
                "default_timeout=default_timeout",
                "maximum_timeout=maximum_timeout",
            ],
        )
        source.add("return _beta_implementations.server(method_implementations, options=server_options)")


def _write_stub_maker(source: _text.Source, service: _model.Service) -> None:
    source.gap()
    parameters = "channel, host=None, metadata_transformer=None, pool=None, pool_size=None"
    with source.block(f"def beta_create_{service.name}_stub({parameters}):"):
        source.doc(f"Make a stub, of the beta API, for the methods of {service.full_name}.")
        _write_table(
            source, "request_serializers", service, lambda method: f"{method.request.expression}.SerializeToString"
        )
        _write_table(
            source, "response_deserializers", service, lambda method: f"{method.response.expression}.FromString"
        )
        cardinalities = [
            f'"{method.name}": _cardinality.Cardinality.{method.shape.upper()}'
            for method in sorted(service.methods, key=lambda method: method.name)
        ]
        source.call("cardinalities = {", cardinalities, "}")
        source.call(
            "stub_options = _beta_implementations.stub_options(",
            [
                "host=host",
                "metadata_transformer=metadata_transformer",
                "request_serializers=request_serializers",
                "response_deserializers=response_deserializers",
                "thread_pool=pool",
                "thread_pool_size=pool_size",
            ],
        )
        source.add(
            f'return _beta_implementations.dynamic_stub(channel, "{service.full_name}", cardinalities, '
            "options=stub_options)"
        )
