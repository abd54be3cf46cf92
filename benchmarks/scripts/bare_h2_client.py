"""Script: what a gRPC client costs that is nothing but h2 on a blocking socket.

h2 with its default settings, the headers and framing of real calls, and no more: no deadlines, no checks, no threads.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any, Dict, Mapping

import measuring
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded, StreamReset
from measuring import Stopwatch, now

# About a dozen calls a read. Reading all 100 at once makes the ends take turns, one idle while the other works through
# the batch: with 64 KiB no round was above 3,900 calls/s on two cores, with this up to 6,900 while both were free.
_READ_BYTES = 2048


class Client:
    """One connection; the drivers differ only in how many streams they keep open."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._h2.initiate_connection()
        self._socket.sendall(self._h2.data_to_send())
        self._headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/bench.Bench/Echo"),
            (":authority", f"127.0.0.1:{port}"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", "bare-h2/1"),
            ("grpc-accept-encoding", "identity, deflate, gzip"),
        ]

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def unary_sequence(self, parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        """Keep one stream open."""
        self._keep_open(1, parameters["payload_bytes"], stopwatch)

    def unary_in_flight(self, parameters: Mapping[str, Any], stopwatch: Stopwatch) -> None:
        """Keep so many streams open; 100 is what both ends of h2 allow by default."""
        self._keep_open(parameters["in_flight"], parameters["payload_bytes"], stopwatch)

    def _keep_open(self, streams: int, payload_bytes: int, stopwatch: Stopwatch) -> None:
        h2, message = self._h2, struct.pack(">BI", 0, payload_bytes) + bytes(payload_bytes)
        started: Dict[int, int] = {}
        received: Dict[int, bytes] = {}  # so short an answer comes as one frame

        def start() -> None:
            stream = h2.get_next_available_stream_id()
            started[stream] = now()
            h2.send_headers(stream, self._headers)
            h2.send_data(stream, message, end_stream=True)

        for _ in range(streams):
            start()
        self._socket.sendall(h2.data_to_send())
        while started:
            data = self._socket.recv(_READ_BYTES)
            if not data:
                raise ConnectionError("the server has closed the connection")
            for event in h2.receive_data(data):
                if isinstance(event, DataReceived):
                    received[event.stream_id] = event.data
                    h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded):
                    stopwatch.done(started.pop(event.stream_id), received.pop(event.stream_id, b"") == message)
                    if not stopwatch.over():
                        start()
                elif isinstance(event, StreamReset):
                    raise ConnectionError(f"{event!r}")
            self._socket.sendall(h2.data_to_send())


def main(port: str) -> None:
    """Connect to ``port`` and obey the harness."""
    client = Client(int(port))
    measuring.obey_client({"unary_sequence": client.unary_sequence, "unary_in_flight": client.unary_in_flight})
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
