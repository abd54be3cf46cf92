"""A proxy for unary calls that keeps responses whose server allows it, as an HTTP cache would."""

from __future__ import annotations

import contextlib
from concurrent import futures
from typing import Any, Dict, Iterator, Optional, Tuple

import grpc
from grpc.interop import _rules


class _Proxy(grpc.GenericRpcHandler):
    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._kept: Dict[Tuple[str, bytes], Tuple[Any, bytes]] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Optional[grpc.RpcMethodHandler]:
        method = str(handler_call_details.method)

        def forward(request: bytes, context: grpc.ServicerContext) -> bytes:
            if (method, request) not in self._kept:
                response, call = self._channel.unary_unary(method).with_call(request, timeout=_rules.TIMEOUT)
                initial = tuple(call.initial_metadata())
                assert _rules.CACHE_CONTROL in [(pair[0], pair[1]) for pair in initial]
                self._kept[method, request] = (initial, response)
            initial, response = self._kept[method, request]
            context.send_initial_metadata(initial)
            return response

        return grpc.unary_unary_rpc_method_handler(forward)


@contextlib.contextmanager
def serving(port: int) -> Iterator[int]:
    """Stand before the server of a port; gives the proxy's."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers((_Proxy(channel),))
        proxy = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield proxy
        finally:
            server.stop(None).wait()
