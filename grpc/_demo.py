"""`python -m grpc demo`: real calls to a real server in every style that there is, shown as a table.

The service is written the way any service without generated code is: generic handlers around plain functions, with
message types that come with protobuf. It is called by the modern, the asynchronous and the beta API. Every answer is
compared with the expected one, so the demo is also the smallest check that an installation works.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from concurrent import futures
from typing import Any, Awaitable, Callable, Iterator, NamedTuple, Optional, Sequence, TextIO, Union, cast

from google.protobuf.wrappers_pb2 import Int64Value, StringValue

import grpc
import grpc.aio
from grpc.beta import implementations
from grpc.framework.common.cardinality import Cardinality
from grpc.framework.interfaces.face import face

_SERVICE = "demo.Greeter"
_TIMEOUT = 10.0  # seconds; generous, for it only matters when something is wrong
_CAPITALS = {"Kenya": "Nairobi", "Peru": "Lima"}

_COLUMNS = ("transport", "API", "call", "style", "status", "answer", "time")


class Surprise(Exception):
    """Something did not go as this demo was written; the text says what."""


# ------------------------------------------------------------ the service


def greet(request: StringValue, context: grpc.ServicerContext) -> StringValue:
    """Answer a name with a greeting."""
    return StringValue(value=f"Hello, {request.value}!")


def square(request: Int64Value, context: grpc.ServicerContext) -> Int64Value:
    """Answer a number with its square."""
    return Int64Value(value=request.value**2)


def capital(request: StringValue, context: grpc.ServicerContext) -> StringValue:
    """Answer a country with its capital, or fail the way a service fails on purpose."""
    if request.value not in _CAPITALS:
        context.abort(grpc.StatusCode.NOT_FOUND, f"no capital known for '{request.value}'")
    return StringValue(value=_CAPITALS[request.value])


def count(request: Int64Value, context: grpc.ServicerContext) -> Iterator[Int64Value]:
    """Answer a number with all from one up to it."""
    return (Int64Value(value=number) for number in range(1, request.value + 1))


def add(request_iterator: Iterator[Int64Value], context: grpc.ServicerContext) -> Int64Value:
    """Answer numbers with their sum."""
    return Int64Value(value=sum(request.value for request in request_iterator))


def shout(request_iterator: Iterator[StringValue], context: grpc.ServicerContext) -> Iterator[StringValue]:
    """Answer each word, louder."""
    return (StringValue(value=request.value.upper()) for request in request_iterator)


class _Method(NamedTuple):
    """A method: its function, its shape, and the types of its requests and its responses."""

    function: Callable[[Any, grpc.ServicerContext], Any]
    shape: Cardinality
    request_type: type[Any]
    response_type: type[Any]


_METHODS: dict[str, _Method] = {
    "Greet": _Method(greet, Cardinality.UNARY_UNARY, StringValue, StringValue),
    "Square": _Method(square, Cardinality.UNARY_UNARY, Int64Value, Int64Value),
    "Capital": _Method(capital, Cardinality.UNARY_UNARY, StringValue, StringValue),
    "Count": _Method(count, Cardinality.UNARY_STREAM, Int64Value, Int64Value),
    "Add": _Method(add, Cardinality.STREAM_UNARY, Int64Value, Int64Value),
    "Shout": _Method(shout, Cardinality.STREAM_STREAM, StringValue, StringValue),
}
# A client names the types that it expects; for a method that the server lacks any will do.
_MISSING = _METHODS["Greet"]


def _handler() -> grpc.GenericRpcHandler:
    handlers = {}
    for name, method in _METHODS.items():
        make = getattr(grpc, f"{method.shape.name.lower()}_rpc_method_handler")
        handlers[name] = make(
            method.function,
            request_deserializer=method.request_type.FromString,
            response_serializer=method.response_type.SerializeToString,
        )
    return grpc.method_handlers_generic_handler(_SERVICE, handlers)


# ------------------------------------------------------------ the calls


class _Outcome(NamedTuple):
    """What a call came to: the name of its status, and the values of its answer or the status details."""

    status: str
    answer: str


class _Call(NamedTuple):
    """One call to show and what it should come to; `answer` is None where the wording is the library's own."""

    api: str
    method: str
    style: str
    values: tuple[Union[str, int], ...]  # of the request, or of all requests
    status: str
    answer: Optional[str]

    def __str__(self) -> str:
        return f"{self.method}({', '.join(map(repr, self.values))})"

    def request(self) -> Any:
        """The request, or an iterator of requests."""
        method = _METHODS.get(self.method, _MISSING)
        requests = [method.request_type(value=value) for value in self.values]
        many = method.shape in (Cardinality.STREAM_UNARY, Cardinality.STREAM_STREAM)
        return iter(requests) if many else requests[0]


