"""The four cardinalities, a conversation, cancelling and deadlines; messages are bytes."""

from __future__ import annotations

import itertools
from concurrent import futures
from typing import Iterator

import grpc


def shout(request: bytes, context: grpc.ServicerContext) -> bytes:
    """One request, one response."""
    return request.upper()


def count(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """One request, as many responses as are wanted: the caller's leaving ends the loop."""
    for number in itertools.count(int(request)):
        yield b"%d" % number


def add(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
    """Many requests, one response."""
    return b"%d" % sum(map(int, requests))


def echo(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """Many requests, many responses."""
    for request in requests:
        yield b"you said " + request


def main() -> None:
    """Serve in process, and call."""
    handlers = grpc.method_handlers_generic_handler(
        "examples.Streams",
        {
            "Shout": grpc.unary_unary_rpc_method_handler(shout),
            "Count": grpc.unary_stream_rpc_method_handler(count),
            "Add": grpc.stream_unary_rpc_method_handler(add),
            "Echo": grpc.stream_stream_rpc_method_handler(echo),
        },
    )
    with futures.ThreadPoolExecutor(max_workers=4) as pool:
        server = grpc.server(pool, handlers=[handlers])
        server.start()
        with grpc.inprocess_channel(server) as channel:
            print(channel.unary_unary("/examples.Streams/Shout")(b"hello"))

            numbers = channel.unary_stream("/examples.Streams/Count")(b"5")
            print(list(itertools.islice(numbers, 3)))
            numbers.cancel()
            print(numbers.code().name)

            print(channel.stream_unary("/examples.Streams/Add")(iter([b"1", b"2", b"3"])))
            print(list(channel.stream_stream("/examples.Streams/Echo")(iter([b"one", b"two"]))))

            endless = channel.unary_stream("/examples.Streams/Count")(b"0", timeout=0.05)
            try:
                for _ in endless:
                    pass
            except grpc.RpcError as error:
                print(error)
        server.stop(None)


if __name__ == "__main__":
    main()
