"""One program, served in every shape and style."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple, Union

from grpc.framework.common.cardinality import Cardinality
from grpc.framework.foundation import abandonment, stream
from grpc.framework.interfaces.face import face, utilities
from tests.framework.crust.worlds import GROUP, LIMIT, METHOD

if TYPE_CHECKING:
    from tests.framework.crust.worlds import Methods

UNARY_UNARY = Cardinality.UNARY_UNARY
UNARY_STREAM = Cardinality.UNARY_STREAM
STREAM_UNARY = Cardinality.STREAM_UNARY
STREAM_STREAM = Cardinality.STREAM_STREAM

SHAPES = list(Cardinality)

INLINE = "inline"
EVENT = "event"
MULTI_CONSUMER = "multi-consumer"
MULTI_INLINE = "multi-inline"
MULTI_EVENT = "multi-event"
SERVICE_STYLES = [INLINE, EVENT, MULTI_CONSUMER, MULTI_INLINE, MULTI_EVENT]

HOLD = object()
"""Among responses: nothing comes after this until the RPC is aborted."""


def many_requests(shape: Cardinality) -> bool:
    """Whether the requests are a stream."""
    return shape in (STREAM_UNARY, STREAM_STREAM)


def many_responses(shape: Cardinality) -> bool:
    """Whether the responses are a stream."""
    return shape in (UNARY_STREAM, STREAM_STREAM)


class Program:
    """Answers every request with itself and the end of the requests with b"end"; tests override parts.

    A method with one response gives all answers, joined by commas.

    Attributes:
        held: Set when the program has come to a HOLD.
        contexts: The context of each RPC.
        abortions: What the service side was told of aborted RPCs, in order.
    """

    def __init__(self) -> None:
        self.held = threading.Event()
        self.contexts: queue.SimpleQueue[face.ServicerContext] = queue.SimpleQueue()
        self.abortions: queue.SimpleQueue[face.Abortion] = queue.SimpleQueue()

    def begin(self, context: face.ServicerContext) -> None:
        """Is called first."""

    def answer(self, request: bytes, context: face.ServicerContext) -> Iterable[Any]:
        """Gives the responses to a request."""
        return [request]

    def finish(self, context: face.ServicerContext) -> Iterable[Any]:
        """Gives the responses after the last request."""
        return [b"end"]

    def start(self, context: face.ServicerContext) -> None:
        """Called by the styles below."""
        context.add_abortion_callback(self.abortions.put)
        self.contexts.put(context)
        self.begin(context)


def _all(program: Program, requests: Iterable[bytes], context: face.ServicerContext) -> Iterator[Any]:
    for request in requests:
        yield from program.answer(request, context)
    yield from program.finish(context)


def _inline(program: Program, requests: Iterable[bytes], context: face.ServicerContext) -> Iterator[bytes]:
    aborted = threading.Event()
    context.add_abortion_callback(lambda _: aborted.set())
    program.start(context)
    for response in _all(program, requests, context):
        if response is HOLD:
            program.held.set()
            assert aborted.wait(LIMIT)
            raise abandonment.Abandoned
        yield response


class _Requests(stream.Consumer[bytes]):
    """Consumes requests and passes responses on."""

    def __init__(self, program: Program, sink: _Sink, context: face.ServicerContext) -> None:
        self._program = program
        self._sink = sink
        self._context = context

    def consume(self, value: bytes) -> None:
        self._say(self._program.answer(value, self._context))

    def terminate(self) -> None:
        if self._say(self._program.finish(self._context)):
            self._sink.end()

    def consume_and_terminate(self, value: bytes) -> None:
        self.consume(value)
        self.terminate()

    def _say(self, responses: Iterable[Any]) -> bool:
        for response in responses:
            if response is HOLD:
                self._sink.holding = True
                self._program.held.set()
            if not self._sink.holding:
                self._sink.say(response)
        return not self._sink.holding


class _Sink:
    """Takes the responses of an event-driven method with one response."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self.holding = False
        self._send = send
        self._said: List[bytes] = []

    def say(self, response: bytes) -> None:
        self._said.append(response)

    def end(self) -> None:
        self._send(b",".join(self._said))


class _StreamSink(_Sink):
    """The same for one with many."""

    def __init__(self, consumer: stream.Consumer[bytes]) -> None:
        super().__init__(consumer.consume)
        self._consumer = consumer

    def say(self, response: bytes) -> None:
        self._consumer.consume(response)

    def end(self) -> None:
        self._consumer.terminate()


def method_of(program: Program, shape: Cardinality, style: str) -> face.MethodImplementation:
    """The program as a method implementation; the style is INLINE or EVENT."""
    if style == INLINE:
        inline: Dict[Cardinality, Callable[..., Any]] = {
            UNARY_UNARY: lambda request, context: b",".join(_inline(program, [request], context)),
            UNARY_STREAM: lambda request, context: _inline(program, [request], context),
            STREAM_UNARY: lambda requests, context: b",".join(_inline(program, requests, context)),
            STREAM_STREAM: lambda requests, context: _inline(program, requests, context),
        }
        return getattr(utilities, f"{shape.name.lower()}_inline")(inline[shape])  # type: ignore[no-any-return]

    def consumer(out: Any, context: face.ServicerContext) -> _Requests:
        program.start(context)
        return _Requests(program, _StreamSink(out) if many_responses(shape) else _Sink(out), context)

    def with_one_request(request: bytes, out: Any, context: face.ServicerContext) -> None:
        consumer(out, context).consume_and_terminate(request)

    behavior: Callable[..., Any] = consumer if many_requests(shape) else with_one_request
    return getattr(utilities, f"{shape.name.lower()}_event")(behavior)  # type: ignore[no-any-return]


class Multi(face.MultiMethodImplementation):
    """The program as a multi-method implementation that knows one method."""

    def __init__(self, program: Program, shape: Cardinality, style: str) -> None:
        self._program = program
        self._shape = shape
        self._style = style

    def service(
        self, group: str, method: str, response_consumer: stream.Consumer[Any], context: face.ServicerContext
    ) -> Union[stream.Consumer[Any], face.MethodImplementation]:
        if (group, method) != (GROUP, METHOD):
            raise face.NoSuchMethodError(group, method)
        if self._style == MULTI_CONSUMER:
            self._program.start(context)
            many = many_responses(self._shape)
            sink = _StreamSink(response_consumer) if many else _Sink(response_consumer.consume_and_terminate)
            return _Requests(self._program, sink, context)
        return method_of(self._program, self._shape, INLINE if self._style == MULTI_INLINE else EVENT)


def served(program: Program, shape: Cardinality, style: str) -> Tuple[Methods, Optional[Multi]]:
    """What to make a servicer of, so that it serves the program as GROUP/METHOD."""
    if style in (INLINE, EVENT):
        return {(GROUP, METHOD): method_of(program, shape, style)}, None
    return {}, Multi(program, shape, style)
