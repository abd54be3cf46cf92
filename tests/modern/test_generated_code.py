"""Code that grpcio-tools generated runs unchanged, whatever its age."""

from __future__ import annotations

import importlib
from concurrent import futures
from typing import Any, Iterator

import pytest

import grpc
from tests.modern.conftest import failure_of
from tests.modern.generated.greeter_pb2 import Greeting

AGES = ["1_7", "1_49", "1_85"]


@pytest.fixture(params=AGES)
def generated(request: pytest.FixtureRequest) -> Any:
    """The module that a generator of that version wrote."""
    return importlib.import_module(f"tests.modern.generated.grpc_{request.param}")


def servicer_of(generated: Any) -> Any:
    class Greeter(generated.GreeterServicer):  # type: ignore[misc]
        def Greet(self, request: Any, context: grpc.ServicerContext) -> Any:
            return Greeting(text=f"Hello, {request.text}!")

        def Repeat(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            for _ in range(request.times):
                yield Greeting(text=request.text)

        def Collect(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Any:
            return Greeting(text=" ".join(request.text for request in request_iterator))

    return Greeter()


@pytest.fixture
def stub(generated: Any) -> Iterator[Any]:
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        generated.add_GreeterServicer_to_server(servicer_of(generated), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield generated.GreeterStub(channel)
        server.stop(None)


def test_a_unary_call(stub: Any) -> None:
    assert stub.Greet(Greeting(text="you"), timeout=10).text == "Hello, you!"


def test_many_responses(stub: Any) -> None:
    assert [answer.text for answer in stub.Repeat(Greeting(text="a", times=3), timeout=10)] == ["a"] * 3


def test_many_requests(stub: Any) -> None:
    assert stub.Collect(iter([Greeting(text="a"), Greeting(text="b")]), timeout=10).text == "a b"


def test_a_method_that_the_servicer_leaves_out_is_unimplemented(stub: Any) -> None:
    error = failure_of(lambda: list(stub.Chat(iter([Greeting()]), timeout=10)))
    assert (error.code(), error.details()) == (grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")


@pytest.mark.parametrize("age", ["1_49", "1_85"])
def test_the_single_call_functions(age: str) -> None:
    generated = importlib.import_module(f"tests.modern.generated.grpc_{age}")
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        generated.add_GreeterServicer_to_server(servicer_of(generated), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        target = f"127.0.0.1:{port}"
        greeter = generated.Greeter
        assert greeter.Greet(Greeting(text="you"), target, insecure=True).text == "Hello, you!"
        assert [a.text for a in greeter.Repeat(Greeting(text="a", times=2), target, insecure=True)] == ["a", "a"]
        assert greeter.Collect(iter([Greeting(text="a")]), target, insecure=True).text == "a"
        error = failure_of(lambda: list(greeter.Chat(iter([]), target, insecure=True)))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        grpc.experimental.close_channels()
        server.stop(None)
