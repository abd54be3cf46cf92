"""The streaming drivers of the blocking API; ours or grpcio's, whichever ``grpc`` the interpreter finds."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Dict, Iterable, Mapping

import messages

if TYPE_CHECKING:
    from measuring import Driver, Stopwatch


def same(received: Iterable[bytes], payload: bytes) -> int:
    """Return how many messages came, all equal to ``payload``; -1 when one differs."""
    count = 0
    for message in received:
        if message != payload:
            return -1
        count += 1
    return count


def drivers(channel: Any) -> Dict[str, Driver]:
    """Return the drivers, which run one stream after another."""
    send = channel.unary_stream(messages.method("Send"))
    collect = channel.stream_unary(messages.method("Collect"))
    bidi = channel.stream_stream(messages.method("Bidi"))

    def server_streaming(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        count, payload = parameters["messages"], bytes(parameters["payload_bytes"])
        while not stopwatch.over():
            stopwatch.count(count, same(send(messages.encode_pair(count, len(payload))), payload) == count)

    def client_streaming(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        count, payload = parameters["messages"], bytes(parameters["payload_bytes"])
        wanted = messages.encode_pair(count, count * len(payload))
        while not stopwatch.over():
            stopwatch.count(count, collect(itertools.repeat(payload, count)) == wanted)

    def bidi_streaming(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        count, payload = parameters["messages"], bytes(parameters["payload_bytes"])
        while not stopwatch.over():
            stopwatch.count(count, same(bidi(itertools.repeat(payload, count)), payload) == count)

    return {
        "server_streaming": server_streaming,
        "client_streaming": client_streaming,
        "bidi_streaming": bidi_streaming,
    }
