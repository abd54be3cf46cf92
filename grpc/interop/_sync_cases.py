"""The test cases on the blocking API; the table at the end names them all."""

from __future__ import annotations

import contextlib
import queue
from typing import Callable, Dict, Iterator, Optional, Tuple, TypeVar

import grpc
from grpc.interop import _flags, _rules, _seeing, _sync_lasting
from grpc.interop._rules import TIMEOUT
from grpc.interop.protos import messages_pb2 as messages
from grpc.interop.protos import test_pb2_grpc

_Request = TypeVar("_Request")


class _Requests(Iterator[_Request]):
    """Requests that are given one by one; the stream ends when this is closed, and goes on until then."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Optional[_Request]] = queue.SimpleQueue()

    def __next__(self) -> _Request:
        request = self._queue.get()
        if request is None:
            raise StopIteration()
        return request

    def give(self, request: _Request) -> None:
        """Let the call have the next one."""
        self._queue.put(request)

    def close(self) -> None:
        """End the stream."""
        self._queue.put(None)


def _failure(call: Callable[[], object]) -> Tuple[grpc.StatusCode, str]:
    """How a call ended that should not have succeeded.

    Raises:
        Failed: It succeeded.
    """
    try:
        call()
    except grpc.RpcError as error:
        return _rules.status(error)
    raise _rules.should_have_failed()


def _stub(channel: grpc.Channel) -> test_pb2_grpc.TestServiceStub:
    return test_pb2_grpc.TestServiceStub(channel)


# ------------------------------------------------------------ one request, one response


def _empty_unary(channel: grpc.Channel, client: _flags.Client) -> None:
    response = _stub(channel).EmptyCall(messages.Empty(), timeout=TIMEOUT)
    _rules.check_equal("the length of the response", response.ByteSize(), 0)


def _large_unary(channel: grpc.Channel, client: _flags.Client) -> None:
    _rules.check_body(_stub(channel).UnaryCall(_rules.large_request(), timeout=TIMEOUT), _rules.LARGE_RESPONSE)


def _cacheable_unary(channel: grpc.Channel, client: _flags.Client) -> None:
    request = _rules.cacheable_request()
    bodies = []
    for _ in range(2):
        response, call = _stub(channel).CacheableUnaryCall.with_call(
            request, metadata=_rules.CACHEABLE, timeout=TIMEOUT
        )
        _rules.check_cacheable(call.initial_metadata())
        bodies.append(response.payload.body)
    _rules.check_cached(bodies, client.caching_proxy)


def _client_compressed_unary(channel: grpc.Channel, client: _flags.Client) -> None:
    call = _stub(channel).UnaryCall
    probe = _rules.large_request(compressed=True)
    _rules.check_refused(_failure(lambda: call(probe, compression=grpc.Compression.NoCompression, timeout=TIMEOUT)))
    for compression in (grpc.Compression.Gzip, grpc.Compression.NoCompression):
        request = _rules.large_request(compressed=compression is grpc.Compression.Gzip)
        _rules.check_body(call(request, compression=compression, timeout=TIMEOUT), _rules.LARGE_RESPONSE)


def _server_compressed_unary(channel: grpc.Channel, client: _flags.Client) -> None:
    _seeing.must_see()
    call = channel.unary_unary(
        "/grpc.testing.TestService/UnaryCall",
        request_serializer=messages.SimpleRequest.SerializeToString,
        response_deserializer=_seeing.seeing(messages.SimpleResponse.FromString),
    )
    for compressed in (True, False):
        seen = call(_rules.large_request(response_compressed=compressed), timeout=TIMEOUT)
        _rules.check_equal("whether the response is compressed", seen.compressed, compressed)
        _rules.check_body(seen.message, _rules.LARGE_RESPONSE)


# ------------------------------------------------------------ streams


def _client_streaming(channel: grpc.Channel, client: _flags.Client) -> None:
    requests = map(_rules.input_request, _rules.REQUEST_SIZES)
    response = _stub(channel).StreamingInputCall(requests, timeout=TIMEOUT)
    _rules.check_equal("the aggregated size", response.aggregated_payload_size, sum(_rules.REQUEST_SIZES))


def _client_compressed_streaming(channel: grpc.Channel, client: _flags.Client) -> None:
    call = _stub(channel).StreamingInputCall
    probe = _rules.input_request(_rules.COMPRESSED_REQUEST_SIZES[0], compressed=True)
    _rules.check_refused(
        _failure(lambda: call(iter([probe]), compression=grpc.Compression.NoCompression, timeout=TIMEOUT))
    )
    requests = map(_rules.input_request, _rules.COMPRESSED_REQUEST_SIZES, (True, False))
    response = call(requests, compression=grpc.Compression.Gzip, timeout=TIMEOUT)
    _rules.check_equal("the aggregated size", response.aggregated_payload_size, sum(_rules.COMPRESSED_REQUEST_SIZES))


def _server_streaming(channel: grpc.Channel, client: _flags.Client) -> None:
    request = _rules.output_request(_rules.RESPONSE_SIZES)
    responses = list(_stub(channel).StreamingOutputCall(request, timeout=TIMEOUT))
    _rules.check_bodies(responses, _rules.RESPONSE_SIZES)


def _server_compressed_streaming(channel: grpc.Channel, client: _flags.Client) -> None:
    _seeing.must_see()
    call = channel.unary_stream(
        "/grpc.testing.TestService/StreamingOutputCall",
        request_serializer=messages.StreamingOutputCallRequest.SerializeToString,
        response_deserializer=_seeing.seeing(messages.StreamingOutputCallResponse.FromString),
    )
    request = _rules.output_request(_rules.COMPRESSED_RESPONSE_SIZES, compressed=(True, False))
    seen = list(call(request, timeout=TIMEOUT))
    _rules.check_bodies([one.message for one in seen], _rules.COMPRESSED_RESPONSE_SIZES)
    _rules.check_equal("which responses are compressed", [one.compressed for one in seen], [True, False])


def _ping_pong(channel: grpc.Channel, client: _flags.Client) -> None:
    with contextlib.closing(_Requests[messages.StreamingOutputCallRequest]()) as requests:
        call = _stub(channel).FullDuplexCall(requests, timeout=TIMEOUT)
        for payload, size in zip(_rules.REQUEST_SIZES, _rules.RESPONSE_SIZES):
            requests.give(_rules.output_request((size,), payload))
            _rules.check_body(next(call), size)
        requests.close()
        _rules.check_bodies(list(call), ())


def _empty_stream(channel: grpc.Channel, client: _flags.Client) -> None:
    _rules.check_bodies(list(_stub(channel).FullDuplexCall(iter(()), timeout=TIMEOUT)), ())


# ------------------------------------------------------------ metadata and statuses


def _custom_metadata(channel: grpc.Channel, client: _flags.Client) -> None:
    stub = _stub(channel)
    response, unary = stub.UnaryCall.with_call(_rules.large_request(), metadata=_rules.ECHOED, timeout=TIMEOUT)
    _rules.check_body(response, _rules.LARGE_RESPONSE)
    _rules.check_echoed(unary.initial_metadata(), unary.trailing_metadata())
    request = _rules.output_request((_rules.LARGE_RESPONSE,), _rules.LARGE_REQUEST)
    stream = stub.FullDuplexCall(iter([request]), metadata=_rules.ECHOED, timeout=TIMEOUT)
    _rules.check_bodies(list(stream), (_rules.LARGE_RESPONSE,))
    _rules.check_echoed(stream.initial_metadata(), stream.trailing_metadata())


def _status_code_and_message(channel: grpc.Channel, client: _flags.Client) -> None:
    stub = _stub(channel)
    wanted = _rules.status_wanted(_rules.STATUS_TEXT)
    request = messages.SimpleRequest(response_status=wanted)
    found = _failure(lambda: stub.UnaryCall(request, timeout=TIMEOUT))
    _rules.check_status(found, _rules.STATUS_CODE, _rules.STATUS_TEXT)
    requests = [messages.StreamingOutputCallRequest(response_status=wanted)]
    found = _failure(lambda: list(stub.FullDuplexCall(iter(requests), timeout=TIMEOUT)))
    _rules.check_status(found, _rules.STATUS_CODE, _rules.STATUS_TEXT)


def _special_status_message(channel: grpc.Channel, client: _flags.Client) -> None:
    request = messages.SimpleRequest(response_status=_rules.status_wanted(_rules.SPECIAL_TEXT))
    found = _failure(lambda: _stub(channel).UnaryCall(request, timeout=TIMEOUT))
    _rules.check_status(found, _rules.STATUS_CODE, _rules.SPECIAL_TEXT)


def _unimplemented_method(channel: grpc.Channel, client: _flags.Client) -> None:
    found = _failure(lambda: _stub(channel).UnimplementedCall(messages.Empty(), timeout=TIMEOUT))
    _rules.check_status(found, grpc.StatusCode.UNIMPLEMENTED)


def _unimplemented_service(channel: grpc.Channel, client: _flags.Client) -> None:
    stub = test_pb2_grpc.UnimplementedServiceStub(channel)
    found = _failure(lambda: stub.UnimplementedCall(messages.Empty(), timeout=TIMEOUT))
    _rules.check_status(found, grpc.StatusCode.UNIMPLEMENTED)


# ------------------------------------------------------------ ends before the end


def _cancel_after_begin(channel: grpc.Channel, client: _flags.Client) -> None:
    with contextlib.closing(_Requests[messages.StreamingInputCallRequest]()) as requests:
        call = _stub(channel).StreamingInputCall.future(requests, timeout=TIMEOUT)
        call.cancel()
        _rules.check(call.cancelled(), "the call should say that it was cancelled")
        _rules.check_status((call.code(), call.details()), grpc.StatusCode.CANCELLED)


def _cancel_after_first_response(channel: grpc.Channel, client: _flags.Client) -> None:
    with contextlib.closing(_Requests[messages.StreamingOutputCallRequest]()) as requests:
        call = _stub(channel).FullDuplexCall(requests, timeout=TIMEOUT)
        requests.give(_rules.output_request(_rules.RESPONSE_SIZES[:1], _rules.REQUEST_SIZES[0]))
        _rules.check_body(next(call), _rules.RESPONSE_SIZES[0])
        call.cancel()
        _rules.check_status(_failure(lambda: next(call)), grpc.StatusCode.CANCELLED)


def _timeout_on_sleeping_server(channel: grpc.Channel, client: _flags.Client) -> None:
    with contextlib.closing(_Requests[messages.StreamingOutputCallRequest]()) as requests:
        requests.give(_rules.output_request((), _rules.REQUEST_SIZES[0]))
        call = _stub(channel).FullDuplexCall(requests, timeout=_rules.SHORT_TIMEOUT)
        _rules.check_status(_failure(lambda: next(call)), grpc.StatusCode.DEADLINE_EXCEEDED)


CASES: Dict[str, Callable[[grpc.Channel, _flags.Client], None]] = {
    "empty_unary": _empty_unary,
    "large_unary": _large_unary,
    "cacheable_unary": _cacheable_unary,
    "client_compressed_unary": _client_compressed_unary,
    "server_compressed_unary": _server_compressed_unary,
    "client_streaming": _client_streaming,
    "client_compressed_streaming": _client_compressed_streaming,
    "server_streaming": _server_streaming,
    "server_compressed_streaming": _server_compressed_streaming,
    "ping_pong": _ping_pong,
    "empty_stream": _empty_stream,
    "custom_metadata": _custom_metadata,
    "status_code_and_message": _status_code_and_message,
    "special_status_message": _special_status_message,
    "unimplemented_method": _unimplemented_method,
    "unimplemented_service": _unimplemented_service,
    "cancel_after_begin": _cancel_after_begin,
    "cancel_after_first_response": _cancel_after_first_response,
    "timeout_on_sleeping_server": _timeout_on_sleeping_server,
    **_sync_lasting.CASES,
}
