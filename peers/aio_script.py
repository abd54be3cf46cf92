"""The scripted service on the asynchronous API, in as many servers as are ordered; ours or grpcio's ``grpc.aio``."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, AsyncIterator, Dict, Iterator, List, Optional, Tuple

import grpc
import grpc.aio

try:
    from peers import calls_log, loops, script_values, security, wire_values
except ImportError:  # in a peer's process this folder itself is what is importable
    import calls_log
    import loops  # noqa: TC002  in a peer's process it is no package's
    import script_values
    import security
    import wire_values

Line = Dict[str, Any]


async def _only(request: bytes) -> AsyncIterator[bytes]:
    yield request


class AioScript:
    """Serves the methods of ``script_values``, except that a call cannot ``cancel`` itself there."""

    def __init__(self, log: calls_log.CallsLog) -> None:
        self._log = log

    def handlers(self) -> Any:
        """The service in the form that servers take."""
        made = {
            "UnaryUnary": grpc.unary_unary_rpc_method_handler(self._unary_unary),
            "UnaryStream": grpc.unary_stream_rpc_method_handler(self._unary_stream),
            "StreamUnary": grpc.stream_unary_rpc_method_handler(self._last),
            "StreamStream": grpc.stream_stream_rpc_method_handler(self._run),
        }
        return grpc.method_handlers_generic_handler(script_values.SERVICE, made)

    async def _unary_unary(self, request: bytes, context: Any) -> bytes:
        return await self._last(_only(request), context)

    async def _unary_stream(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        async for response in self._run(_only(request), context):
            yield response

    async def _last(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        response = b""
        async for response in self._run(requests, context):  # noqa: B007  the last one is what is wanted
            pass
        return response

    async def _run(self, requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        tag = script_values.tag_of(tuple(context.invocation_metadata()))
        context.add_done_callback(lambda _: self._log.note(tag, "over"))
        self._log.note(tag, "begun")
        try:
            async for response in _Run(requests, context, self._log, tag).responses():
                yield response
        finally:
            self._log.note(tag, "left")


class _Run:
    """One call that follows its script."""

    def __init__(self, requests: AsyncIterator[bytes], context: Any, log: calls_log.CallsLog, tag: str) -> None:
        self._requests = requests
        self._context = context
        self._log = log
        self._tag = tag
        self._received = 0
        self._trailing: List[Any] = []

    async def responses(self) -> AsyncIterator[bytes]:
        """Follow the steps of each request; the responses that they ask for."""
        async for request in self._requests:
            self._received += 1
            for step in script_values.steps(request):
                if step[0] in ("status", "leave"):
                    self._end(step)
                    return
                response = await self._follow(step, request)
                if response is not None:
                    yield response

    def _end(self, step: List[Any]) -> None:
        if step[0] == "status":
            if len(step) > 3:
                self._trailing.append(script_values.status_details(step[3]))
                self._context.set_trailing_metadata(tuple(self._trailing))
            self._context.set_code(grpc.StatusCode[step[1]])
            self._context.set_details(step[2])

    async def _follow(self, step: List[Any], request: bytes) -> Optional[bytes]:
        what, context = step[0], self._context
        if what == "send":
            return str(step[1]).encode()
        if what == "fill":
            return script_values.filler(step[1])
        if what == "return":
            return request
        if what == "tell":
            return self._fact(step[1]).encode()
        if what == "initial":
            await context.send_initial_metadata(tuple(self._asked(wire_values.INITIAL_PREFIX)))
        elif what == "trailing":
            self._trailing.extend(self._asked(wire_values.TRAILING_PREFIX))
            context.set_trailing_metadata(tuple(self._trailing))
        elif what == "compression":
            context.set_compression(grpc.Compression[step[1]])
        elif what == "plain":
            context.disable_next_message_compression()
        elif what == "drain":
            async for _ in self._requests:
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

    def _asked(self, prefix: str) -> Iterator[Tuple[str, Any]]:
        return ((key, value) for key, value in self._context.invocation_metadata() if key.startswith(prefix))

    def _fact(self, fact: str) -> str:
        context = self._context
        if fact == "remaining":
            left = context.time_remaining()
            return "none" if left is None else repr(left)
        if fact == "peer":
            return str(context.peer())
        if fact == "identity":
            identities = context.peer_identities()
            return script_values.identity_text(
                context.peer_identity_key(), None if identities is None else list(identities)
            )
        assert fact == "received", fact
        return str(self._received)


class AioServers:
    """The servers that were ordered, on a loop. Orders come from any thread but the loop's."""

    def __init__(self, loop: loops.LoopThread) -> None:
        self._loop = loop
        self._log = calls_log.CallsLog()
        self._numbers = itertools.count()
        self._servers: Dict[int, Any] = {}
        self._stopped: Dict[int, asyncio.Task[None]] = {}

    def obey(self, order: Line) -> Line:
        """Carry out an order of ``peers.sides`` that is for servers."""
        what = order["do"]
        if what == "await":
            return {"ok": self._log.wait(order["tag"], order["what"])}
        if what == "release":
            self._log.release(order["tag"])
            return {"ok": True}
        return self._loop.run(self._obey(order))

    async def _obey(self, order: Line) -> Line:
        what = order["do"]
        if what == "serve":
            return await self._serve(order)
        number = order["server"]
        if what == "stop":
            self._stopped[number] = asyncio.create_task(self._servers[number].stop(order["grace"]))
            await asyncio.sleep(0)  # so that it has begun
            return {"ok": True}
        assert what == "await-stop", what
        await asyncio.wait_for(self._stopped[number], script_values.PATIENCE)
        return {"ok": True}

    def close(self) -> None:
        """End them all."""
        self._log.release_all()
        self._loop.run(self._close())
        self._log = calls_log.CallsLog()  # the same tags may come again

    async def _close(self) -> None:
        for server in self._servers.values():
            await server.stop(None)
        self._servers.clear()

    async def _serve(self, order: Line) -> Line:
        server = grpc.aio.server(
            options=[tuple(option) for option in order["options"]],
            compression=security.compression(order["compression"]),
        )
        server.add_generic_rpc_handlers((AioScript(self._log).handlers(),))
        port = security.add_port(server, order["address"], order["security"])
        await server.start()
        number = next(self._numbers)
        self._servers[number] = server
        return {"server": number, "port": port}
