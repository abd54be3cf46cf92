"""The types of the output, for checkers: a .pyi file that says which messages each method takes and gives.

A stub made over a `grpc.aio.Channel` is another class to a checker than one made over a `grpc.Channel`: its methods
give calls to await. There is no such class at run time, so its name begins with an underscore.
"""

from __future__ import annotations

from typing import List

from grpc._codegen import _beta, _model, _modern, _names, _text

_OPTIONS = """\
timeout: _t.Optional[float] = ...,
metadata: _t.Any = ...,
credentials: _t.Optional[grpc.CallCredentials] = ...,
wait_for_ready: _t.Optional[bool] = ...,
compression: _t.Optional[grpc.Compression] = ...,"""

_RESULTS = """\
class _Future(grpc.Future, _t.Generic[_Response], metaclass=_abc.ABCMeta):
    def result(self, timeout: _t.Optional[float] = ...) -> _Response: ...
    def initial_metadata(self) -> _t.Any: ...
    def trailing_metadata(self) -> _t.Any: ...
    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str: ...

class _Responses(grpc.Call, _t.Generic[_Response], metaclass=_abc.ABCMeta):
    def __iter__(self) -> _t.Iterator[_Response]: ...
    def __next__(self) -> _Response: ...

class _AioUnaryStreamCall(grpc.aio.UnaryStreamCall[_Request, _Response], metaclass=_abc.ABCMeta):
    def __aiter__(self) -> _t.AsyncIterator[_Response]: ...

class _AioStreamStreamCall(grpc.aio.StreamStreamCall[_Request, _Response], metaclass=_abc.ABCMeta):
    def __aiter__(self) -> _t.AsyncIterator[_Response]: ..."""

_CAMEL = {
    "unary_unary": "UnaryUnary",
    "unary_stream": "UnaryStream",
    "stream_unary": "StreamUnary",
    "stream_stream": "StreamStream",
}

_SINGLE_CALL_TYPES = {
    "options": "_t.Sequence[_t.Tuple[str, _t.Any]]",
    "channel_credentials": "_t.Optional[grpc.ChannelCredentials]",
    "call_credentials": "_t.Optional[grpc.CallCredentials]",
    "insecure": "bool",
    "compression": "_t.Optional[grpc.Compression]",
    "wait_for_ready": "_t.Optional[bool]",
    "timeout": "_t.Optional[float]",
    "metadata": "_t.Any",
}


def write_imports(source: _text.Source, file: _model.File, beta: bool) -> None:
    """Write the imports, and the classes of the objects through which a method is called."""
    source.add()
    source.add("import abc as _abc")
    source.add("import typing as _t")
    source.add()
    source.add("import grpc")
    source.add("import grpc.aio")
    if beta:
        for statement in _beta.IMPORTS[:2]:
            source.add(statement)
        source.add("from grpc.framework.interfaces.face import face as _face")
    source.add()
    for module in file.modules():
        if _names.is_importable(module):
            source.add(_modern.import_statement(module))
    source.add()
    source.add('_Request = _t.TypeVar("_Request")')
    source.add('_Response = _t.TypeVar("_Response")')
    source.add()
    source.add(_RESULTS)
    for shape in _CAMEL:
        _write_multi_callable(source, shape)
        _write_aio_multi_callable(source, shape)


def _write_multi_callable(source: _text.Source, shape: str) -> None:
    name = _CAMEL[shape]
    stream = shape.startswith("stream")
    request = "request_iterator: _t.Iterator[_Request]" if stream else "request: _Request"
    one_response = shape.endswith("unary")
    source.add()
    with source.block(f"class _{name}(grpc.{name}MultiCallable, _t.Generic[_Request, _Response]):"):
        ways = [("__call__", "_Response" if one_response else "_Responses[_Response]")]
        if one_response:
            ways += [("with_call", "_t.Tuple[_Response, grpc.Call]"), ("future", "_Future[_Response]")]
        for method, result in ways:
            with source.block(f"def {method}(", f") -> {result}: ..."):
                source.add(f"self,\n{request},\n{_OPTIONS}")


def _write_aio_multi_callable(source: _text.Source, shape: str) -> None:
    name = _CAMEL[shape]
    call = f"_Aio{name}Call" if shape.endswith("stream") else f"grpc.aio.{name}Call"
    source.add()
    of_class = source.block(f"class _Aio{name}(grpc.aio.{name}MultiCallable, _t.Generic[_Request, _Response]):")
    with of_class, source.block("def __call__(", f") -> {call}[_Request, _Response]: ..."):
        if shape.startswith("stream"):
            source.add("self,")
            source.add("request_iterator: _t.Union[_t.AsyncIterable[_Request], _t.Iterable[_Request], None] = ...,")
        else:
            source.add("self,\nrequest: _Request,\n*,")
        source.add(_OPTIONS)


