"""A call that lasts until it is let go, a server to hold it and a client to make it; ours or grpcio's ``grpc``.

Both obey orders, so that either can stand in a process of its own (``grpcio_held_server.py`` and
``grpcio_held_client.py``) or be used as an object.
"""

from __future__ import annotations

import threading
from concurrent import futures
from typing import Any, Dict, List, Optional, Tuple

import grpc

_HOLD = "/interop.Held/Hold"
_ECHO = "/interop.Held/Echo"

# What an order may wait for before it is clear that it waits in vain.
_PATIENCE = 15.0

Options = List[Tuple[str, int]]
Line = Dict[str, Any]


class HeldServer:
    """A server with ``Hold``, which returns its request when it is let go, and ``Echo``, which does so at once."""

    def __init__(self, options: Options) -> None:
        """Start on a free port of the loopback interface."""
        self._began = threading.Semaphore(0)
        self._release = threading.Event()
        self._stopped: Optional[Any] = None
        self._pool = futures.ThreadPoolExecutor()
        self._server = grpc.server(self._pool, options=options)
        handlers = {
            "Hold": grpc.unary_unary_rpc_method_handler(self._hold),
            "Echo": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("interop.Held", handlers),))
        self.port: int = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def _hold(self, request: bytes, context: Any) -> bytes:
        over = self._release
        context.add_callback(over.set)  # a call that ends in another way is not held either
        self._began.release()
        over.wait()
        return request

    def obey(self, order: Line) -> Line:
        """Carry out an order, ``{"do": ...}``:

        * ``await-call``: return when a call of ``Hold`` has begun.
        * ``stop``: begin to stop with ``grace`` seconds.
        * ``release``: let the calls of ``Hold`` go.
        * ``await-stop``: return when the server has stopped.
        """
        what = order["do"]
        if what == "await-call":
            return {"ok": self._began.acquire(timeout=_PATIENCE)}
        if what == "stop":
            self._stopped = self._server.stop(order["grace"])
            return {"ok": True}
        if what == "release":
            self._release.set()
            return {"ok": True}
        assert what == "await-stop"
        assert self._stopped is not None
        # grpcio's event says whether it was set from version 1.25 on, ours always.
        return {"ok": self._stopped.wait(_PATIENCE) is not False}

    def close(self) -> None:
        """End it; returns when its threads are gone."""
        self._release.set()
        self._server.stop(None).wait()
        self._pool.shutdown()


class HeldClient:
    """A channel with at most one call of ``Hold`` under way."""

    def __init__(self, target: str, options: Options) -> None:
        self._channel = grpc.insecure_channel(target, options=options)
        self._hold = self._channel.unary_unary(_HOLD)
        self._echo = self._channel.unary_unary(_ECHO)
        self._call: Optional[Any] = None

    def obey(self, order: Line) -> Line:
        """Carry out an order, ``{"do": ...}``:

        * ``begin``: call ``Hold``, with a ``timeout`` if one is given.
        * ``end``: wait for that call, and tell its code and details.
        * ``echo``: call ``Echo``, and tell the same.
        """
        what = order["do"]
        if what == "begin":
            self._call = self._hold.future(b"held", timeout=order.get("timeout"))
            return {"ok": True}
        if what == "end":
            call = self._call
        else:
            assert what == "echo"
            call = self._echo.future(b"echo", timeout=_PATIENCE)
        assert call is not None
        return {"code": call.code().name, "details": call.details()}

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()
