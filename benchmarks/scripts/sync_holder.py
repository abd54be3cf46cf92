"""Connections and idle streams kept open by the blocking API; ours or grpcio's, whichever ``grpc`` there is."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Dict, List, Mapping

import messages
from measuring import Stopwatch, now

import grpc

if TYPE_CHECKING:
    from measuring import Driver


def drivers(target: str) -> Dict[str, Driver]:
    """Return the drivers that keep what they open, and the one that lets go of it."""
    channels: List[Any] = []
    holding: List[Any] = []
    streams: List[Any] = []

    def connections(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        payload = bytes(parameters["payload_bytes"])
        for _ in range(parameters["count"]):
            started = now()
            channel = grpc.insecure_channel(target, options=messages.OWN_CONNECTION)
            channels.append(channel)
            stopwatch.done(started, channel.unary_unary(messages.method("Echo"))(payload) == payload)

    def idle_streams(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        while len(holding) < parameters["connections"]:
            holding.append(grpc.insecure_channel(target, options=messages.OWN_CONNECTION))
        starts = [channel.unary_stream(messages.method("Hold")) for channel in holding]
        # Not waited for here: a blocking server greets only on as many as its pool has threads.
        streams.extend(start(b"") for start in itertools.islice(itertools.cycle(starts), parameters["count"]))
        stopwatch.count(parameters["count"], True)

    def release(parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        for stream in streams:
            stream.cancel()
        for channel in [*channels, *holding]:
            channel.close()
        for kept in (streams, channels, holding):
            kept.clear()

    return {"connections": connections, "idle_streams": idle_streams, "release": release}