def write_service(source: _text.Source, service: _model.Service) -> None:
    """Write the types of everything of one service."""
    _write_stubs(source, service)
    _write_servicer(source, f"{service.name}Servicer", service, asynchronous=True)
    source.add()
    source.add(f"def add_{service.name}Servicer_to_server(")
    source.add(f"    servicer: {service.name}Servicer, server: _t.Union[grpc.Server, grpc.aio.Server]")
    source.add(") -> None: ...")
    _write_single_calls(source, service)


def _write_stubs(source: _text.Source, service: _model.Service) -> None:
    stub, aio_stub = f"{service.name}Stub", f"_{service.name}AioStub"
    source.add()
    with source.block(f"class {stub}:"):
        for channel, made in (("grpc.Channel", stub), ("grpc.aio.Channel", aio_stub)):
            source.add("@_t.overload")
            source.add(f"def __new__(cls, channel: {channel}) -> {made}: ...")
        for method in service.methods:
            source.add(f"{method.word}: _{_CAMEL[method.shape]}[{_messages(method)}]")
    source.add()
    if not service.methods:
        source.add(f"class {aio_stub}({stub}): ...")
        return
    with source.block(f"class {aio_stub}({stub}):"):
        for method in service.methods:
            source.add(f"{method.word}: _Aio{_CAMEL[method.shape]}[{_messages(method)}]  # type: ignore[assignment]")


def _messages(method: _model.Method) -> str:
    return f"{method.request.annotation}, {method.response.annotation}"


def _write_servicer(source: _text.Source, name: str, service: _model.Service, asynchronous: bool) -> None:
    """Write a class to derive from.

    What the methods of derived classes take is theirs to say, for it depends on the kind of server; so contexts and
    iterators of requests are `Any` here.
    """
    source.add()
    if not service.methods:
        source.add(f"class {name}: ...")
        return
    with source.block(f"class {name}:"):
        for method in service.methods:
            request = "_t.Any" if method.requests_stream else method.request.annotation
            response = method.response.annotation
            results = [f"_t.Iterator[{response}]" if method.responses_stream else response]
            if asynchronous and method.responses_stream:
                results += [f"_t.AsyncIterator[{response}]", "_t.Awaitable[None]"]
            elif asynchronous:
                results += [f"_t.Awaitable[{response}]"]
            result = f"_t.Union[{', '.join(results)}]" if asynchronous else results[0]
            source.add(f"def {method.word}(self, {method.argument}: {request}, context: _t.Any) -> {result}: ...")


def _write_single_calls(source: _text.Source, service: _model.Service) -> None:
    source.add()
    if not service.methods:
        source.add(f"class {service.word}: ...")
        return
    with source.block(f"class {service.word}:"):
        for method in _modern.single_call_order(service):
            request, response = method.request.annotation, method.response.annotation
            source.add("@staticmethod")
            parameters: List[str] = [
                f"{method.argument}: " + (f"_t.Iterator[{request}]" if method.requests_stream else request),
                "target: str",
                *(f"{name}: {_SINGLE_CALL_TYPES[name]} = ..." for name, _ in _modern.OPTIONS),
            ]
            result = f"_Responses[{response}]" if method.responses_stream else response
            source.call(f"def {method.word}(", parameters, f") -> {result}: ...")


def write_beta_service(source: _text.Source, service: _model.Service) -> None:
    """Write the types of the beta names of one service."""
    _write_servicer(source, f"Beta{service.name}Servicer", service, asynchronous=False)
    source.add()
    with source.block(f"class Beta{service.name}Stub(_face.DynamicStub):"):
        for method in service.methods:
            source.add(f"{method.word}: _face.{_CAMEL[method.shape]}MultiCallable")
        source.add(f"def __enter__(self) -> Beta{service.name}Stub: ...")
        source.add("def __exit__(self, *_: object) -> None: ...")
    source.add()
    source.call(
        f"def beta_create_{service.name}_server(",
        [
            f"servicer: Beta{service.name}Servicer",
            "pool: _t.Any = ...",
            "pool_size: _t.Optional[int] = ...",
            "default_timeout: _t.Optional[float] = ...",
            "maximum_timeout: _t.Optional[float] = ...",
        ],
        ") -> _beta_interfaces.Server: ...",
    )
    source.add()
    source.call(
        f"def beta_create_{service.name}_stub(",
        [
            "channel: _beta_implementations.Channel",
            "host: _t.Optional[str] = ...",
            "metadata_transformer: _t.Optional[_t.Callable[[_t.Any], _t.Any]] = ...",
            "pool: _t.Any = ...",
            "pool_size: _t.Optional[int] = ...",
        ],
        f") -> Beta{service.name}Stub: ...",
    )