_UTOPIA = "no capital known for 'Utopia'"
_CALLS = (
    _Call("modern", "Greet", "blocking", ("world",), "OK", "Hello, world!"),
    _Call("modern", "Square", "with_call", (12,), "OK", "144"),
    _Call("modern", "Capital", "future", ("Peru",), "OK", "Lima"),
    _Call("modern", "Count", "response stream", (3,), "OK", "1 2 3"),
    _Call("modern", "Add", "request stream", (1, 2, 3), "OK", "6"),
    _Call("modern", "Shout", "both streams", ("hey", "you"), "OK", "HEY YOU"),
    _Call("modern", "Capital", "blocking", ("Utopia",), "NOT_FOUND", _UTOPIA),
    _Call("modern", "Missing", "blocking", ("anyone?",), "UNIMPLEMENTED", None),
    _Call("aio", "Greet", "await", ("world",), "OK", "Hello, world!"),
    _Call("aio", "Count", "async for", (3,), "OK", "1 2 3"),
    _Call("aio", "Capital", "await", ("Utopia",), "NOT_FOUND", _UTOPIA),
    _Call("beta", "Greet", "blocking", ("world",), "OK", "Hello, world!"),
    _Call("beta", "Capital", "future", ("Peru",), "OK", "Lima"),
    _Call("beta", "Square", "event", (12,), "OK", "144"),
    _Call("beta", "Shout", "both streams", ("hey", "you"), "OK", "HEY YOU"),
    _Call("beta", "Capital", "blocking", ("Utopia",), "NOT_FOUND", _UTOPIA),
)


def _joined(responses: Any) -> str:
    return " ".join(str(response.value) for response in responses)


# The modern API: a style takes a multi-callable and a request.


def _blocking(multi_callable: Any, request: Any) -> _Outcome:
    return _Outcome("OK", str(multi_callable(request, timeout=_TIMEOUT).value))


def _with_call(multi_callable: Any, request: Any) -> _Outcome:
    response, call = multi_callable.with_call(request, timeout=_TIMEOUT)
    return _Outcome(call.code().name, str(response.value))


def _future(multi_callable: Any, request: Any) -> _Outcome:
    call = multi_callable.future(request, timeout=_TIMEOUT)
    response = call.result(timeout=_TIMEOUT)
    return _Outcome(call.code().name, str(response.value))


def _streaming(multi_callable: Any, request: Any) -> _Outcome:
    call = multi_callable(request, timeout=_TIMEOUT)
    answer = _joined(call)
    return _Outcome(call.code().name, answer)


_MODERN_STYLES: dict[str, Callable[[Any, Any], _Outcome]] = {
    "blocking": _blocking,
    "with_call": _with_call,
    "future": _future,
    "response stream": _streaming,
    "request stream": _blocking,
    "both streams": _streaming,
}


def _multi_callable(channel: Union[grpc.Channel, grpc.aio.Channel], call: _Call) -> Any:
    method = _METHODS.get(call.method, _MISSING)
    return getattr(channel, method.shape.name.lower())(
        f"/{_SERVICE}/{call.method}",
        request_serializer=method.request_type.SerializeToString,
        response_deserializer=method.response_type.FromString,
    )


def _make_modern(channel: grpc.Channel, call: _Call) -> _Outcome:
    try:
        return _MODERN_STYLES[call.style](_multi_callable(channel, call), call.request())
    except grpc.RpcError as error:
        failed = cast("grpc.Call", error)  # what a call raises is that call as well; its class alone does not say so
        return _Outcome(failed.code().name, str(failed.details()))


# The asynchronous API.


async def _await(multi_callable: Any, request: Any) -> _Outcome:
    call = multi_callable(request, timeout=_TIMEOUT)
    response = await call
    return _Outcome((await call.code()).name, str(response.value))


async def _async_for(multi_callable: Any, request: Any) -> _Outcome:
    call = multi_callable(request, timeout=_TIMEOUT)
    answer = _joined([response async for response in call])
    return _Outcome((await call.code()).name, answer)


_AIO_STYLES: dict[str, Callable[[Any, Any], Awaitable[_Outcome]]] = {"await": _await, "async for": _async_for}


async def _make_aio(channel: grpc.aio.Channel, call: _Call) -> _Outcome:
    try:
        return await _AIO_STYLES[call.style](_multi_callable(channel, call), call.request())
    except grpc.aio.AioRpcError as error:
        return _Outcome(error.code().name, str(error.details()))


# The beta API: a style takes an attribute of a stub, and a request.


def _name(code: Optional[grpc.StatusCode]) -> str:
    return code.name if code is not None else "no status"


