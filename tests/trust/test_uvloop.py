"""The asynchronous API on another loop than asyncio's own."""

from __future__ import annotations

import pytest

from tests.trust import programs

pytestmark = pytest.mark.slow


def test_calls_of_all_shapes_and_dropped_ones_under_uvloop() -> None:
    assert programs.run(
        """
import grpc.aio, uvloop
async def echo(request, context):
    return request
async def count(request, context):
    for number in range(int(request)):
        yield b"%d" % number
async def chat(requests, context):
    async for request in requests:
        yield request
async def main():
    server = grpc.aio.server(handlers=[grpc.method_handlers_generic_handler("t.T", {
        "Echo": grpc.unary_unary_rpc_method_handler(echo),
        "Count": grpc.unary_stream_rpc_method_handler(count),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
    })])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        echoes = [channel.unary_unary("/t.T/Echo")(b"x", timeout=LIMIT) for _ in range(100)]
        print(len(await asyncio.gather(*echoes)))
        print(len([response async for response in channel.unary_stream("/t.T/Count")(b"100")]))
        call = channel.stream_stream("/t.T/Chat")()
        await call.write(b"x")
        assert await call.read() == b"x"
        await call.done_writing()
        print(await call.read() is grpc.aio.EOF, await call.code())
        try:
            await channel.unary_unary("/t.T/Other")(b"x")
        except grpc.aio.AioRpcError as error:
            print(error.code())
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
    call = channel.unary_stream("/t.T/Count")(b"1000000")
    assert await call.read() == b"0"
    del call, channel, server
    while len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(0.01)
uvloop.install()
asyncio.run(main())
"""
    ) == ["100", "100", "True StatusCode.OK", "StatusCode.UNIMPLEMENTED"]
