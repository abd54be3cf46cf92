"""The scripted service on the blocking API, in as many servers as are ordered; ours or grpcio's ``grpc``."""

from __future__ import annotations

import itertools
import threading
from concurrent import futures
from typing import Any, Dict, Iterator, List, Optional, Tuple

import grpc

try:
    from peers import calls_log, script_values, security, wire_values
except ImportError:  # in a peer's process this folder itself is what is importable
    import calls_log
    import script_values
    import security
    import wire_values

Line = Dict[str, Any]


class SyncScript:
    """Serves the methods of ``script_values``."""

    def __init__(self, log: calls_log.CallsLog) -> None:
        self._log = log

    def handlers(self) -> Any:
        """The service in the form that servers take."""
        made = {
            "UnaryUnary": grpc.unary_unary_rpc_method_handler(lambda one, context: self._last(iter([one]), context)),
            "UnaryStream": grpc.unary_stream_rpc_method_handler(lambda one, context: self._run(iter([one]), context)),
            "StreamUnary": grpc.stream_unary_rpc_method_handler(self._last),
            "StreamStream": grpc.stream_stream_rpc_method_handler(self._run),
        }
        return grpc.method_handlers_generic_handler(script_values.SERVICE, made)

    def _last(self, requests: Iterator[bytes], context: Any) -> bytes:
        response = b""
        for response in self._run(requests, context):  # noqa: B007  the last one is what is wanted
            pass
        return response

    def _run(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        tag = script_values.tag_of(context.invocation_metadata())
        over = threading.Event()
        context.add_callback(over.set)
        context.add_callback(lambda: self._log.note(tag, "over"))
        self._log.note(tag, "begun")
        try:
            yield from _Run(requests, context, self._log, tag, over).responses()
        finally:
            self._log.note(tag, "left")


class _Run:
    """One call that follows its script."""

    def __init__(
        self, requests: Iterator[bytes], context: Any, log: calls_log.CallsLog, tag: str, over: threading.Event
    ) -> None:
        self._requests = requests
        self._context = context
        self._log = log
        self._tag = tag
        self._over = over
        self._received = 0
        self._trailing: List[Any] = []

    def responses(self) -> Iterator[bytes]:
        """Follow the steps of each request; the responses that they ask for."""
        for request in self._requests:
            self._received += 1
            for step in script_values.steps(request):
                if step[0] in ("status", "leave"):
                    self._end(step)
                    return
                response = self._follow(step, request)
                if response is not None:
                    yield response

    def _end(self, step: List[Any]) -> None:
        if step[0] == "status":
            if len(step) > 3:
                self._trailing.append(script_values.status_details(step[3]))
                self._context.set_trailing_metadata(tuple(self._trailing))
            self._context.set_code(grpc.StatusCode[step[1]])
            self._context.set_details(step[2])

    def _follow(self, step: List[Any], request: bytes) -> Optional[bytes]:
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
            context.send_initial_metadata(tuple(self._asked(wire_values.INITIAL_PREFIX)))
        elif what == "trailing":
            self._trailing.extend(self._asked(wire_values.TRAILING_PREFIX))
            context.set_trailing_metadata(tuple(self._trailing))
        elif what == "compression":
            context.set_compression(grpc.Compression[step[1]])
        elif what == "plain":
            context.disable_next_message_compression()
        elif what == "drain":
            self._received += sum(1 for _ in self._requests)
        elif what == "hold":
            self._log.on_release(self._tag, self._over.set)
            self._log.note(self._tag, "holds")
            self._over.wait()
        else:
            assert what == "cancel", what
            context.cancel()
        return None

    def _asked(self, prefix: str) -> Iterator[Tuple[str, Any]]:
        pairs = ((pair[0], pair[1]) for pair in self._context.invocation_metadata())
        return (pair for pair in pairs if pair[0].startswith(prefix))

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


class SyncServers:
    """The servers that were ordered. From any thread."""

    def __init__(self) -> None:
        self._log = calls_log.CallsLog()
        self._numbers = itertools.count()
        self._servers: Dict[int, Tuple[Any, futures.ThreadPoolExecutor]] = {}
        self._stopped: Dict[int, Any] = {}

    def obey(self, order: Line) -> Line:
        """Carry out an order of ``peers.sides`` that is for servers."""
        what = order["do"]
        if what == "serve":
            return self._serve(order)
        if what == "await":
            return {"ok": self._log.wait(order["tag"], order["what"])}
        if what == "release":
            self._log.release(order["tag"])
            return {"ok": True}
        number = order["server"]
        if what == "stop":
            self._stopped[number] = self._servers[number][0].stop(order["grace"])
            return {"ok": True}
        assert what == "await-stop", what
        # grpcio's event says whether it was set from version 1.25 on, ours always.
        return {"ok": self._stopped[number].wait(script_values.PATIENCE) is not False}

    def close(self) -> None:
        """End them all; returns when their threads are gone."""
        self._log.release_all()
        for server, pool in self._servers.values():
            server.stop(None).wait()
            pool.shutdown()
        self._servers.clear()
        self._log = calls_log.CallsLog()  # the same tags may come again

    def _serve(self, order: Line) -> Line:
        # Hundred calls at once are served at once.
        pool = futures.ThreadPoolExecutor(max_workers=128)
        server = grpc.server(
            pool,
            options=[tuple(option) for option in order["options"]],
            compression=security.compression(order["compression"]),
        )
        server.add_generic_rpc_handlers((SyncScript(self._log).handlers(),))
        port = security.add_port(server, order["address"], order["security"])
        server.start()
        number = next(self._numbers)
        self._servers[number] = (server, pool)
        return {"server": number, "port": port}
