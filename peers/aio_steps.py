"""Calls made step by step on the asynchronous API; ours or grpcio's ``grpc.aio``, whichever is at hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Dict, List

import grpc
import grpc.aio

try:
    from peers import loops, script_values, security, wire_values
except ImportError:  # in a peer's process this folder itself is what is importable
    import loops  # noqa: TC002  in a peer's process it is no package's
    import script_values
    import security
    import wire_values

Line = Dict[str, Any]

# What writing to a call raises that is over, in one library or the other.
_OVER = (grpc.RpcError, asyncio.InvalidStateError, asyncio.CancelledError)


class _Call:
    """A call under way; requests are written and responses read, no iterators."""

    def __init__(self, channel: Any, order: Line) -> None:
        shape = order["shape"]
        multi_callable = getattr(channel, shape)(order["method"])
        self._one_response = shape.endswith("unary")
        self._one_request = shape.startswith("unary")
        self._over = False
        settings = {
            "timeout": order["timeout"],
            "metadata": tuple(wire_values.decode_pairs(order["metadata"])),
            "compression": security.compression(order["call_compression"]),
            "wait_for_ready": order["wait_for_ready"],
        }
        if self._one_request:
            (recipe,) = order["requests"]
            self._call = multi_callable(script_values.request(recipe), **settings)
        else:
            self._call = multi_callable(**settings)

    async def begin(self, order: Line) -> None:
        """Send what is known already."""
        if not self._one_request:
            for recipe in order["requests"]:
                await self._send(recipe)
            if order["half_close"]:
                await self._half_close()

    async def obey(self, order: Line) -> Line:
        """Carry out a step."""
        what = order["do"]
        if what == "send":
            await self._send(order["recipe"])
        elif what == "half-close":
            await self._half_close()
        elif what == "cancel":
            self._call.cancel()
        elif what == "receive":
            return await self._receive()
        elif what == "initial":
            return {"initial": wire_values.encode_pairs(await self._call.initial_metadata())}
        else:
            assert what == "finish", what
            return await self._finish()
        return {"ok": True}

    async def _send(self, recipe: Line) -> None:
        # A call that is over takes no more, which its status tells.
        with contextlib.suppress(*_OVER):
            await self._call.write(script_values.request(recipe))

    async def _half_close(self) -> None:
        with contextlib.suppress(*_OVER):
            await self._call.done_writing()

    async def _receive(self) -> Line:
        try:
            response = grpc.aio.EOF if self._over else await self._call.read()
        except (grpc.RpcError, asyncio.CancelledError):
            response = grpc.aio.EOF
        if response is grpc.aio.EOF:
            self._over = True
            return {"end": True}
        return script_values.seen(response)

    async def _finish(self) -> Line:
        call = self._call
        responses: List[Line] = []
        if not self._one_response:
            while True:
                response = await self._receive()
                if "end" in response:
                    break
                responses.append(response)
        code = await call.code()
        if self._one_response and code is grpc.StatusCode.OK:
            responses.append(script_values.seen(await call))
        trailing = tuple(await call.trailing_metadata() or ())
        return {
            "code": code.name,
            "details": await call.details() or "",
            "initial": wire_values.encode_pairs(await call.initial_metadata()),
            "trailing": wire_values.encode_pairs(trailing),
            "status_details": script_values.found_status_details(trailing),
            "responses": responses,
        }

    def close(self) -> None:
        """Let go of it."""
        self._call.cancel()


class AioClients:
    """The calls that were ordered, and their channels, on a loop. Orders come from any thread but the loop's."""

    def __init__(self, loop: loops.LoopThread) -> None:
        self._loop = loop
        self._channels: Dict[str, Any] = {}
        self._calls: Dict[str, _Call] = {}

    def obey(self, order: Line) -> Line:
        """Carry out an order of ``peers.sides`` that is for clients."""
        return self._loop.run(self._obey(order))

    async def _obey(self, order: Line) -> Line:
        if order["do"] == "open":
            call = self._calls[order["tag"]] = _Call(self._channel(order["channel"]), order)
            await call.begin(order)
            return {"ok": True}
        return await self._calls[order["tag"]].obey(order)

    def close(self) -> None:
        """End all calls, and close all channels."""
        self._loop.run(self._close())

    async def _close(self) -> None:
        for call in self._calls.values():
            call.close()
        for channel in self._channels.values():
            await channel.close()
        self._calls.clear()
        self._channels.clear()

    def _channel(self, spec: Line) -> Any:
        key = json.dumps(spec)
        if key not in self._channels:
            self._channels[key] = security.channel(grpc.aio, spec)
        return self._channels[key]
