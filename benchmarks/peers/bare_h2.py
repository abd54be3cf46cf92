"""The floor: h2 on a blocking socket and nothing else, with the h2 that ours uses."""

from __future__ import annotations

from benchmarks.entries import Peer, this_python

PEER = Peer(
    name="bare_h2",
    title="h2 and a socket, nothing else",
    interpreter=this_python,
    client="bare_h2_client.py",
    server="bare_h2_server.py",
    workloads=("unary_sequence", "unary_in_flight", "unary_in_flight_1", "unary_in_flight_10"),
)
