"""protoc runs the installed plugin, and what it gives runs: each shape, by each API."""

from __future__ import annotations

import ast
import asyncio
import importlib
import sys
from concurrent import futures
from typing import TYPE_CHECKING, Any, AsyncIterator, Iterator, List

import pytest

import grpc
import grpc.aio
import grpc.experimental
from grpc.beta import implementations
from tests.codegen import protoc

if TYPE_CHECKING:
    import pathlib

pytestmark = pytest.mark.slow

TIMEOUT = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pathlib.Path]:
    """Where everything is that protoc makes of the samples; for as long as these tests run it can be imported."""
    folder = tmp_path_factory.mktemp("generated")
    protoc.generate(folder)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == "codegen_sample"]:
        del sys.modules[name]


@pytest.fixture
def generated(folder: pathlib.Path) -> Any:
    return importlib.import_module("codegen_sample.greeter_pb2_grpc")


@pytest.fixture
def greeting(folder: pathlib.Path) -> Any:
    """The message class."""
    return importlib.import_module("codegen_sample.greeter_pb2").Greeting


def texts(messages: Any) -> List[str]:
    return [message.text for message in messages]


# ------------------------------------------------------------ what protoc gets


def test_protoc_gets_a_module_and_its_types_for_each_file(folder: pathlib.Path) -> None:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*_grpc.py*")}
    stems = ["greeter", "plain", "odd_names/more/types", "odd_names/service"]
    assert found == {f"codegen_sample/{stem}_pb2_grpc.{suffix}" for stem in stems for suffix in ("py", "pyi")}
    for path in folder.rglob("*_grpc.py*"):
        ast.parse(path.read_text(encoding="utf-8"))


def test_comments_come_out_as_they_went_in(generated: Any) -> None:
    assert generated.GreeterStub.__doc__.splitlines()[0] == (
        'Greets; a "quote", a \\ and """three quotes""" stand here for the generator.'
    )
    assert generated.GreeterServicer.Repeat.__doc__ == 'Many responses: "so many"'
    assert generated.GreeterServicer.Collect.__doc__.split() == ["Many", "requests,", "one", "response."]


def test_protoc_shows_what_is_wrong_with_a_parameter(tmp_path: pathlib.Path) -> None:
    process = protoc.run(f"--grpc_python_out=betta:{tmp_path}", "codegen_sample/greeter.proto")
    assert process.returncode != 0
    assert "unknown parameter 'betta': this plugin knows 'beta' and 'pyi'" in process.stderr
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------ today's API


@pytest.fixture
def servicer(generated: Any, greeting: Any) -> Any:
    class Greeter(generated.GreeterServicer):  # type: ignore[misc]
        def Greet(self, request: Any, context: Any) -> Any:
            return greeting(text=f"Hello, {request.text}!")

        def Repeat(self, request: Any, context: Any) -> Iterator[Any]:
            for _ in range(request.times):
                yield greeting(text=request.text)

        def Collect(self, request_iterator: Iterator[Any], context: Any) -> Any:
            return greeting(text=" ".join(texts(request_iterator)))

        def Chat(self, request_iterator: Iterator[Any], context: Any) -> Iterator[Any]:
            for request in request_iterator:
                yield greeting(text=request.text.upper())

    return Greeter()


@pytest.fixture
def target(generated: Any, servicer: Any) -> Iterator[str]:
    """Where a server of today's API serves the servicer."""
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        generated.add_GreeterServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield f"127.0.0.1:{port}"
        server.stop(None).wait()


def test_a_stub_calls_methods_of_every_shape(generated: Any, greeting: Any, target: str) -> None:
    with grpc.insecure_channel(target) as channel:
        stub = generated.GreeterStub(channel)
        assert stub.Greet(greeting(text="you"), timeout=TIMEOUT).text == "Hello, you!"
        assert texts(stub.Repeat(greeting(text="a", times=2), timeout=TIMEOUT)) == ["a", "a"]
        requests = [greeting(text="a"), greeting(text="b")]
        assert stub.Collect(iter(requests), timeout=TIMEOUT).text == "a b"
        assert texts(stub.Chat(iter(requests), timeout=TIMEOUT)) == ["A", "B"]


def test_single_calls_are_made_of_every_shape(generated: Any, greeting: Any, target: str) -> None:
    greeter, requests = generated.Greeter, [greeting(text="a"), greeting(text="b")]
    try:
        assert greeter.Greet(greeting(text="you"), target, insecure=True, timeout=TIMEOUT).text == "Hello, you!"
        repeated = greeter.Repeat(greeting(text="a", times=2), target, insecure=True, timeout=TIMEOUT)
        assert texts(repeated) == ["a", "a"]
        assert greeter.Collect(iter(requests), target, insecure=True, timeout=TIMEOUT).text == "a b"
        assert texts(greeter.Chat(iter(requests), target, insecure=True, timeout=TIMEOUT)) == ["A", "B"]
    finally:
        grpc.experimental.close_channels()


