"""Every public name of the synchronous API, in types that a checker understands."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any, Callable, Iterator, List, Optional, Tuple

import grpc
import grpc.experimental


class Refusal(grpc.Status):
    """A status to abort with."""

    code = grpc.StatusCode.PERMISSION_DENIED
    details = "not you"
    trailing_metadata = (("why", "because"),)


def unary(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Use what a context offers."""
    if request == b"refuse":
        context.abort_with_status(Refusal())
    context.add_callback(lambda: None)
    context.send_initial_metadata((("peer", context.peer()),))
    context.set_trailing_metadata((("identities", repr(context.peer_identities())),))
    context.set_compression(grpc.Compression.Gzip)
    context.disable_next_message_compression()
    remaining: Optional[float] = context.time_remaining()
    key: Optional[str] = context.peer_identity_key()
    return repr((remaining is None, key, dict(context.auth_context()), context.is_active())).encode()


def responses(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """Give several responses, and a status that is not OK."""
    yield request
    context.set_code(grpc.StatusCode.OUT_OF_RANGE)
    context.set_details("enough")


class Service(grpc.ServiceRpcHandler):
    """A service by hand."""

    def service_name(self) -> str:
        return "examples.Tour"

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Optional[grpc.RpcMethodHandler]:
        if handler_call_details.method == "/examples.Tour/Unary":
            return grpc.unary_unary_rpc_method_handler(unary)
        return None


class Note(grpc.ServerInterceptor):
    """Notes the methods that are asked for."""

    def __init__(self) -> None:
        self.methods: List[str] = []

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Optional[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Optional[grpc.RpcMethodHandler]:
        self.methods.append(handler_call_details.method)
        handler = continuation(handler_call_details)
        return grpc.experimental.wrap_server_method_handler(lambda behavior: behavior, handler)


class Pass(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Lets everything pass."""

    def intercept_unary_unary(
        self, continuation: Callable[[Any, Any], Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        return continuation(client_call_details, request)

    def intercept_unary_stream(
        self, continuation: Callable[[Any, Any], Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        return continuation(client_call_details, request)

    def intercept_stream_unary(
        self,
        continuation: Callable[[Any, Any], Any],
        client_call_details: grpc.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        return continuation(client_call_details, request_iterator)

    def intercept_stream_stream(
        self,
        continuation: Callable[[Any, Any], Any],
        client_call_details: grpc.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        return continuation(client_call_details, request_iterator)


class Token(grpc.AuthMetadataPlugin):
    """Finds a token."""

    def __call__(self, context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback) -> None:
        callback((("token", f"{context.service_url} {context.method_name}"),), None)


def call_all(channel: grpc.Channel) -> None:
    """Call in every style."""
    one: grpc.UnaryUnaryMultiCallable = channel.unary_unary("/examples.Tour/Unary")
    print(one(b"", timeout=5))
    answer: Tuple[Any, grpc.Call] = one.with_call(b"", timeout=5, metadata=(("key", "value"),))
    print(answer[1].code().name, len(answer[1].initial_metadata()), len(answer[1].trailing_metadata()))
    future: grpc.Future = one.future(b"refuse", timeout=5, wait_for_ready=True, compression=grpc.Compression.Deflate)
    error = future.exception(timeout=5)
    assert isinstance(error, grpc.RpcError)
    print(error)

    many: grpc.UnaryStreamMultiCallable = channel.unary_stream("/examples.Tour/Responses")
    stream = many(b"first", timeout=5)
    print(next(stream))
    try:
        next(stream)
    except grpc.RpcError:
        print(stream.code().name, stream.details())

    gather: grpc.StreamUnaryMultiCallable = channel.stream_unary("/examples.Tour/Join")
    print(gather(iter([b"a", b"b"]), timeout=5))
    talk: grpc.StreamStreamMultiCallable = channel.stream_stream("/examples.Tour/Echo")
    print(list(talk(iter([b"a", b"b"]), timeout=5)))


def main() -> None:
    """Take the tour."""
    note = Note()
    with futures.ThreadPoolExecutor(max_workers=4) as pool:
        server: grpc.Server = grpc.server(
            pool, handlers=[Service()], interceptors=[note], options=[("grpc.max_send_message_length", 1 << 20)]
        )
        more = grpc.method_handlers_generic_handler(
            "examples.Tour",
            {
                "Responses": grpc.unary_stream_rpc_method_handler(responses),
                "Join": grpc.stream_unary_rpc_method_handler(lambda requests, context: b"".join(requests)),
                "Echo": grpc.stream_stream_rpc_method_handler(lambda requests, context: requests),
            },
        )
        server.add_generic_rpc_handlers([more])
        port: int = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
        server.start()
        token = grpc.composite_call_credentials(
            grpc.metadata_call_credentials(Token()), grpc.access_token_call_credentials("secret")
        )
        credentials = grpc.composite_channel_credentials(grpc.local_channel_credentials(), token)
        with grpc.secure_channel(f"127.0.0.1:{port}", credentials) as channel:
            grpc.channel_ready_future(channel).result(timeout=5)
            states: List[grpc.ChannelConnectivity] = []
            told = threading.Event()

            def subscriber(state: grpc.ChannelConnectivity) -> None:
                states.append(state)
                told.set()

            channel.subscribe(subscriber)
            told.wait(5)
            channel.unsubscribe(subscriber)
            print(states[0].name)
            call_all(grpc.intercept_channel(channel, Pass()))
        stopped: threading.Event = server.stop(1)
        stopped.wait()
        print(server.wait_for_termination(1), sorted(set(note.methods)))


if __name__ == "__main__":
    main()
