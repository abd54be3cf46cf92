"""Whether a message came compressed, as deserializers see it."""

from __future__ import annotations

from typing import Any, Callable, Iterator, List

import pytest

import grpc
import grpc.experimental
from tests.modern.conftest import path, serving, unary

ZEROS = bytes(1000)
PLAIN, GZIP = grpc.Compression.NoCompression, grpc.Compression.Gzip


class _Seen:
    """A deserializer that keeps what it sees."""

    def __init__(self) -> None:
        self.seen: List[bool] = []

    def __call__(self, serialized: bytes) -> bytes:
        self.seen.append(grpc.experimental.message_compressed(serialized))
        return serialized


@pytest.mark.parametrize("compression", [PLAIN, grpc.Compression.Deflate, GZIP])
def test_a_service_sees_whether_its_request_came_compressed(compression: grpc.Compression) -> None:
    deserialize = _Seen()
    handler = unary(lambda request, context: b"", request_deserializer=deserialize)
    with serving("tcp", {"Call": handler}) as (_, channel):
        channel.unary_unary(path("Call"))(ZEROS, compression=compression)
    assert deserialize.seen == [compression is not PLAIN]


@pytest.mark.parametrize("compression", [PLAIN, grpc.Compression.Deflate, GZIP])
def test_a_caller_sees_whether_its_response_came_compressed(compression: grpc.Compression) -> None:
    def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_compression(compression)
        return ZEROS

    deserialize = _Seen()
    with serving("tcp", {"Call": unary(behavior)}) as (_, channel):
        channel.unary_unary(path("Call"), response_deserializer=deserialize)(b"")
    assert deserialize.seen == [compression is not PLAIN]


def test_each_message_of_a_stream_is_seen_for_itself() -> None:
    def behavior(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        context.set_compression(GZIP)
        for request in requests:
            if not request:
                context.disable_next_message_compression()
            yield ZEROS

    of_requests, of_responses = _Seen(), _Seen()
    handler = grpc.stream_stream_rpc_method_handler(behavior, request_deserializer=of_requests)
    with serving("tcp", {"Call": handler}) as (_, channel):
        call = channel.stream_stream(path("Call"), response_deserializer=of_responses)
        list(call(iter([ZEROS, b"", ZEROS]), compression=GZIP))
    # Compression makes nothing smaller of no bytes at all, so that request goes as it is.
    assert of_requests.seen == of_responses.seen == [True, False, True]


def test_within_the_process_nothing_is_compressed() -> None:
    deserialize = _Seen()
    handler = unary(lambda request, context: b"", request_deserializer=deserialize)
    with serving("inprocess", {"Call": handler}) as (_, channel):
        channel.unary_unary(path("Call"))(ZEROS, compression=GZIP)
    assert deserialize.seen == [False]


def test_a_message_that_came_compressed_can_be_sent_on() -> None:
    with serving("tcp", {"Call": unary(lambda request, context: request)}) as (_, channel):
        assert channel.unary_unary(path("Call"))(ZEROS, compression=GZIP) == ZEROS


@pytest.mark.parametrize("copied", [bytes, bytearray, lambda serialized: serialized[:10]])
def test_a_copy_knows_nothing(copied: Callable[[bytes], Any]) -> None:
    seen: List[bool] = []

    def deserialize(serialized: bytes) -> bytes:
        seen.append(grpc.experimental.message_compressed(copied(serialized)))
        return serialized

    handler = unary(lambda request, context: b"", request_deserializer=deserialize)
    with serving("tcp", {"Call": handler}) as (_, channel):
        channel.unary_unary(path("Call"))(ZEROS, compression=GZIP)
    assert seen == [False]