def test_aio_calls_and_serves_methods_of_every_shape(generated: Any, greeting: Any) -> None:
    class Greeter(generated.GreeterServicer):  # type: ignore[misc]
        async def Greet(self, request: Any, context: Any) -> Any:
            return greeting(text=f"Hello, {request.text}!")

        async def Repeat(self, request: Any, context: Any) -> AsyncIterator[Any]:
            for _ in range(request.times):
                yield greeting(text=request.text)

        async def Collect(self, request_iterator: AsyncIterator[Any], context: Any) -> Any:
            return greeting(text=" ".join([request.text async for request in request_iterator]))

        async def Chat(self, request_iterator: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
            async for request in request_iterator:
                yield greeting(text=request.text.upper())

    async def talk() -> None:
        server = grpc.aio.server()
        generated.add_GreeterServicer_to_server(Greeter(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        requests = [greeting(text="a"), greeting(text="b")]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = generated.GreeterStub(channel)
            assert (await stub.Greet(greeting(text="you"), timeout=TIMEOUT)).text == "Hello, you!"
            repeated = stub.Repeat(greeting(text="a", times=2), timeout=TIMEOUT)
            assert [response.text async for response in repeated] == ["a", "a"]
            assert (await stub.Collect(iter(requests), timeout=TIMEOUT)).text == "a b"
            assert [response.text async for response in stub.Chat(iter(requests), timeout=TIMEOUT)] == ["A", "B"]
        await server.stop(None)

    asyncio.run(talk())


def test_methods_with_the_names_of_keywords_and_builtins_are_called(folder: pathlib.Path) -> None:
    odd: Any = importlib.import_module("codegen_sample.odd_names.service_pb2_grpc")
    types = importlib.import_module("codegen_sample.odd_names.more.types_pb2")
    wrappers = importlib.import_module("google.protobuf.wrappers_pb2")

    class Odd(odd.OddServicer):  # type: ignore[misc]
        def import__(self, request: Any, context: Any) -> Any:
            return wrappers.StringValue(value="import " + request.text)

        def staticmethod(self, request: Any, context: Any) -> Any:
            return wrappers.StringValue(value="staticmethod " + request.value)

        def print(self, request: Any, context: Any) -> Any:
            return wrappers.StringValue(value="print " + request.value)

    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        odd.add_OddServicer_to_server(Odd(), server)
        odd.add_NothingServicer_to_server(odd.NothingServicer(), server)
        server.start()
        with grpc.inprocess_channel(server) as channel:
            stub = odd.OddStub(channel)
            request = getattr(types.Outer, "in")(text="it")
            assert getattr(stub, "import")(request, timeout=TIMEOUT).value == "import it"
            assert stub.import__(request, timeout=TIMEOUT).value == "import it"
            for name in ("staticmethod", "print"):
                assert getattr(stub, name)(wrappers.StringValue(value="it"), timeout=TIMEOUT).value == f"{name} it"
        server.stop(None).wait()


# ------------------------------------------------------------ the beta API


@pytest.fixture
def beta_stub(generated: Any, greeting: Any, servicer: Any) -> Iterator[Any]:
    """A beta stub of a beta server; the servicer is the one for today's API, for it looks at no context."""
    server = generated.beta_create_Greeter_server(servicer, pool_size=4, maximum_timeout=60)
    port = server.add_insecure_port("127.0.0.1:0")
    channel = implementations.insecure_channel("127.0.0.1", port)
    with server, channel, generated.beta_create_Greeter_stub(channel) as stub:
        yield stub


def test_a_beta_stub_calls_methods_of_every_shape(greeting: Any, beta_stub: Any) -> None:
    requests = [greeting(text="a"), greeting(text="b")]
    assert beta_stub.Greet(greeting(text="you"), TIMEOUT).text == "Hello, you!"
    assert beta_stub.Greet.future(greeting(text="you"), TIMEOUT).result().text == "Hello, you!"
    assert texts(beta_stub.Repeat(greeting(text="a", times=2), TIMEOUT)) == ["a", "a"]
    assert beta_stub.Collect(iter(requests), TIMEOUT).text == "a b"
    assert texts(beta_stub.Chat(iter(requests), TIMEOUT)) == ["A", "B"]


def test_a_stub_of_today_calls_a_beta_server(generated: Any, greeting: Any, servicer: Any) -> None:
    server = generated.beta_create_Greeter_server(servicer)
    port = server.add_insecure_port("127.0.0.1:0")
    with server, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert generated.GreeterStub(channel).Greet(greeting(text="you"), timeout=TIMEOUT).text == "Hello, you!"
