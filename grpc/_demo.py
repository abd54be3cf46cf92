"""`python -m grpc demo`: real calls to a real server, shown as a table.

The service is written the way any service without generated code is: generic handlers around plain functions, with
message types that come with protobuf. Every answer is compared with the expected one, so the demo is also the
smallest check that an installation works.
"""

from __future__ import annotations

import sys
import time
from concurrent import futures
from typing import Any, Callable, NamedTuple, Optional, Sequence, TextIO, cast

from google.protobuf.wrappers_pb2 import Int64Value, StringValue

import grpc

_SERVICE = "demo.Greeter"
_TIMEOUT = 10.0  # seconds; generous, for it only matters when something is wrong
_CAPITALS = {"Kenya": "Nairobi", "Peru": "Lima"}

_COLUMNS = ("transport", "call", "style", "status", "answer", "time")


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


# Every method by its name: the function, and the types of its request and its response.
_METHODS: dict[str, tuple[Callable[[Any, grpc.ServicerContext], Any], type[Any], type[Any]]] = {
    "Greet": (greet, StringValue, StringValue),
    "Square": (square, Int64Value, Int64Value),
    "Capital": (capital, StringValue, StringValue),
}


def _handler() -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        _SERVICE,
        {
            name: grpc.unary_unary_rpc_method_handler(
                function,
                request_deserializer=request_type.FromString,
                response_serializer=response_type.SerializeToString,
            )
            for name, (function, request_type, response_type) in _METHODS.items()
        },
    )


# ------------------------------------------------------------ the calls


class _Outcome(NamedTuple):
    """What a call came to: the name of its status, and the answer's value or the status details."""

    status: str
    answer: str


class _Call(NamedTuple):
    """One call to show and what it should come to; `answer` is None where the wording is the library's own."""

    method: str
    style: str
    request: Any
    status: str
    answer: Optional[str]

    def __str__(self) -> str:
        return f"{self.method}({self.request.value!r})"


_CALLS = (
    _Call("Greet", "blocking", StringValue(value="world"), "OK", "Hello, world!"),
    _Call("Square", "with_call", Int64Value(value=12), "OK", "144"),
    _Call("Capital", "future", StringValue(value="Peru"), "OK", "Lima"),
    _Call("Capital", "blocking", StringValue(value="Utopia"), "NOT_FOUND", "no capital known for 'Utopia'"),
    _Call("Missing", "blocking", StringValue(value="anyone?"), "UNIMPLEMENTED", None),
)


def _blocking(multi_callable: Any, request: Any) -> _Outcome:
    response = multi_callable(request, timeout=_TIMEOUT)
    return _Outcome("OK", str(response.value))


def _with_call(multi_callable: Any, request: Any) -> _Outcome:
    response, call = multi_callable.with_call(request, timeout=_TIMEOUT)
    return _Outcome(call.code().name, str(response.value))


def _future(multi_callable: Any, request: Any) -> _Outcome:
    call = multi_callable.future(request, timeout=_TIMEOUT)
    response = call.result(timeout=_TIMEOUT)
    return _Outcome(call.code().name, str(response.value))


_STYLES: dict[str, Callable[[Any, Any], _Outcome]] = {
    "blocking": _blocking,
    "with_call": _with_call,
    "future": _future,
}


def _make(channel: grpc.Channel, call: _Call) -> _Outcome:
    # A client names the types that it expects; for a method that the server lacks any will do.
    _, request_type, response_type = _METHODS.get(call.method, (None, StringValue, StringValue))
    multi_callable = channel.unary_unary(
        f"/{_SERVICE}/{call.method}",
        request_serializer=request_type.SerializeToString,
        response_deserializer=response_type.FromString,
    )
    try:
        return _STYLES[call.style](multi_callable, call.request)
    except grpc.RpcError as error:
        failed = cast("grpc.Call", error)  # what a call raises is that call as well; its class alone does not say so
        return _Outcome(failed.code().name, str(failed.details()))


def _compare(call: _Call, outcome: _Outcome) -> None:
    if outcome.status != call.status or call.answer not in (None, outcome.answer):
        raise Surprise(
            f"{call} ({call.style}) should have come to {call.status} {call.answer or ''}".rstrip()
            + f", and came to {outcome.status} {outcome.answer}"
        )


def _rows(transport: str, channel: grpc.Channel) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for call in _CALLS:
        begin = time.perf_counter()
        outcome = _make(channel, call)
        milliseconds = (time.perf_counter() - begin) * 1000
        _compare(call, outcome)
        rows.append((transport, str(call), call.style, outcome.status, outcome.answer, f"{milliseconds:.2f} ms"))
    return rows


# ------------------------------------------------------------ server, table, exit status


def _show(rows: Sequence[Sequence[str]], out: TextIO) -> None:
    widths = [max(len(row[column]) for row in (_COLUMNS, *rows)) for column in range(len(_COLUMNS))]
    for row in (_COLUMNS, ["-" * width for width in widths], *rows):
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths)]
        print("  ".join([*cells, row[-1].rjust(widths[-1])]), file=out)


def _call_everything(server: grpc.Server, port: int) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        rows += _rows("TCP loopback", channel)
    with grpc.inprocess_channel(server) as channel:
        rows += _rows("in-process", channel)
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
    print("\nEvery answer was the expected one. The first call over TCP also connects.", file=out)


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
