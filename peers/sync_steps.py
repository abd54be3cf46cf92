"""Calls made step by step on the blocking API; ours or grpcio's, whichever ``grpc`` is at hand."""

from __future__ import annotations

import json
import queue
from typing import Any, Dict, List, Optional

import grpc

try:
    from peers import script_values, security, wire_values
except ImportError:  # in a peer's process this folder itself is what is importable
    import script_values
    import security
    import wire_values

Line = Dict[str, Any]


class _Requests:
    """An iterator of requests that come one by one."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Optional[bytes]] = queue.Queue()

    def __iter__(self) -> _Requests:
        return self

    def __next__(self) -> bytes:
        request = self._queue.get()
        if request is None:
            raise StopIteration
        return request

    def put(self, request: Optional[bytes]) -> None:
        """One more request, or None: there are no more."""
        self._queue.put(request)


class _Call:
    """A call under way."""

    def __init__(self, channel: Any, order: Line) -> None:
        shape = order["shape"]
        multi_callable = getattr(channel, shape)(order["method"])
        self._one_response = shape.endswith("unary")
        self._requests = _Requests()
        settings = {
            "timeout": order["timeout"],
            "metadata": tuple(wire_values.decode_pairs(order["metadata"])),
            "compression": security.compression(order["call_compression"]),
            "wait_for_ready": order["wait_for_ready"],
        }
        begin = multi_callable.future if self._one_response else multi_callable
        if shape.startswith("unary"):
            (recipe,) = order["requests"]
            self._call = begin(script_values.request(recipe), **settings)
        else:
            for recipe in order["requests"]:
                self._requests.put(script_values.request(recipe))
            if order["half_close"]:
                self._requests.put(None)
            self._call = begin(self._requests, **settings)

    def obey(self, order: Line) -> Line:
        """Carry out a step."""
        what = order["do"]
        if what == "send":
            self._requests.put(script_values.request(order["recipe"]))
        elif what == "half-close":
            self._requests.put(None)
        elif what == "cancel":
            self._call.cancel()
        elif what == "receive":
            return self._receive()
        elif what == "initial":
            return {"initial": wire_values.encode_pairs(self._call.initial_metadata())}
        else:
            assert what == "finish", what
            return self._finish()
        return {"ok": True}

    def _receive(self) -> Line:
        try:
            return script_values.seen(next(self._call))
        except (StopIteration, grpc.RpcError):
            return {"end": True}

    def _finish(self) -> Line:
        call = self._call
        responses: List[Line] = []
        if not self._one_response:
            while True:
                response = self._receive()
                if "end" in response:
                    break
                responses.append(response)
        code = call.code()
        if self._one_response and code is grpc.StatusCode.OK:
            responses.append(script_values.seen(call.result()))
        self._requests.put(None)  # should it wait there still
        trailing = call.trailing_metadata()
        return {
            "code": code.name,
            "details": call.details() or "",
            "initial": wire_values.encode_pairs(call.initial_metadata()),
            "trailing": wire_values.encode_pairs(trailing),
            "status_details": script_values.found_status_details(trailing),
            "responses": responses,
        }

    def close(self) -> None:
        """Let go of it."""
        self._requests.put(None)
        self._call.cancel()


class SyncClients:
    """The calls that were ordered, and their channels. For one thread."""

    def __init__(self) -> None:
        self._channels: Dict[str, Any] = {}
        self._calls: Dict[str, _Call] = {}

    def obey(self, order: Line) -> Line:
        """Carry out an order of ``peers.sides`` that is for clients."""
        if order["do"] == "open":
            self._calls[order["tag"]] = _Call(self._channel(order["channel"]), order)
            return {"ok": True}
        return self._calls[order["tag"]].obey(order)

    def close(self) -> None:
        """End all calls, and close all channels."""
        for call in self._calls.values():
            call.close()
        for channel in self._channels.values():
            channel.close()
        self._calls.clear()
        self._channels.clear()

    def _channel(self, spec: Line) -> Any:
        key = json.dumps(spec)
        if key not in self._channels:
            self._channels[key] = security.channel(grpc, spec)
        return self._channels[key]
