"""A server of the beta API, called by a client that has been migrated."""

from __future__ import annotations

from typing import Any, Iterator

from google.protobuf.wrappers_pb2 import StringValue

import grpc
from grpc.beta import implementations, interfaces
from grpc.framework.interfaces.face import utilities

SERVICE = "examples.Greeter"


def greet(request: StringValue, context: Any) -> StringValue:
    """Greet, or refuse to greet nobody: code and details are set, and the response is dropped."""
    if not request.value:
        context.code(interfaces.StatusCode.INVALID_ARGUMENT)
        context.details("a name is needed")
    return StringValue(value=f"Hello, {request.value}!")


def repeat(request: StringValue, context: Any) -> Iterator[StringValue]:
    """Say it three times."""
    for _ in range(3):
        yield request


def beta_server() -> interfaces.Server:
    """The server, as generated code of that era would make it."""
    methods = {
        (SERVICE, "Greet"): utilities.unary_unary_inline(greet),
        (SERVICE, "Repeat"): utilities.unary_stream_inline(repeat),
    }
    options = implementations.server_options(
        request_deserializers=dict.fromkeys(methods, StringValue.FromString),
        response_serializers=dict.fromkeys(methods, StringValue.SerializeToString),
        default_timeout=10,
    )
    return implementations.server(methods, options=options)


def call(channel: grpc.Channel) -> None:
    """Call it in the modern way."""
    coders: Any = {
        "request_serializer": StringValue.SerializeToString,
        "response_deserializer": StringValue.FromString,
    }
    greet = channel.unary_unary(f"/{SERVICE}/Greet", **coders)
    repeat = channel.unary_stream(f"/{SERVICE}/Repeat", **coders)
    print(greet(StringValue(value="world"), timeout=5).value)
    print([response.value for response in repeat(StringValue(value="again"), timeout=5)])
    try:
        greet(StringValue(), timeout=5)
    except grpc.RpcError as error:
        print(error)


def main() -> None:
    """Serve on a free port, and call."""
    server = beta_server()
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call(channel)
    server.stop(0)


if __name__ == "__main__":
    main()
