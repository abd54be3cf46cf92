"""A chat over one bidirectional RPC for each guest, asynchronous on both sides; messages are bytes."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Dict

import grpc
from grpc import aio

CHAT = "/examples.Chat/Join"

Context = aio.ServicerContext[bytes, bytes]
Call = aio.StreamStreamCall[bytes, bytes]


class Room:
    """Passes what each guest says to all the others."""

    def __init__(self) -> None:
        self._guests: Dict[str, Context] = {}

    async def join(self, lines: AsyncIterator[bytes], context: Context) -> None:
        """Serve one guest: the request stream is what they say, the response stream what they hear."""
        metadata = context.invocation_metadata()
        name = str(metadata["name"]) if metadata else "somebody"
        if name in self._guests:
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, f"there is a {name} here already")
        self._guests[name] = context
        try:
            await self._say(b"* " + name.encode() + b" comes in *", but=None)
            async for line in lines:
                await self._say(name.encode() + b": " + line, but=name)
        finally:
            # At the end of the request stream, and also if the guest has just gone away: then this task is cancelled.
            del self._guests[name]
            await self._say(b"* " + name.encode() + b" leaves *", but=None)

    async def _say(self, line: bytes, but: Any) -> None:
        """Waits for guests who read slowly; a larger chat would give each a queue of their own."""
        for name, context in list(self._guests.items()):
            if name != but:
                await context.write(line)


async def enter(channel: aio.Channel, name: str) -> Call:
    """Begin to chat; returns when the room has said so."""
    call: Call = channel.stream_stream(CHAT)(metadata=(("name", name),))
    await call.read()
    return call


async def converse(channel: aio.Channel) -> None:
    """Two guests, and one who takes the name of another."""
    ali = await enter(channel, "Ali")
    bea = await enter(channel, "Bea")
    print("Ali hears", await ali.read())

    await ali.write(b"hello, Bea")
    print("Bea hears", await bea.read())
    await bea.write(b"hello yourself")
    print("Ali hears", await ali.read())

    try:
        await enter(channel, "Ali")
    except aio.AioRpcError as error:
        print(error)

    await bea.done_writing()
    print("Bea hears the end:", await bea.read() is aio.EOF)
    print("Ali hears", await ali.read())
    ali.cancel()
    print("Ali:", (await ali.code()).name)


async def main() -> None:
    """Serve on a free port, and chat."""
    handler = grpc.stream_stream_rpc_method_handler(Room().join)
    server = aio.server(handlers=[grpc.method_handlers_generic_handler("examples.Chat", {"Join": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await converse(channel)
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(main())
