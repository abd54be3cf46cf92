"""Code that grpcio-tools generated runs unchanged on the asynchronous API, whatever its age."""

from __future__ import annotations

import importlib
from typing import Any, AsyncIterator

import pytest

import grpc
from grpc import aio
from tests.aio.conftest import Run, failure_of
from tests.modern.generated.greeter_pb2 import Greeting


@pytest.mark.parametrize("age", ["1_7", "1_49", "1_85"])
def test_stubs_and_servicers_work(run: Run, age: str) -> None:
    generated: Any = importlib.import_module(f"tests.modern.generated.grpc_{age}")

    class Greeter(generated.GreeterServicer):  # type: ignore[misc]
        async def Greet(self, request: Any, context: Any) -> Any:
            return Greeting(text=f"Hello, {request.text}!")

        async def Repeat(self, request: Any, context: Any) -> AsyncIterator[Any]:
            for _ in range(request.times):
                yield Greeting(text=request.text)

        def Collect(self, request_iterator: Any, context: Any) -> Any:
            return Greeting(text=" ".join(request.text for request in request_iterator))

    async def main() -> None:
        server = aio.server()
        generated.add_GreeterServicer_to_server(Greeter(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = generated.GreeterStub(channel)
            assert (await stub.Greet(Greeting(text="you"))).text == "Hello, you!"
            repeated = stub.Repeat(Greeting(text="a", times=3))
            assert [answer.text async for answer in repeated] == ["a"] * 3
            assert (await stub.Collect([Greeting(text="a"), Greeting(text="b")])).text == "a b"
            # What a servicer leaves out is a plain function, which sets a status and raises.
            error = await failure_of(stub.Chat(iter([Greeting()])).read())
            assert (error.code(), error.details()) == (grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")
        await server.stop(None)

    run(main())
