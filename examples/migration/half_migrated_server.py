"""A half-migrated server: one service of either era on one port, and clients of either era for both.

The server itself has been migrated. A servicer that has not been is served by it through `BetaContext`, which gives
the old functions the context they know; when they have been rewritten, it goes.
"""

from __future__ import annotations

from concurrent import futures
from typing import Any, Callable

from google.protobuf.wrappers_pb2 import StringValue

import grpc
from grpc.beta import implementations, interfaces
from grpc.framework.common.cardinality import Cardinality

OLD, NEW = "examples.OldGreeter", "examples.NewGreeter"


def old_greet(request: StringValue, context: Any) -> StringValue:
    """Greet as it was written for the beta API."""
    if not request.value:
        context.code(interfaces.StatusCode.INVALID_ARGUMENT)
        context.details("a name is needed")
    context.terminal_metadata((("written-in", "2016"),))
    return StringValue(value=f"Good day, {request.value}!")


def new_greet(request: StringValue, context: grpc.ServicerContext) -> StringValue:
    """Greet as it has been rewritten."""
    if not request.value:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a name is needed")
    return StringValue(value=f"Hi, {request.value}!")


# ------------------------------------------------------------ old functions under a new server


class BetaContext:
    """The context that inline functions of the beta API know, over that of the modern API."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self.code = context.set_code
        self.details = context.set_details
        self.initial_metadata = context.send_initial_metadata
        self.terminal_metadata = context.set_trailing_metadata
        self.invocation_metadata = context.invocation_metadata
        self.is_active = context.is_active
        self.time_remaining = context.time_remaining
        self.cancel = context.cancel
        # Of the protocol's own context:
        self.peer = context.peer
        self.disable_next_response_compression = context.disable_next_message_compression

    def protocol_context(self) -> BetaContext:
        """What the transport knows."""
        return self


def beta_function(function: Callable[[Any, Any], Any]) -> Callable[[Any, grpc.ServicerContext], Any]:
    """An inline function of the beta API as a handler of the modern API; of any shape."""
    return lambda request, context: function(request, BetaContext(context))


def server(pool: futures.Executor) -> grpc.Server:
    """Serve both."""
    coders: Any = {
        "request_deserializer": StringValue.FromString,
        "response_serializer": StringValue.SerializeToString,
    }
    old = grpc.unary_unary_rpc_method_handler(beta_function(old_greet), **coders)
    new = grpc.unary_unary_rpc_method_handler(new_greet, **coders)
    return grpc.server(
        pool,
        handlers=[
            grpc.method_handlers_generic_handler(OLD, {"Greet": old}),
            grpc.method_handlers_generic_handler(NEW, {"Greet": new}),
        ],
    )


# ------------------------------------------------------------ clients


def call_in_the_old_way(port: int, service: str) -> None:
    """A beta client."""
    names = [(service, "Greet")]
    options = implementations.stub_options(
        request_serializers=dict.fromkeys(names, StringValue.SerializeToString),
        response_deserializers=dict.fromkeys(names, StringValue.FromString),
    )
    with implementations.insecure_channel("127.0.0.1", port) as channel:
        stub: Any = implementations.dynamic_stub(channel, service, {"Greet": Cardinality.UNARY_UNARY}, options)
        response, call = stub.Greet(StringValue(value="beta client"), 5, with_call=True)
        print(response.value, dict(call.terminal_metadata()))


def call_in_the_new_way(port: int, service: str) -> None:
    """A modern client."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        greet = channel.unary_unary(
            f"/{service}/Greet",
            request_serializer=StringValue.SerializeToString,
            response_deserializer=StringValue.FromString,
        )
        print(greet(StringValue(value="modern client"), timeout=5).value)
        try:
            greet(StringValue(), timeout=5)
        except grpc.RpcError as error:
            print(error)


def main() -> None:
    """Serve on a free port, and call."""
    with futures.ThreadPoolExecutor(max_workers=4) as pool:
        both = server(pool)
        port = both.add_insecure_port("127.0.0.1:0")
        both.start()
        for service in (OLD, NEW):
            call_in_the_old_way(port, service)
            call_in_the_new_way(port, service)
        both.stop(None)


if __name__ == "__main__":
    main()
