"""The server that the test cases call, on the blocking API."""

from __future__ import annotations

import contextlib
import time
from concurrent import futures
from typing import Any, Callable, Iterator, Optional, Sequence, Tuple

import grpc
from grpc.interop import _rules, _seeing
from grpc.interop.protos import messages_pb2 as messages
from grpc.interop.protos import test_pb2_grpc

# Calls that last need a thread each; the others take turns.
_THREADS = 32


def _open(context: grpc.ServicerContext) -> None:
    """Send back the metadata that ask for it."""
    received = [(pair[0], pair[1]) for pair in context.invocation_metadata()]
    initial = tuple(pair for pair in received if pair[0] == _rules.ECHO_INITIAL)
    if initial:
        context.send_initial_metadata(initial)
    context.set_trailing_metadata(tuple(pair for pair in received if pair[0] == _rules.ECHO_TRAILING))


def _end_as_wanted(request: Any, context: grpc.ServicerContext) -> None:
    """Abort, if the request asks for a status."""
    wanted = request.response_status
    if wanted.code:
        context.abort(_rules.code_of(wanted.code), wanted.message)


def _responses(
    request: messages.StreamingOutputCallRequest, context: grpc.ServicerContext
) -> Iterator[messages.StreamingOutputCallResponse]:
    for wanted in request.response_parameters:
        if wanted.interval_us:
            time.sleep(wanted.interval_us / 1e6)
        if not wanted.compressed.value:
            context.disable_next_message_compression()
        yield messages.StreamingOutputCallResponse(payload=_rules.zeros(wanted.size))
    _end_as_wanted(request, context)


class TestService(test_pb2_grpc.TestServiceServicer):
    """The methods, as the .proto file describes them."""

    def EmptyCall(self, request: messages.Empty, context: Any) -> messages.Empty:
        _open(context)
        return messages.Empty()

    def UnaryCall(self, request: messages.SimpleRequest, context: Any) -> messages.SimpleResponse:
        if request.HasField("response_compressed"):
            context.set_compression(_rules.compression(request.response_compressed.value))
        _open(context)
        _end_as_wanted(request, context)
        return messages.SimpleResponse(payload=_rules.zeros(request.response_size))

    def CacheableUnaryCall(self, request: messages.SimpleRequest, context: Any) -> messages.SimpleResponse:
        context.send_initial_metadata((_rules.CACHE_CONTROL,))
        return messages.SimpleResponse(payload=messages.Payload(body=str(time.time_ns()).encode()))

    def StreamingOutputCall(
        self, request: messages.StreamingOutputCallRequest, context: Any
    ) -> Iterator[messages.StreamingOutputCallResponse]:
        if any(wanted.compressed.value for wanted in request.response_parameters):
            context.set_compression(_rules.compression(True))
        _open(context)
        return _responses(request, context)

    def StreamingInputCall(self, request_iterator: Any, context: Any) -> messages.StreamingInputCallResponse:
        _open(context)
        size = sum(len(request.payload.body) for request in request_iterator)
        return messages.StreamingInputCallResponse(aggregated_payload_size=size)

    def FullDuplexCall(self, request_iterator: Any, context: Any) -> Iterator[messages.StreamingOutputCallResponse]:
        _open(context)
        for request in request_iterator:
            yield from _responses(request, context)

    def HalfDuplexCall(self, request_iterator: Any, context: Any) -> Iterator[messages.StreamingOutputCallResponse]:
        _open(context)
        for request in list(request_iterator):
            yield from _responses(request, context)

    def UnimplementedCall(self, request: messages.Empty, context: Any) -> messages.Empty:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, _rules.UNIMPLEMENTED_TEXT)
        raise AssertionError("abort raises")


class _CompressionCheck(grpc.ServerInterceptor):
    """Refuses requests that are not as compressed as they say."""

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Optional[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Optional[grpc.RpcMethodHandler]:
        handler = continuation(handler_call_details)
        if handler is None or handler_call_details.method not in _seeing.CHECKED:
            return handler
        original = _seeing.rewritten(handler)

        def checked(request: _seeing.Seen[Any], context: grpc.ServicerContext) -> Any:
            found = _seeing.objection(request)
            if found is not None:
                context.abort(*found)
            return request.message

        def one(request: _seeing.Seen[Any], context: grpc.ServicerContext) -> Any:
            return original.behavior(checked(request, context), context)

        def many(requests: Iterator[_seeing.Seen[Any]], context: grpc.ServicerContext) -> Any:
            return original.behavior((checked(request, context) for request in requests), context)

        replaced: grpc.RpcMethodHandler = original.handler(handler, many if handler.request_streaming else one)
        return replaced


@contextlib.contextmanager
def serving(
    address: str, credentials: Optional[grpc.ServerCredentials] = None, options: Sequence[Tuple[str, Any]] = ()
) -> Iterator[int]:
    """Serve during a `with` block.

    Args:
        address: Host and port; port 0 for any that is free.
        credentials: What to prove who the server is with; None for plaintext.
        options: Channel arguments of the server.

    Yields:
        The port. When the block is left all calls are cancelled and everything has ended.
    """
    with futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="grpc-interop") as pool:
        server = grpc.server(pool, interceptors=(_CompressionCheck(),), options=list(options))
        test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait()
