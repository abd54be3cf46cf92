"""Script: serves and calls with code that protoc and our plugin generated, on grpcio; says what came of each call.

The generated modules lie in a folder of the Python path.
"""

from __future__ import annotations

import asyncio
import importlib
import warnings
from concurrent import futures
from typing import Any, Dict, Iterator, List

import line_protocol

import grpc

TIMEOUT = 20.0
messages = importlib.import_module("codegen_sample.greeter_pb2")
generated = importlib.import_module("codegen_sample.greeter_pb2_grpc")


class Greeter(generated.GreeterServicer):  # type: ignore[misc, name-defined]
    """Answers in all shapes but one, which it leaves out."""

    def Greet(self, request: Any, context: Any) -> Any:
        """One request, one response."""
        return messages.Greeting(text=f"Hello, {request.text}!")

    def Repeat(self, request: Any, context: Any) -> Iterator[Any]:
        """One request, many responses."""
        for _ in range(request.times):
            yield request

    def Collect(self, request_iterator: Iterator[Any], context: Any) -> Any:
        """Many requests, one response."""
        return messages.Greeting(text=" ".join(request.text for request in request_iterator))


def _requests() -> Iterator[Any]:
    return iter([messages.Greeting(text="a"), messages.Greeting(text="b")])


def _of_a_stub(target: str) -> Dict[str, Any]:
    with grpc.insecure_channel(target) as channel:
        stub = generated.GreeterStub(channel)
        repeated: List[str] = [
            response.text for response in stub.Repeat(messages.Greeting(text="a", times=2), timeout=TIMEOUT)
        ]
        try:
            list(stub.Chat(_requests(), timeout=TIMEOUT))
            left_out = "answered"
        except grpc.RpcError as error:
            left_out = f"{error.code().name}: {error.details()}"
        return {
            "Greet": stub.Greet(messages.Greeting(text="you"), timeout=TIMEOUT).text,
            "Repeat": repeated,
            "Collect": stub.Collect(_requests(), timeout=TIMEOUT).text,
            "Chat": left_out,
        }


def _of_a_single_call(target: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # grpcio says of these functions that they are experimental
        response = generated.Greeter.Greet(messages.Greeting(text="you"), target, insecure=True, timeout=TIMEOUT)
    return str(response.text)


async def _of_an_aio_stub(target: str) -> str:
    async with grpc.aio.insecure_channel(target) as channel:
        response = await generated.GreeterStub(channel).Greet(messages.Greeting(text="you"), timeout=TIMEOUT)
        return str(response.text)


def main() -> None:
    """Serve, call, say."""
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        generated.add_GreeterServicer_to_server(Greeter(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        target = f"127.0.0.1:{port}"
        line_protocol.say(
            {
                "stub": _of_a_stub(target),
                "single call": _of_a_single_call(target),
                "aio stub": asyncio.run(_of_an_aio_stub(target)),
            }
        )
        server.stop(None).wait()


if __name__ == "__main__":
    main()
