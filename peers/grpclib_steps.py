"""Calls made step by step with grpclib; it knows no options and no compression, and always waits for a connection."""

from __future__ import annotations

import asyncio
import json
import ssl
from typing import Any, Dict, List, Optional

import grpclib_codec
import grpclib_script
import loops  # noqa: TC002  in a peer's process it is no package's
import script_values
import wire_values
from grpclib.client import Channel, StreamStreamMethod, StreamUnaryMethod, UnaryStreamMethod, UnaryUnaryMethod
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

Line = Dict[str, Any]

_METHODS = {
    "unary_unary": UnaryUnaryMethod,
    "unary_stream": UnaryStreamMethod,
    "stream_unary": StreamUnaryMethod,
    "stream_stream": StreamStreamMethod,
}


class _Call:
    """A call under way, in a task of its own, for grpclib wants each call to stay in one."""

    def __init__(self, channel: Channel, order: Line) -> None:
        self._order = order
        self._one_response = order["shape"].endswith("unary")
        method = _METHODS[order["shape"]](channel, order["method"], bytes, bytes)
        metadata = wire_values.decode_pairs(order["metadata"])
        self._stream = method.open(timeout=order["timeout"], metadata=metadata)
        self._steps: asyncio.Queue[Any] = asyncio.Queue()
        self._ended: Optional[Line] = None
        self._half_closed = order["shape"].startswith("unary")
        self._task = asyncio.create_task(self._main())

    async def obey(self, order: Line) -> Line:
        """Carry out a step, or ``begin``."""
        done: asyncio.Future[Line] = asyncio.get_running_loop().create_future()
        self._steps.put_nowait((order, done))
        return await done

    async def _main(self) -> None:
        trouble: List[BaseException] = []
        try:
            async with self._stream:
                while self._ended is None:
                    await self._step(trouble)
        except (GRPCError, StreamTerminatedError, OSError, asyncio.TimeoutError, asyncio.CancelledError) as error:
            # Leaving the block shows grpclib's last word, which it may not have said when the call broke.
            trouble.append(error)
        if self._ended is None:  # nobody waits for its end
            return
        code, details, status_details = self._status(trouble)
        self._done.set_result(
            {
                "code": code.name,
                "details": details,
                "initial": wire_values.encode_pairs((self._stream.initial_metadata or {}).items()),
                "trailing": wire_values.encode_pairs((self._stream.trailing_metadata or {}).items()),
                "status_details": wire_values.encode_bytes(status_details),
                **self._ended,
            }
        )

    async def _step(self, trouble: List[BaseException]) -> None:
        order, done = await self._steps.get()
        if order["do"] == "finish":
            self._done = done
            self._ended = {"responses": []}
            await self._finish(trouble)
            return
        try:
            line = await self._do(order) if not trouble else {"end": True}
        except (GRPCError, StreamTerminatedError, OSError, asyncio.TimeoutError) as error:
            trouble.append(error)
            line = {"end": True}
        done.set_result(line)

    async def _do(self, order: Line) -> Line:
        stream, what = self._stream, order["do"]
        if what == "begin":
            await self._begin()
        elif what == "send":
            await stream.send_message(script_values.request(order["recipe"]))
        elif what == "half-close":
            self._half_closed = True
            await stream.end()
        elif what == "cancel":
            await stream.cancel()
            raise StreamTerminatedError("cancelled here")
        elif what == "initial":
            await stream.recv_initial_metadata()
            return {"initial": wire_values.encode_pairs(stream.initial_metadata.items())}
        else:
            assert what == "receive", what
            response = await stream.recv_message()
            return {"end": True} if response is None else script_values.seen(response)
        return {"ok": True}

    async def _begin(self) -> None:
        requests = self._order["requests"]
        if self._half_closed:
            (recipe,) = requests
            await self._stream.send_message(script_values.request(recipe), end=True)
            return
        await self._stream.send_request()
        for recipe in requests:
            await self._stream.send_message(script_values.request(recipe))
        if self._order["half_close"]:
            self._half_closed = True
            await self._stream.end()

    async def _finish(self, trouble: List[BaseException]) -> None:
        assert self._ended is not None
        if trouble:
            raise trouble[-1]
        while True:
            response = await self._stream.recv_message()
            if response is None:
                break
            self._ended["responses"].append(script_values.seen(response))
        if not self._half_closed:
            await self._stream.end()
        await self._stream.recv_trailing_metadata()

    def _status(self, trouble: List[BaseException]) -> Any:
        if not trouble:
            return Status.OK, "", None
        for error in trouble:
            if isinstance(error, GRPCError):
                return error.status, error.message or "", error.details
        if isinstance(trouble[0], asyncio.TimeoutError):
            return Status.DEADLINE_EXCEEDED, "", None
        # grpclib shows errors of connections as they are.
        broken = isinstance(trouble[0], OSError)
        return Status.UNAVAILABLE if broken else Status.CANCELLED, str(trouble[0]), None

    def close(self) -> None:
        """Let go of it."""
        self._task.cancel()


class GrpclibClients:
    """The calls that were ordered, and their channels, on a loop. Orders come from any thread but the loop's."""

    def __init__(self, loop: loops.LoopThread) -> None:
        self._loop = loop
        self._channels: Dict[str, Channel] = {}
        self._calls: Dict[str, _Call] = {}

    def obey(self, order: Line) -> Line:
        """Carry out an order of ``sides`` that is for clients."""
        return self._loop.run(self._obey(order))

    async def _obey(self, order: Line) -> Line:
        tag = order["tag"]
        if order["do"] == "open":
            self._calls[tag] = _Call(self._channel(order["channel"]), order)
            order = {"do": "begin"}
        return await self._calls[tag].obey(order)

    def close(self) -> None:
        """End all calls, and close all channels."""
        self._loop.run(self._close())

    async def _close(self) -> None:
        for call in self._calls.values():
            call.close()
        for channel in self._channels.values():
            channel.close()
        self._calls.clear()
        self._channels.clear()

    def _channel(self, spec: Line) -> Channel:
        key = json.dumps(spec)
        if key not in self._channels:
            host, _, port = spec["target"].rpartition(":")
            self._channels[key] = Channel(
                host,
                int(port),
                codec=grpclib_codec.BytesCodec(),
                status_details_codec=grpclib_codec.BytesStatusDetailsCodec(),
                ssl=grpclib_script.ssl_context(ssl.Purpose.SERVER_AUTH, spec["security"]),
            )
        return self._channels[key]
