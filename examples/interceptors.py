"""Interceptors on both sides: a token that the server asks for, and a client that tries again."""

from __future__ import annotations

from concurrent import futures
from typing import Any, Callable, Optional

import grpc


class AskForToken(grpc.ServerInterceptor):
    """Serves only who shows the right token."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Optional[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Optional[grpc.RpcMethodHandler]:
        if ("token", "open sesame") in handler_call_details.invocation_metadata:
            return continuation(handler_call_details)
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, "say the word")
        )


class ShowToken(grpc.UnaryUnaryClientInterceptor):
    """Shows the token to a server that asks for it."""

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: Any, request: Any
    ) -> Any:
        call = continuation(client_call_details, request)
        if call.code() is grpc.StatusCode.UNAUTHENTICATED:
            print("the server said:", call.details())
            metadata = (*(client_call_details.metadata or ()), ("token", "open sesame"))
            call = continuation(client_call_details._replace(metadata=metadata), request)
        return call


def main() -> None:
    """Serve in process, and call."""
    cave = grpc.method_handlers_generic_handler(
        "examples.Cave", {"Enter": grpc.unary_unary_rpc_method_handler(lambda request, context: b"come in, " + request)}
    )
    with futures.ThreadPoolExecutor(max_workers=4) as pool:
        server = grpc.server(pool, handlers=[cave], interceptors=[AskForToken()])
        server.start()
        with grpc.inprocess_channel(server) as channel:
            intercepted = grpc.intercept_channel(channel, ShowToken())
            print(intercepted.unary_unary("/examples.Cave/Enter")(b"Ali", timeout=5))
        server.stop(None)


if __name__ == "__main__":
    main()
