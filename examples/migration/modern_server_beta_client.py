"""A server that has been migrated, called by a client of the beta API: blocking, as a future, and event-driven."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any, Iterator

from google.protobuf.wrappers_pb2 import StringValue

import grpc
from grpc.beta import implementations, interfaces
from grpc.framework.common.cardinality import Cardinality
from grpc.framework.interfaces.face import face

SERVICE = "examples.Greeter"


def greet(request: StringValue, context: grpc.ServicerContext) -> StringValue:
    """Greet, or refuse to greet nobody."""
    if not request.value:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a name is needed")
    return StringValue(value=f"Hello, {request.value}!")


def shout(request_iterator: Iterator[StringValue], context: grpc.ServicerContext) -> Iterator[StringValue]:
    """Say it again, louder."""
    for request in request_iterator:
        yield StringValue(value=request.value.upper())


def modern_server(pool: futures.Executor) -> grpc.Server:
    """The server."""
    coders: Any = {
        "request_deserializer": StringValue.FromString,
        "response_serializer": StringValue.SerializeToString,
    }
    handlers = {
        "Greet": grpc.unary_unary_rpc_method_handler(greet, **coders),
        "Shout": grpc.stream_stream_rpc_method_handler(shout, **coders),
    }
    return grpc.server(pool, handlers=[grpc.method_handlers_generic_handler(SERVICE, handlers)])


def beta_stub(channel: implementations.Channel) -> Any:
    """The stub, as generated code of that era would make it."""
    cardinalities = {"Greet": Cardinality.UNARY_UNARY, "Shout": Cardinality.STREAM_STREAM}
    names = [(SERVICE, name) for name in cardinalities]
    options = implementations.stub_options(
        request_serializers=dict.fromkeys(names, StringValue.SerializeToString),
        response_deserializers=dict.fromkeys(names, StringValue.FromString),
    )
    return implementations.dynamic_stub(channel, SERVICE, cardinalities, options=options)


class Printer(face.ResponseReceiver):
    """Prints what it hears, and can be waited for."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def initial_metadata(self, initial_metadata: Any) -> None:
        """Metadata come first."""

    def response(self, response: StringValue) -> None:
        """Print a response."""
        print("heard", response.value)

    def complete(self, terminal_metadata: Any, code: Any, details: Any) -> None:
        """All is well."""
        print("completed with", code)
        self.over.set()

    def abort(self, abortion: face.Abortion) -> None:
        """Or it is not."""
        print("aborted with", abortion.code)
        self.over.set()


def call(stub: Any) -> None:
    """Call in every style."""
    print(stub.Greet(StringValue(value="world"), 5).value)
    print(stub.Greet.future(StringValue(value="future"), 5).result().value)
    try:
        stub.Greet(StringValue(), 5)
    except face.AbortionError as error:
        print(error.code is interfaces.StatusCode.INVALID_ARGUMENT, error.details)
    printer = Printer()
    requests = stub.Shout.event(printer, printer.abort, 5)
    requests.consume(StringValue(value="hey"))
    requests.consume_and_terminate(StringValue(value="you"))
    printer.over.wait()


def main() -> None:
    """Serve on a free port, and call."""
    with futures.ThreadPoolExecutor(max_workers=4) as pool:
        server = modern_server(pool)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with implementations.insecure_channel("127.0.0.1", port) as channel:
            call(beta_stub(channel))
        server.stop(None)


if __name__ == "__main__":
    main()
