"""Script: makes the unary calls it is ordered to with grpclib."""

from __future__ import annotations

import asyncio
from typing import Any, Dict, Optional

import grpclib_codec
import line_protocol
import wire_values
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.const import Status
from grpclib.events import RecvTrailingMetadata, listen
from grpclib.exceptions import GRPCError


class GrpclibCaller:
    """Makes the ordered calls, over one channel until the target changes."""

    def __init__(self) -> None:
        self._target = ""
        self._channel: Optional[Channel] = None
        self._code, self._details = Status.UNKNOWN, ""

    async def call(self, order: Dict[str, Any]) -> wire_values.Answer:
        """Make the ordered call and return the answer."""
        method = UnaryUnaryMethod(self._connected(order["target"]), order["method"], bytes, bytes)
        self._code, self._details = Status.UNKNOWN, ""
        response = None
        metadata = wire_values.decode_pairs(order["metadata"])
        stream = method.open(timeout=order["timeout"], metadata=metadata)
        # Both errors may come from leaving the block as well: grpclib finishes the call there.
        try:
            async with stream:
                await stream.send_message(wire_values.decode_bytes(order["request"]), end=True)
                response = await stream.recv_message()
                await stream.recv_trailing_metadata()
        except GRPCError as error:
            self._code, self._details = error.status, error.message or ""
        except asyncio.TimeoutError:
            self._code = Status.DEADLINE_EXCEEDED
        return wire_values.answer(
            self._code.name,
            self._details,
            (stream.initial_metadata or {}).items(),
            (stream.trailing_metadata or {}).items(),
            response if self._code is Status.OK else None,
        )

    def close(self) -> None:
        """Close the channel, if there is one."""
        if self._channel is not None:
            self._channel.close()
        self._target, self._channel = "", None

    def _connected(self, target: str) -> Channel:
        if self._channel is None or target != self._target:
            self.close()
            host, _, port = target.rpartition(":")
            self._target, self._channel = target, Channel(host, int(port), codec=grpclib_codec.BytesCodec())
            listen(self._channel, RecvTrailingMetadata, self._on_end)
        return self._channel

    async def _on_end(self, event: RecvTrailingMetadata) -> None:
        # The only place where grpclib shows what came with an OK.
        self._code, self._details = event.status, event.status_message or ""


async def main() -> None:
    """Answer each order until stdin closes."""
    caller = GrpclibCaller()
    try:
        while True:
            order = await asyncio.get_running_loop().run_in_executor(None, line_protocol.hear)
            if order is None:
                return
            line_protocol.say(await caller.call(order))
    finally:
        caller.close()


if __name__ == "__main__":
    asyncio.run(main())
