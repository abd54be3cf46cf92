"""Code that grpcio-tools 1.0.0 generated runs unchanged: every shape, in every style of calling and of serving."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, List

import pytest

from grpc.beta import implementations, interfaces
from grpc.framework.foundation import stream
from grpc.framework.interfaces.face import face, utilities
from tests.beta.conftest import TIMEOUT, Receiver, channel_to, failure_of
from tests.beta.generated import greeter_grpc_1_0 as generated
from tests.modern.generated.greeter_pb2 import Greeting

GROUP = "tests.generated.Greeter"


def greetings(*texts: str) -> Iterator[Any]:
    return iter([Greeting(text=text) for text in texts])


def texts(messages: Any) -> List[str]:
    return [message.text for message in messages]


# ------------------------------------------------------------ the two styles of serving


class InlineGreeter(generated.BetaGreeterServicer):  # type: ignore[misc]
    def Greet(self, request: Any, context: Any) -> Any:
        return Greeting(text=f"Hello, {request.text}!")

    def Repeat(self, request: Any, context: Any) -> Iterator[Any]:
        for _ in range(request.times):
            yield Greeting(text=request.text)

    def Collect(self, request_iterator: Iterator[Any], context: Any) -> Any:
        return Greeting(text=" ".join(texts(request_iterator)))

    def Chat(self, request_iterator: Iterator[Any], context: Any) -> Iterator[Any]:
        for request in request_iterator:
            yield Greeting(text=request.text.upper())


class Each(stream.Consumer[Any]):
    """Calls a function with each value, and one at the end."""

    def __init__(self, each: Callable[[Any], None], end: Callable[[], None]) -> None:
        self._each = each
        self._end = end

    def consume(self, value: Any) -> None:
        self._each(value)

    def terminate(self) -> None:
        self._end()

    def consume_and_terminate(self, value: Any) -> None:
        self._each(value)
        self._end()


def greet(request: Any, callback: Callable[[Any], None], context: Any) -> None:
    callback(Greeting(text=f"Hello, {request.text}!"))


def repeat(request: Any, responses: stream.Consumer[Any], context: Any) -> None:
    for _ in range(request.times):
        responses.consume(Greeting(text=request.text))
    responses.terminate()


def collect(callback: Callable[[Any], None], context: Any) -> stream.Consumer[Any]:
    heard: List[str] = []
    return Each(lambda request: heard.append(request.text), lambda: callback(Greeting(text=" ".join(heard))))


def chat(responses: stream.Consumer[Any], context: Any) -> stream.Consumer[Any]:
    return Each(lambda request: responses.consume(Greeting(text=request.text.upper())), responses.terminate)


EVENT_METHODS = {
    (GROUP, "Greet"): utilities.unary_unary_event(greet),
    (GROUP, "Repeat"): utilities.unary_stream_event(repeat),
    (GROUP, "Collect"): utilities.stream_unary_event(collect),
    (GROUP, "Chat"): utilities.stream_stream_event(chat),
}


def inline_server() -> Any:
    return generated.beta_create_Greeter_server(InlineGreeter(), pool_size=4, maximum_timeout=60)


def event_server() -> Any:
    """A server as the generator makes it, but for the methods."""
    names = list(EVENT_METHODS)
    return implementations.server(
        EVENT_METHODS,
        options=implementations.server_options(
            request_deserializers=dict.fromkeys(names, Greeting.FromString),
            response_serializers=dict.fromkeys(names, Greeting.SerializeToString),
        ),
    )


@contextlib.contextmanager
def running(server: Any, transport: str) -> Iterator[Any]:
    port = server.add_insecure_port("127.0.0.1:0")
    channel = channel_to(transport, server, port)
    with server, channel, generated.beta_create_Greeter_stub(channel) as stub:
        yield stub


@pytest.fixture(params=[inline_server, event_server])
def greeter(request: pytest.FixtureRequest, transport: str) -> Iterator[Any]:
    """A generated stub of a server in either style, over either transport."""
    with running(request.param(), transport) as stub:
        yield stub


# ------------------------------------------------------------ the styles of calling


class TestBlocking:
    def test_one_request_one_response(self, greeter: Any) -> None:
        assert greeter.Greet(Greeting(text="you"), TIMEOUT).text == "Hello, you!"

    def test_one_request_many_responses(self, greeter: Any) -> None:
        assert texts(greeter.Repeat(Greeting(text="a", times=3), TIMEOUT)) == ["a"] * 3

    def test_many_requests_one_response(self, greeter: Any) -> None:
        assert greeter.Collect(greetings("a", "b"), TIMEOUT).text == "a b"

    def test_many_requests_many_responses(self, greeter: Any) -> None:
        assert texts(greeter.Chat(greetings("a", "b"), TIMEOUT)) == ["A", "B"]

    def test_no_requests_at_all(self, greeter: Any) -> None:
        assert greeter.Collect(greetings(), TIMEOUT).text == ""
        assert texts(greeter.Chat(greetings(), TIMEOUT)) == []

    def test_the_call_comes_with_the_response(self, greeter: Any) -> None:
        for response, call in (
            greeter.Greet(Greeting(text="you"), TIMEOUT, with_call=True),
            greeter.Collect(greetings("Hello, you!"), TIMEOUT, with_call=True),
        ):
            assert response.text == "Hello, you!"
            assert (call.code(), call.details()) == (interfaces.StatusCode.OK, "")
            assert (call.initial_metadata(), call.terminal_metadata()) == ((), ())


class TestFuture:
    def test_one_request(self, greeter: Any) -> None:
        future = greeter.Greet.future(Greeting(text="you"), TIMEOUT)
        assert future.result(TIMEOUT).text == "Hello, you!"
        assert (future.done(), future.running(), future.cancelled()) == (True, False, False)
        assert future.exception() is None

    def test_many_requests(self, greeter: Any) -> None:
        assert greeter.Collect.future(greetings("a", "b"), TIMEOUT).result(TIMEOUT).text == "a b"


class TestEvent:
    def test_one_request_one_response(self, greeter: Any) -> None:
        receiver = Receiver()
        greeter.Greet.event(Greeting(text="you"), receiver, receiver.abort, TIMEOUT)
        assert texts(receiver.responses()) == ["Hello, you!"]

    def test_one_request_many_responses(self, greeter: Any) -> None:
        receiver = Receiver()
        greeter.Repeat.event(Greeting(text="a", times=3), receiver, receiver.abort, TIMEOUT)
        assert texts(receiver.responses()) == ["a"] * 3

    def test_many_requests_one_response(self, greeter: Any) -> None:
        receiver = Receiver()
        call = greeter.Collect.event(receiver, receiver.abort, TIMEOUT)
        call.consume(Greeting(text="a"))
        call.consume_and_terminate(Greeting(text="b"))
        assert texts(receiver.responses()) == ["a b"]

    def test_many_requests_many_responses(self, greeter: Any) -> None:
        receiver = Receiver()
        call = greeter.Chat.event(receiver, receiver.abort, TIMEOUT)
        call.consume(Greeting(text="a"))
        call.consume(Greeting(text="b"))
        call.terminate()
        assert texts(receiver.responses()) == ["A", "B"]


# ------------------------------------------------------------ what a servicer leaves out


@pytest.fixture
def bare(transport: str) -> Iterator[Any]:
    """A stub of a generated servicer that nobody has filled in."""
    with running(generated.beta_create_Greeter_server(generated.BetaGreeterServicer()), transport) as stub:
        yield stub


@pytest.mark.parametrize(
    "call",
    [
        lambda stub: stub.Greet(Greeting(), TIMEOUT),
        lambda stub: list(stub.Repeat(Greeting(), TIMEOUT)),
        lambda stub: stub.Collect(greetings(), TIMEOUT),
        lambda stub: list(stub.Chat(greetings(), TIMEOUT)),
    ],
    ids=["Greet", "Repeat", "Collect", "Chat"],
)
def test_a_method_that_the_servicer_leaves_out_is_unimplemented(bare: Any, call: Callable[[Any], Any]) -> None:
    error = failure_of(lambda: call(bare))
    assert isinstance(error, face.LocalError)
    assert error.code is interfaces.StatusCode.UNIMPLEMENTED
