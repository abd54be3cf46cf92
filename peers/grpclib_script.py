"""The scripted service with grpclib, in as many servers as are ordered; it knows no options and no compression."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import ssl
import tempfile
from typing import Any, Dict, List, Optional

import calls_log
import grpclib_codec
import loops  # noqa: TC002  in a peer's process it is no package's
import script_values
import wire_values
from grpclib.const import Cardinality, Handler, Status
from grpclib.server import Server

Line = Dict[str, Any]

_CARDINALITIES = {
    "UnaryUnary": Cardinality.UNARY_UNARY,
    "UnaryStream": Cardinality.UNARY_STREAM,
    "StreamUnary": Cardinality.STREAM_UNARY,
    "StreamStream": Cardinality.STREAM_STREAM,
}


def ssl_context(purpose: ssl.Purpose, pems: Optional[Dict[str, str]]) -> Optional[ssl.SSLContext]:
    """The context for a side's security, as ``security`` describes it; None for none."""
    if pems is None:
        return None
    context = ssl.create_default_context(purpose, cadata=pems.get("roots"))
    context.set_alpn_protocols(["h2"])
    if purpose is ssl.Purpose.CLIENT_AUTH and "roots" in pems:
        context.verify_mode = ssl.CERT_REQUIRED
    if "key" in pems:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(pems["key"] + pems["chain"])
            file.flush()
            context.load_cert_chain(file.name)
    return context


class GrpclibScript:
    """The methods of ``script_values``, in the form that grpclib takes."""

    def __init__(self, log: calls_log.CallsLog) -> None:
        self._log = log

    def __mapping__(self) -> Dict[str, Handler]:
        return {
            f"/{script_values.SERVICE}/{name}": Handler(self._handler(cardinality), cardinality, bytes, bytes)
            for name, cardinality in _CARDINALITIES.items()
        }

    def _handler(self, cardinality: Cardinality) -> Any:
        async def handle(stream: Any) -> None:
            tag = script_values.tag_of(list(stream.metadata.items()))
            self._log.note(tag, "begun")
            try:
                await _Run(stream, self._log, tag, cardinality).follow()
            except asyncio.CancelledError:  # so it is told that the call is over
                self._log.note(tag, "over")
                raise
            finally:
                self._log.note(tag, "left")

        return handle


class _Run:
    """One call that follows its script."""

    def __init__(self, stream: Any, log: calls_log.CallsLog, tag: str, cardinality: Cardinality) -> None:
        self._stream = stream
        self._log = log
        self._tag = tag
        self._one_response = not cardinality.server_streaming
        self._last: Optional[bytes] = None
        self._received = 0
        self._trailing: List[Any] = []

    async def follow(self) -> None:
        """Follow the steps of each request, and end the call."""
        async for request in self._stream:
            self._received += 1
            for step in script_values.steps(request):
                if step[0] in ("status", "leave", "cancel"):
                    await self._end(step)
                    return
                response = await self._follow(step, request)
                if response is None:
                    continue
                if self._one_response:
                    self._last = response
                else:
                    await self._stream.send_message(response)
        await self._end(["leave"])

    async def _end(self, step: List[Any]) -> None:
        if step[0] == "cancel":
            await self._stream.cancel()
            return
        status: Dict[str, Any] = {"status": Status.OK}
        if step[0] == "status":
            status = {"status": Status[step[1]], "status_message": step[2]}
            if len(step) > 3:
                status["status_details"] = base64.b64decode(step[3])
        elif self._one_response:
            await self._stream.send_message(self._last or b"")
        await self._stream.send_trailing_metadata(metadata=self._trailing, **status)

    async def _follow(self, step: List[Any], request: bytes) -> Optional[bytes]:
        what = step[0]
        if what == "send":
            return str(step[1]).encode()
        if what == "fill":
            return script_values.filler(step[1])
        if what == "return":
            return request
        if what == "tell":
            return self._fact(step[1]).encode()
        if what == "initial":
            await self._stream.send_initial_metadata(metadata=self._asked(wire_values.INITIAL_PREFIX))
        elif what == "trailing":
            self._trailing.extend(self._asked(wire_values.TRAILING_PREFIX))
        elif what == "drain":
            async for _ in self._stream:
                self._received += 1
        else:
            assert what == "hold", what
            await self._hold()
        return None

    async def _hold(self) -> None:
        released = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._log.on_release(self._tag, lambda: loop.call_soon_threadsafe(released.set))
        self._log.note(self._tag, "holds")
        await released.wait()

    def _asked(self, prefix: str) -> wire_values.Pairs:
        return [(key, value) for key, value in self._stream.metadata.items() if key.startswith(prefix)]

    def _fact(self, fact: str) -> str:
        if fact == "remaining":
            deadline = self._stream.deadline
            return "none" if deadline is None else repr(deadline.time_remaining())
        if fact == "peer":
            return str(self._stream.peer.addr())
        if fact == "identity":
            certificate = self._stream.peer.cert()
            names = [] if certificate is None else [value for _, value in certificate["subjectAltName"]]
            return script_values.identity_text(None, [name.encode() for name in names])
        assert fact == "received", fact
        return str(self._received)


class GrpclibServers:
    """The servers that were ordered, on a loop. Orders come from any thread but the loop's."""

    def __init__(self, loop: loops.LoopThread) -> None:
        self._loop = loop
        self._log = calls_log.CallsLog()
        self._numbers = itertools.count()
        self._servers: Dict[int, Server] = {}

    def obey(self, order: Line) -> Line:
        """Carry out an order of ``sides`` that is for servers; ``grace`` is nothing that grpclib knows."""
        what = order["do"]
        if what == "await":
            return {"ok": self._log.wait(order["tag"], order["what"])}
        if what == "release":
            self._log.release(order["tag"])
            return {"ok": True}
        return self._loop.run(self._obey(order))

    async def _obey(self, order: Line) -> Line:
        if order["do"] == "serve":
            return await self._serve(order)
        server = self._servers[order["server"]]
        if order["do"] == "stop":
            server.close()
        else:
            await server.wait_closed()
        return {"ok": True}

    def close(self) -> None:
        """End them all."""
        self._log.release_all()
        self._loop.run(self._close())
        self._log = calls_log.CallsLog()  # the same tags may come again

    async def _close(self) -> None:
        for server in self._servers.values():
            with contextlib.suppress(RuntimeError):  # it has been stopped
                server.close()
            await server.wait_closed()
        self._servers.clear()

    async def _serve(self, order: Line) -> Line:
        server = Server(
            [GrpclibScript(self._log)],
            codec=grpclib_codec.BytesCodec(),
            status_details_codec=grpclib_codec.BytesStatusDetailsCodec(),
        )
        host, _, port = order["address"].rpartition(":")
        await server.start(host, int(port), ssl=ssl_context(ssl.Purpose.CLIENT_AUTH, order["security"]))
        number = next(self._numbers)
        self._servers[number] = server
        # grpclib does not tell the port that the system chose, its asyncio server does.
        return {"server": number, "port": server._server.sockets[0].getsockname()[1]}
