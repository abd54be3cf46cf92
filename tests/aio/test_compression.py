"""Whether a message came compressed, as deserializers of the asynchronous API see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, AsyncIterator, List

import grpc
import grpc.experimental
from tests.aio.conftest import Run, path, serving

if TYPE_CHECKING:
    from grpc import aio

ZEROS = bytes(1000)


def test_each_message_is_seen_for_itself_on_both_sides(run: Run) -> None:
    of_requests: List[bool] = []
    of_responses: List[bool] = []

    def seeing(seen: List[bool]) -> Any:
        def deserialize(serialized: bytes) -> bytes:
            seen.append(grpc.experimental.message_compressed(serialized))
            return serialized

        return deserialize

    async def behavior(
        requests: AsyncIterator[bytes], context: aio.ServicerContext[bytes, bytes]
    ) -> AsyncIterator[bytes]:
        context.set_compression(grpc.Compression.Gzip)
        async for request in requests:
            if not request:
                context.disable_next_message_compression()
            yield ZEROS

    async def main() -> None:
        handler = grpc.stream_stream_rpc_method_handler(behavior, request_deserializer=seeing(of_requests))
        async with serving("tcp", {"Call": handler}) as (_, channel):
            method = channel.stream_stream(path("Call"), response_deserializer=seeing(of_responses))
            call = method([ZEROS, b"", ZEROS], compression=grpc.Compression.Gzip)
            assert [response async for response in call] == [ZEROS] * 3

    run(main())
    # Compression makes nothing smaller of no bytes at all, so that request goes as it is.
    assert of_requests == of_responses == [True, False, True]
