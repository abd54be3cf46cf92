"""The test cases on the asynchronous API; the table at the end names them all."""

from __future__ import annotations

from typing import AsyncIterable, AsyncIterator, Awaitable, Callable, Dict, Iterable, List, Tuple, TypeVar

import grpc
import grpc.aio
from grpc.interop import _aio_lasting, _flags, _rules, _seeing
from grpc.interop._rules import TIMEOUT
from grpc.interop.protos import messages_pb2 as messages
from grpc.interop.protos import test_pb2_grpc

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


async def _each(requests: Iterable[_Request]) -> AsyncIterator[_Request]:
    for request in requests:
        yield request


async def _all(responses: AsyncIterable[_Response]) -> List[_Response]:
    return [response async for response in responses]


async def _failure(call: Awaitable[object]) -> Tuple[grpc.StatusCode, str]:
    """How a call ended that should not have succeeded.

    Raises:
        Failed: It succeeded.
    """
    try:
        await call
    except grpc.RpcError as error:
        return _rules.status(error)
    raise _rules.should_have_failed()


# ------------------------------------------------------------ one request, one response


async def _empty_unary(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    response = await test_pb2_grpc.TestServiceStub(channel).EmptyCall(messages.Empty(), timeout=TIMEOUT)
    _rules.check_equal("the length of the response", response.ByteSize(), 0)


async def _large_unary(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    stub = test_pb2_grpc.TestServiceStub(channel)
    _rules.check_body(await stub.UnaryCall(_rules.large_request(), timeout=TIMEOUT), _rules.LARGE_RESPONSE)


async def _cacheable_unary(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    stub = test_pb2_grpc.TestServiceStub(channel)
    request = _rules.cacheable_request()
    bodies = []
    for _ in range(2):
        call = stub.CacheableUnaryCall(request, metadata=_rules.CACHEABLE, timeout=TIMEOUT)
        bodies.append((await call).payload.body)
        _rules.check_cacheable(await call.initial_metadata())
    _rules.check_cached(bodies, client.caching_proxy)


async def _client_compressed_unary(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    call = test_pb2_grpc.TestServiceStub(channel).UnaryCall
    probe = _rules.large_request(compressed=True)
    plain = grpc.Compression.NoCompression
    _rules.check_refused(await _failure(call(probe, compression=plain, timeout=TIMEOUT)))
    for compression in (grpc.Compression.Gzip, plain):
        request = _rules.large_request(compressed=compression is grpc.Compression.Gzip)
        _rules.check_body(await call(request, compression=compression, timeout=TIMEOUT), _rules.LARGE_RESPONSE)


async def _server_compressed_unary(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    _seeing.must_see()
    call = channel.unary_unary(
        "/grpc.testing.TestService/UnaryCall",
        request_serializer=messages.SimpleRequest.SerializeToString,
        response_deserializer=_seeing.seeing(messages.SimpleResponse.FromString),
    )
    for compressed in (True, False):
        seen = await call(_rules.large_request(response_compressed=compressed), timeout=TIMEOUT)
        _rules.check_equal("whether the response is compressed", seen.compressed, compressed)
        _rules.check_body(seen.message, _rules.LARGE_RESPONSE)


# ------------------------------------------------------------ streams


async def _client_streaming(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    requests = _each(map(_rules.input_request, _rules.REQUEST_SIZES))
    response = await test_pb2_grpc.TestServiceStub(channel).StreamingInputCall(requests, timeout=TIMEOUT)
    _rules.check_equal("the aggregated size", response.aggregated_payload_size, sum(_rules.REQUEST_SIZES))


async def _client_compressed_streaming(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    call = test_pb2_grpc.TestServiceStub(channel).StreamingInputCall
    probe = _each([_rules.input_request(_rules.COMPRESSED_REQUEST_SIZES[0], compressed=True)])
    _rules.check_refused(await _failure(call(probe, compression=grpc.Compression.NoCompression, timeout=TIMEOUT)))
    requests = _each(map(_rules.input_request, _rules.COMPRESSED_REQUEST_SIZES, (True, False)))
    response = await call(requests, compression=grpc.Compression.Gzip, timeout=TIMEOUT)
    _rules.check_equal("the aggregated size", response.aggregated_payload_size, sum(_rules.COMPRESSED_REQUEST_SIZES))


async def _server_streaming(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    request = _rules.output_request(_rules.RESPONSE_SIZES)
    responses = await _all(test_pb2_grpc.TestServiceStub(channel).StreamingOutputCall(request, timeout=TIMEOUT))
    _rules.check_bodies(responses, _rules.RESPONSE_SIZES)


async def _server_compressed_streaming(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    _seeing.must_see()
    call = channel.unary_stream(
        "/grpc.testing.TestService/StreamingOutputCall",
        request_serializer=messages.StreamingOutputCallRequest.SerializeToString,
        response_deserializer=_seeing.seeing(messages.StreamingOutputCallResponse.FromString),
    )
    request = _rules.output_request(_rules.COMPRESSED_RESPONSE_SIZES, compressed=(True, False))
    seen = await _all(call(request, timeout=TIMEOUT))
    _rules.check_bodies([one.message for one in seen], _rules.COMPRESSED_RESPONSE_SIZES)
    _rules.check_equal("which responses are compressed", [one.compressed for one in seen], [True, False])


async def _ping_pong(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    call = test_pb2_grpc.TestServiceStub(channel).FullDuplexCall(timeout=TIMEOUT)
    for payload, size in zip(_rules.REQUEST_SIZES, _rules.RESPONSE_SIZES):
        await call.write(_rules.output_request((size,), payload))
        _rules.check_body(await call.read(), size)
    await call.done_writing()
    _rules.check(await call.read() is grpc.aio.EOF, "there should be no further response")
    _rules.check_status((await call.code(), await call.details()), grpc.StatusCode.OK)


async def _empty_stream(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    call = test_pb2_grpc.TestServiceStub(channel).FullDuplexCall(_each(()), timeout=TIMEOUT)
    _rules.check_bodies(await _all(call), ())
    _rules.check_status((await call.code(), await call.details()), grpc.StatusCode.OK)


# ------------------------------------------------------------ metadata and statuses


async def _custom_metadata(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    stub = test_pb2_grpc.TestServiceStub(channel)
    unary = stub.UnaryCall(_rules.large_request(), metadata=_rules.ECHOED, timeout=TIMEOUT)
    _rules.check_body(await unary, _rules.LARGE_RESPONSE)
    _rules.check_echoed(await unary.initial_metadata(), await unary.trailing_metadata())
    requests = _each([_rules.output_request((_rules.LARGE_RESPONSE,), _rules.LARGE_REQUEST)])
    stream = stub.FullDuplexCall(requests, metadata=_rules.ECHOED, timeout=TIMEOUT)
    _rules.check_bodies(await _all(stream), (_rules.LARGE_RESPONSE,))
    _rules.check_echoed(await stream.initial_metadata(), await stream.trailing_metadata())


async def _status_code_and_message(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    stub = test_pb2_grpc.TestServiceStub(channel)
    wanted = _rules.status_wanted(_rules.STATUS_TEXT)
    found = await _failure(stub.UnaryCall(messages.SimpleRequest(response_status=wanted), timeout=TIMEOUT))
    _rules.check_status(found, _rules.STATUS_CODE, _rules.STATUS_TEXT)
    requests = _each([messages.StreamingOutputCallRequest(response_status=wanted)])
    found = await _failure(_all(stub.FullDuplexCall(requests, timeout=TIMEOUT)))
    _rules.check_status(found, _rules.STATUS_CODE, _rules.STATUS_TEXT)


async def _special_status_message(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    request = messages.SimpleRequest(response_status=_rules.status_wanted(_rules.SPECIAL_TEXT))
    found = await _failure(test_pb2_grpc.TestServiceStub(channel).UnaryCall(request, timeout=TIMEOUT))
    _rules.check_status(found, _rules.STATUS_CODE, _rules.SPECIAL_TEXT)


async def _unimplemented_method(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    stub = test_pb2_grpc.TestServiceStub(channel)
    found = await _failure(stub.UnimplementedCall(messages.Empty(), timeout=TIMEOUT))
    _rules.check_status(found, grpc.StatusCode.UNIMPLEMENTED)


async def _unimplemented_service(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    stub = test_pb2_grpc.UnimplementedServiceStub(channel)
    found = await _failure(stub.UnimplementedCall(messages.Empty(), timeout=TIMEOUT))
    _rules.check_status(found, grpc.StatusCode.UNIMPLEMENTED)


# ------------------------------------------------------------ ends before the end


async def _cancel_after_begin(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    call = test_pb2_grpc.TestServiceStub(channel).StreamingInputCall(timeout=TIMEOUT)
    call.cancel()
    _rules.check_status((await call.code(), await call.details()), grpc.StatusCode.CANCELLED)
    _rules.check(call.cancelled(), "the call should say that it was cancelled")


async def _cancel_after_first_response(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    call = test_pb2_grpc.TestServiceStub(channel).FullDuplexCall(timeout=TIMEOUT)
    await call.write(_rules.output_request(_rules.RESPONSE_SIZES[:1], _rules.REQUEST_SIZES[0]))
    _rules.check_body(await call.read(), _rules.RESPONSE_SIZES[0])
    call.cancel()
    _rules.check_status((await call.code(), await call.details()), grpc.StatusCode.CANCELLED)


async def _timeout_on_sleeping_server(channel: grpc.aio.Channel, client: _flags.Client) -> None:
    call = test_pb2_grpc.TestServiceStub(channel).FullDuplexCall(timeout=_rules.SHORT_TIMEOUT)
    try:
        await call.write(_rules.output_request((), _rules.REQUEST_SIZES[0]))
    except grpc.RpcError as error:  # the time was over before the request was on its way
        found = _rules.status(error)
    else:
        found = await _failure(call.read())
    _rules.check_status(found, grpc.StatusCode.DEADLINE_EXCEEDED)


CASES: Dict[str, Callable[[grpc.aio.Channel, _flags.Client], Awaitable[None]]] = {
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
    **_aio_lasting.CASES,
}
