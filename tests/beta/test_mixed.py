"""The two APIs talk to each other: a beta client to a modern server, and the other way round, over every transport."""

from __future__ import annotations

import contextlib
from concurrent import futures
from typing import Any, Callable, Iterator

import pytest

import grpc
from grpc.beta import implementations, interfaces
from grpc.framework.interfaces.face import face
from tests.beta.conftest import TIMEOUT, Receiver, channel_to, failure_of
from tests.beta.generated import greeter_grpc_1_0 as generated
from tests.beta.test_generated_code import InlineGreeter, event_server, greetings, inline_server, texts
from tests.modern.generated import grpc_1_85 as modern
from tests.modern.generated.greeter_pb2 import Greeting


class ModernGreeter(modern.GreeterServicer):  # type: ignore[misc]
    """The same service, as the modern API has it; names that are not to be greeted are NOT_FOUND."""

    def Greet(self, request: Any, context: grpc.ServicerContext) -> Any:
        sent = dict(context.invocation_metadata())
        context.send_initial_metadata((("first", sent.get("own", "none")),))
        context.set_trailing_metadata((("last-bin", b"\1"),))
        if request.text == "nobody":
            context.abort(grpc.StatusCode.NOT_FOUND, "none such")
        return Greeting(text=f"Hello, {request.text}!")

    def Repeat(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        for _ in range(request.times):
            yield Greeting(text=request.text)
        if request.text == "nobody":
            context.set_code(grpc.StatusCode.DATA_LOSS)

    def Collect(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Any:
        return Greeting(text=" ".join(texts(request_iterator)))

    def Chat(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        for request in request_iterator:
            yield Greeting(text=request.text.upper())


@pytest.fixture
def beta_stub(transport: str) -> Iterator[Any]:
    """A beta stub of a modern server."""
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        modern.add_GreeterServicer_to_server(ModernGreeter(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            with channel_to(transport, server, port) as channel:
                yield generated.beta_create_Greeter_stub(channel)
        finally:
            server.stop(None)


class TestABetaClientOfAModernServer:
    def test_blocking(self, beta_stub: Any) -> None:
        assert beta_stub.Greet(Greeting(text="you"), TIMEOUT).text == "Hello, you!"
        assert texts(beta_stub.Repeat(Greeting(text="a", times=2), TIMEOUT)) == ["a", "a"]
        assert beta_stub.Collect(greetings("a", "b"), TIMEOUT).text == "a b"
        assert texts(beta_stub.Chat(greetings("a", "b"), TIMEOUT)) == ["A", "B"]

    def test_future(self, beta_stub: Any) -> None:
        assert beta_stub.Greet.future(Greeting(text="you"), TIMEOUT).result(TIMEOUT).text == "Hello, you!"
        assert beta_stub.Collect.future(greetings("a"), TIMEOUT).result(TIMEOUT).text == "a"

    def test_event(self, beta_stub: Any) -> None:
        receiver = Receiver()
        call = beta_stub.Chat.event(receiver, receiver.abort, TIMEOUT)
        call.consume_and_terminate(Greeting(text="a"))
        assert texts(receiver.responses()) == ["A"]

    def test_metadata(self, beta_stub: Any) -> None:
        _, call = beta_stub.Greet(Greeting(), TIMEOUT, metadata=(("own", "mine"),), with_call=True)
        assert call.initial_metadata() == (("first", "mine"),)
        assert call.terminal_metadata() == (("last-bin", b"\1"),)

    def test_a_status_of_the_modern_api_is_an_error_of_the_beta_api(self, beta_stub: Any) -> None:
        error = failure_of(lambda: beta_stub.Greet(Greeting(text="nobody"), TIMEOUT))
        assert type(error) is face.AbortionError
        assert (error.code, error.details) == (interfaces.StatusCode.NOT_FOUND, "none such")
        assert error.terminal_metadata == (("last-bin", b"\1"),)
        assert beta_stub.Greet.future(Greeting(text="nobody"), TIMEOUT).exception(TIMEOUT).code is error.code

    def test_a_status_after_responses_as_well(self, beta_stub: Any) -> None:
        responses = beta_stub.Repeat(Greeting(text="nobody", times=1), TIMEOUT)
        assert next(responses).text == "nobody"
        assert failure_of(lambda: next(responses)).code is interfaces.StatusCode.DATA_LOSS


class Failing(InlineGreeter):
    """Names that are not to be greeted are NOT_FOUND, in the words of the beta API."""

    def Greet(self, request: Any, context: Any) -> Any:
        context.initial_metadata((("first", dict(context.invocation_metadata()).get("own", "none")),))
        context.terminal_metadata((("last-bin", b"\1"),))
        if request.text == "nobody":
            context.code(interfaces.StatusCode.NOT_FOUND)
            context.details("none such")
        return Greeting(text=f"Hello, {request.text}!")


@contextlib.contextmanager
def modern_stub_of(server: Any, transport: str) -> Iterator[Any]:
    """A modern stub of a beta server."""
    port = server.add_insecure_port("127.0.0.1:0")
    with server:
        channel = (
            grpc.inprocess_channel(server) if transport == "inprocess" else grpc.insecure_channel(f"127.0.0.1:{port}")
        )
        with channel:
            yield modern.GreeterStub(channel)


class TestAModernClientOfABetaServer:
    @pytest.mark.parametrize("make", [inline_server, event_server])
    def test_every_shape(self, transport: str, make: Callable[[], Any]) -> None:
        with modern_stub_of(make(), transport) as stub:
            assert stub.Greet(Greeting(text="you"), timeout=TIMEOUT).text == "Hello, you!"
            assert texts(stub.Repeat(Greeting(text="a", times=2), timeout=TIMEOUT)) == ["a", "a"]
            assert stub.Collect(greetings("a", "b"), timeout=TIMEOUT).text == "a b"
            assert texts(stub.Chat(greetings("a", "b"), timeout=TIMEOUT)) == ["A", "B"]
            assert stub.Greet.future(Greeting(text="you"), timeout=TIMEOUT).result(TIMEOUT).text == "Hello, you!"

    def test_metadata_and_status(self, transport: str) -> None:
        with modern_stub_of(generated.beta_create_Greeter_server(Failing()), transport) as stub:
            _, call = stub.Greet.with_call(Greeting(), timeout=TIMEOUT, metadata=(("own", "mine"),))
            assert tuple(call.initial_metadata()) == (("first", "mine"),)
            with pytest.raises(grpc.RpcError) as raised:
                stub.Greet(Greeting(text="nobody"), timeout=TIMEOUT)
            assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.NOT_FOUND, "none such")
            assert tuple(raised.value.trailing_metadata()) == (("last-bin", b"\1"),)

    def test_a_method_that_is_left_out(self, transport: str) -> None:
        with modern_stub_of(implementations.server({}), transport) as stub:
            with pytest.raises(grpc.RpcError) as raised:
                stub.Greet(Greeting(), timeout=TIMEOUT)
            assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_both_apis_mean_the_same_codes_and_states() -> None:
    assert interfaces.StatusCode is grpc.StatusCode
    assert interfaces.ChannelConnectivity is grpc.ChannelConnectivity


@pytest.mark.parametrize("name", [name for name in implementations.__all__ if "redentials" in name])
def test_both_apis_mean_the_same_credentials(name: str) -> None:
    if name != "google_call_credentials":  # which the modern API leaves to Google's own library
        assert getattr(implementations, name) is getattr(grpc, name)


@pytest.mark.parametrize("name", ["AuthMetadataContext", "AuthMetadataPlugin", "AuthMetadataPluginCallback"])
def test_both_apis_mean_the_same_plugins(name: str) -> None:
    assert getattr(interfaces, f"GRPC{name}") is getattr(grpc, name)