class _Receiver(face.ResponseReceiver):
    """Keeps what it hears of a call until that is over."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._responses: list[Any] = []
        self._status = "none"

    def initial_metadata(self, initial_metadata: Any) -> None:
        """Metadata come first."""

    def response(self, response: Any) -> None:
        """One of them."""
        self._responses.append(response)

    def complete(self, terminal_metadata: Any, code: Any, details: Any) -> None:
        """All is well."""
        self._status = code.name
        self._over.set()

    def abort(self, abortion: face.Abortion) -> None:
        """Or it is not."""
        self._status = _name(abortion.code)
        self._over.set()

    def outcome(self) -> _Outcome:
        """Wait for the end."""
        self._over.wait(_TIMEOUT)
        return _Outcome(self._status, _joined(self._responses))


def _event(multi_callable: Any, request: Any) -> _Outcome:
    receiver = _Receiver()
    multi_callable.event(request, receiver, receiver.abort, _TIMEOUT)
    return receiver.outcome()


_BETA_STYLES: dict[str, Callable[[Any, Any], _Outcome]] = {
    "blocking": lambda stub, request: _Outcome("OK", str(stub(request, _TIMEOUT).value)),
    "future": lambda stub, request: _Outcome("OK", str(stub.future(request, _TIMEOUT).result().value)),
    "event": _event,
    "both streams": lambda stub, request: _Outcome("OK", _joined(stub(request, _TIMEOUT))),
}


def _make_beta(channel: implementations.Channel, call: _Call) -> _Outcome:
    options = implementations.stub_options(
        request_serializers={(_SERVICE, name): one.request_type.SerializeToString for name, one in _METHODS.items()},
        response_deserializers={(_SERVICE, name): one.response_type.FromString for name, one in _METHODS.items()},
    )
    shapes = {name: method.shape for name, method in _METHODS.items()}
    stub = implementations.dynamic_stub(channel, _SERVICE, shapes, options)
    try:
        return _BETA_STYLES[call.style](getattr(stub, call.method), call.request())
    except face.AbortionError as error:
        return _Outcome(_name(error.code), str(error.details))


# ------------------------------------------------------------ rows of the table


def _row(transport: str, call: _Call, outcome: _Outcome, begin: float) -> Sequence[str]:
    """The row of a call that has just come to an outcome.

    Raises:
      Surprise: It should have come to another one.
    """
    milliseconds = (time.perf_counter() - begin) * 1000
    if outcome.status != call.status or call.answer not in (None, outcome.answer):
        raise Surprise(
            f"{call} ({call.api}, {call.style}) should have come to {call.status} {call.answer or ''}".rstrip()
            + f", and came to {outcome.status} {outcome.answer}"
        )
    return (transport, call.api, str(call), call.style, outcome.status, outcome.answer, f"{milliseconds:.2f} ms")


def _rows(transport: str, api: str, make: Callable[[Any, _Call], _Outcome], channel: Any) -> list[Sequence[str]]:
    rows = []
    for call in _CALLS:
        if call.api == api:
            begin = time.perf_counter()
            rows.append(_row(transport, call, make(channel, call), begin))
    return rows


async def _aio_rows(transport: str, connect: Callable[[], grpc.aio.Channel]) -> list[Sequence[str]]:
    rows = []
    async with connect() as channel:
        for call in _CALLS:
            if call.api == "aio":
                begin = time.perf_counter()
                rows.append(_row(transport, call, await _make_aio(channel, call), begin))
    return rows


# ------------------------------------------------------------ server, table, exit status


def _show(rows: Sequence[Sequence[str]], out: TextIO) -> None:
    widths = [max(len(row[column]) for row in (_COLUMNS, *rows)) for column in range(len(_COLUMNS))]
    for row in (_COLUMNS, ["-" * width for width in widths], *rows):
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths)]
        print("  ".join([*cells, row[-1].rjust(widths[-1])]), file=out)


def _call_everything(server: grpc.Server, port: int) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    tcp, target = "TCP loopback", f"127.0.0.1:{port}"
    with grpc.insecure_channel(target) as channel:
        rows += _rows(tcp, "modern", _make_modern, channel)
    rows += asyncio.run(_aio_rows(tcp, lambda: grpc.aio.insecure_channel(target)))
    with implementations.insecure_channel("127.0.0.1", port) as beta_channel:
        rows += _rows(tcp, "beta", _make_beta, beta_channel)
    with grpc.inprocess_channel(server) as channel:
        rows += _rows("in-process", "modern", _make_modern, channel)
    rows += asyncio.run(_aio_rows("in-process", lambda: grpc.aio.inprocess_channel(server)))
    with implementations.inprocess_channel(server) as beta_channel:
        rows += _rows("in-process", "beta", _make_beta, beta_channel)
    return rows


def _serve_and_call(pool: futures.ThreadPoolExecutor, out: TextIO) -> None:
    server = grpc.server(pool)
    server.add_generic_rpc_handlers((_handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        print(f"layered-grpc {grpc.__version__}: a server on 127.0.0.1:{port}\n", file=out)
        _show(_call_everything(server, port), out)
    finally:
        stopped = server.stop(None).wait(_TIMEOUT)
    if not stopped:
        raise Surprise(f"the server did not stop within {_TIMEOUT:g} seconds")
    print("\nEvery answer was the expected one. The first call of each API over TCP also connects.", file=out)


def run(out: Optional[TextIO] = None) -> int:
    """Serve on a free port of the loopback interface, call, show a table, and stop everything again.

    Blocks until all is stopped, usually well under a second.

    Args:
        out: where the table goes; standard output by default.

    Returns:
        0 when every call came to what it should; otherwise 1, after saying why on standard error.
    """
    try:
        with futures.ThreadPoolExecutor(max_workers=4, thread_name_prefix="grpc-demo") as pool:
            _serve_and_call(pool, sys.stdout if out is None else out)
    except Exception as error:  # whatever it is, the person at the terminal wants the reason and the status
        print(f"demo failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0
