"""Script: what a gRPC server costs that is nothing but h2 on a blocking socket; serves one connection."""

from __future__ import annotations

import socket
import threading
from typing import Dict

import line_protocol
import measuring
import usage
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

# About a dozen calls a read. Reading all 100 at once makes the ends take turns, one idle while the other works through
# the batch: with 64 KiB no round was above 3,900 calls/s on two cores, with this up to 6,900 while both were free.
_READ_BYTES = 2048
_HEADERS = [(":status", "200"), ("content-type", "application/grpc")]
_TRAILERS = [("grpc-status", "0")]


def serve(listener: socket.socket) -> None:
    """Echo every request of the first connection until its client closes it."""
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
    h2.initiate_connection()
    connection.sendall(h2.data_to_send())
    messages: Dict[int, bytearray] = {}
    while data := connection.recv(_READ_BYTES):
        for event in h2.receive_data(data):
            if isinstance(event, RequestReceived):
                messages[event.stream_id] = bytearray()
            elif isinstance(event, DataReceived):
                messages[event.stream_id] += event.data
                h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                # The echoed message keeps the length and the flag it came with.
                h2.send_headers(event.stream_id, _HEADERS)
                h2.send_data(event.stream_id, bytes(messages.pop(event.stream_id)))
                h2.send_headers(event.stream_id, _TRAILERS, end_stream=True)
        connection.sendall(h2.data_to_send())
    connection.close()


def main() -> None:
    """Serve until stdin closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        measuring.say_port(listener.getsockname()[1])
        # In a thread only so that the harness can be answered; it ends with the client, or else with the process.
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        for order in line_protocol.orders():
            usage.answer(order)


if __name__ == "__main__":
    main()
