"""A server and a client in one file, with protobuf messages."""

from __future__ import annotations

from concurrent import futures

from google.protobuf.wrappers_pb2 import StringValue

import grpc


def greet(request: StringValue, context: grpc.ServicerContext) -> StringValue:
    """Greet, or refuse to greet nobody."""
    if not request.value:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a name is needed")
    return StringValue(value=f"Hello, {request.value}!")


def main() -> None:
    """Serve on a free port, and call."""
    greeter = grpc.method_handlers_generic_handler(
        "examples.Greeter",
        {
            "Greet": grpc.unary_unary_rpc_method_handler(
                greet,
                request_deserializer=StringValue.FromString,
                response_serializer=StringValue.SerializeToString,
            )
        },
    )
    with futures.ThreadPoolExecutor(max_workers=4) as pool:
        server = grpc.server(pool, handlers=[greeter])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary(
                "/examples.Greeter/Greet",
                request_serializer=StringValue.SerializeToString,
                response_deserializer=StringValue.FromString,
            )
            print(call(StringValue(value="world"), timeout=5).value)
            try:
                call(StringValue(), timeout=5)
            except grpc.RpcError as error:
                print(error)
        server.stop(None)


if __name__ == "__main__":
    main()
