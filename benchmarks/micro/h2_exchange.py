"""What one unary exchange costs in HTTP/2 alone: CPU per side, plain h2 beside the tuned connection.

Run as `python benchmarks/micro/h2_exchange.py [exchanges]`. Client and server are joined in memory; each one's time is
that of its own calls. The two kinds take turns, and the best of all turns counts.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from h2.config import H2Configuration
from h2.connection import H2Connection
from hpack import NeverIndexedHeaderTuple

from grpc._links._h2_tuning import make_connection

REQUEST = (
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/helloworld.Greeter/SayHello"),
    (b":authority", b"localhost:50051"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
    (b"user-agent", b"grpc-python-layered/0.1"),
    (b"grpc-accept-encoding", b"identity, deflate, gzip"),
)
RESPONSE = (
    (b":status", b"200"),
    (b"content-type", b"application/grpc"),
    (b"grpc-accept-encoding", b"identity, deflate, gzip"),
)
TRAILERS = ((b"grpc-status", b"0"),)
PAYLOAD = b"\x00\x00\x00\x00\x64" + b"x" * 100


def plain(client_side: bool) -> H2Connection:
    """Makes the plain connection with the configuration of the tuned one."""
    return H2Connection(
        H2Configuration(
            client_side=client_side,
            header_encoding=False,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
    )


def request_headers(number: int, with_timeout: bool) -> tuple[Any, ...]:
    """Makes the request headers of one exchange, with a timeout that differs from call to call if so asked."""
    if not with_timeout:
        return REQUEST
    timeout = NeverIndexedHeaderTuple(b"grpc-timeout", b"%du" % (9_900_000 + number % 99_999))
    return (*REQUEST[:4], timeout, *REQUEST[4:])


def turn(make: Callable[[bool], H2Connection], exchanges: int, with_timeout: bool) -> tuple[float, float]:
    """Makes a pair, runs the exchanges, and returns the microseconds that an exchange took client and server."""
    client, server = make(True), make(False)
    client.initiate_connection()
    server.initiate_connection()
    for _ in range(3):
        server.receive_data(client.data_to_send())
        client.receive_data(server.data_to_send())
    clock = time.perf_counter_ns
    client_time = server_time = 0
    for number in range(-10, exchanges):
        if not number:
            client_time = server_time = 0
        headers = request_headers(number, with_timeout)
        begin = clock()
        stream_id = client.get_next_available_stream_id()
        client.send_headers(stream_id, headers)
        client.send_data(stream_id, PAYLOAD, end_stream=True)
        request = client.data_to_send()
        middle = clock()
        server.receive_data(request)
        server.acknowledge_received_data(len(PAYLOAD), stream_id)
        server.send_headers(stream_id, RESPONSE)
        server.send_data(stream_id, PAYLOAD)
        server.send_headers(stream_id, TRAILERS, end_stream=True)
        response = server.data_to_send()
        end = clock()
        client.receive_data(response)
        client.acknowledge_received_data(len(PAYLOAD), stream_id)
        server_time += end - middle
        client_time += middle - begin + clock() - end
    return client_time / exchanges / 1000, server_time / exchanges / 1000


def main() -> None:
    """Prints the table."""
    exchanges = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print(f"{'microseconds per exchange':34}{'client':>10}{'server':>10}")
    for with_timeout in (False, True):
        best: dict[str, tuple[float, float]] = {}
        for _ in range(5):
            for name, make in (("plain", plain), ("tuned", make_connection)):
                now = turn(make, exchanges, with_timeout)
                before = best.get(name, now)
                best[name] = (min(now[0], before[0]), min(now[1], before[1]))
        for name, (client, server) in best.items():
            print(
                f"{name + (', varying timeout' if with_timeout else ', equal headers'):34}{client:10.1f}{server:10.1f}"
            )


if __name__ == "__main__":
    main()
