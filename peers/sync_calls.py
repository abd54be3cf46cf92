"""Carries out orders for unary calls on the blocking API; ours or grpcio's, whichever ``grpc`` is at hand."""

from __future__ import annotations

from typing import Any, Dict

import grpc

try:
    from peers import wire_values
except ImportError:  # in a peer's process this folder itself is what is importable
    import wire_values


class SyncCaller:
    """Makes the ordered calls, over one channel until the target changes. For one thread; ``close`` when done."""

    def __init__(self) -> None:
        self._target = ""
        self._channel: Any = None

    def call(self, order: Dict[str, Any]) -> wire_values.Answer:
        """Make the ordered call and return the answer; blocks until the call has ended."""
        if order["target"] != self._target:
            self.close()
            self._target, self._channel = order["target"], grpc.insecure_channel(order["target"])
        # No serializers: both libraries then pass bytes through.
        multi_callable = self._channel.unary_unary(order["method"])
        call = multi_callable.future(
            wire_values.decode_bytes(order["request"]),
            timeout=order["timeout"],
            metadata=tuple(wire_values.decode_pairs(order["metadata"])),
        )
        code = call.code()
        response = call.result() if code is grpc.StatusCode.OK else None
        return wire_values.answer(
            code.name, call.details(), call.initial_metadata(), call.trailing_metadata(), response
        )

    def close(self) -> None:
        """Close the channel, if there is one."""
        if self._channel is not None:
            self._channel.close()
        self._target, self._channel = "", None
