"""The four methods of event style as Face runs them, and the consumers between Face and the application.

A failure, wherever it happens, sets the status and then gives the last word to Face: no response, or no more of them.
What the application says after that is refused with `Abandoned`, as after any end of its RPC.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable, Optional

from grpc.beta import _context
from grpc.framework.foundation import abandonment, stream
from grpc.framework.interfaces.face import face, utilities

if TYPE_CHECKING:
    from grpc.beta._coding import Coders

_Behavior = Callable[..., Any]


class _Response:
    """Takes the one response of a method."""

    __slots__ = ("_callback", "_context")

    def __init__(self, context: _context.ServicerContext, callback: Callable[[Any], None]) -> None:
        self._context = context
        self._callback = callback

    def __call__(self, response: Any) -> None:
        try:
            payload = self._context.payload(response)
        except _context.Failed:
            payload = None
        self._callback(payload)

    def end(self) -> None:
        """Give none."""
        self._callback(None)


class Responses(stream.Consumer[Any]):
    """Takes the many responses of a method, and passes on their bytes."""

    __slots__ = ("_consumer", "_context")

    def __init__(self, context: _context.ServicerContext, consumer: stream.Consumer[Any]) -> None:
        """Stand before Face's consumer."""
        self._context = context
        self._consumer = consumer

    def consume(self, value: Any) -> None:
        payload = self._payload(value)
        if payload is not None:
            self._consumer.consume(payload)

    def terminate(self) -> None:
        self._consumer.terminate()

    def consume_and_terminate(self, value: Any) -> None:
        payload = self._payload(value)
        if payload is None:
            self._consumer.terminate()
        else:
            self._consumer.consume_and_terminate(payload)

    def _payload(self, response: Any) -> Optional[bytes]:
        try:
            return self._context.payload(response)
        except _context.Failed:
            self._consumer.terminate()
        raise abandonment.Abandoned()


class Requests(stream.Consumer[bytes]):
    """Takes the many requests of a method, and passes on what their bytes stand for."""

    __slots__ = ("_consumer", "_context", "_end")

    def __init__(
        self, context: _context.ServicerContext, consumer: Optional[stream.Consumer[Any]], end: Callable[[], None]
    ) -> None:
        """Stand before an application's consumer.

        Args:
          context: The RPC's.
          consumer: The application's; None drops the requests.
          end: Gives no response, or no more of them.
        """
        self._context = context
        self._consumer = consumer
        self._end = end

    def consume(self, value: bytes) -> None:
        consumer = self._consumer
        if consumer is not None:
            self._pass(lambda: consumer.consume(self._context.request(value)))

    def terminate(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            self._pass(consumer.terminate)

    def consume_and_terminate(self, value: bytes) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            self._pass(lambda: consumer.consume_and_terminate(self._context.request(value)))

    def _pass(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self._consumer = None
            _give_up(self._context, error, self._end)


def _give_up(context: _context.ServicerContext, error: Exception, end: Callable[[], None]) -> None:
    context.note(error)
    _end_quietly(end)


def _end_quietly(end: Callable[[], None]) -> None:
    # These say that the method has given its last word before, or that the RPC has ended.
    with contextlib.suppress(ValueError, abandonment.Abandoned):
        end()


def abandoned(context: _context.ServicerContext, end: Callable[[], None]) -> Requests:
    """End an RPC whose status has been set; its requests are dropped."""
    _end_quietly(end)
    return Requests(context, None, end)


# ------------------------------------------------------------ the four


def unary_unary(name: str, coders: Coders, behavior: _Behavior) -> face.MethodImplementation:
    """A method with one request and one response."""

    def run(request: bytes, callback: Callable[[Any], None], face_context: face.ServicerContext) -> None:
        context = _context.ServicerContext(name, coders, face_context)
        response = _Response(context, callback)
        try:
            behavior(context.request(request), response, context)
        except Exception as error:
            _give_up(context, error, response.end)

    return utilities.unary_unary_event(run)


def unary_stream(name: str, coders: Coders, behavior: _Behavior) -> face.MethodImplementation:
    """A method with one request and many responses."""

    def run(request: bytes, consumer: stream.Consumer[Any], face_context: face.ServicerContext) -> None:
        context = _context.ServicerContext(name, coders, face_context)
        try:
            behavior(context.request(request), Responses(context, consumer), context)
        except Exception as error:
            _give_up(context, error, consumer.terminate)

    return utilities.unary_stream_event(run)


def stream_unary(name: str, coders: Coders, behavior: _Behavior) -> face.MethodImplementation:
    """A method with many requests and one response."""

    def run(callback: Callable[[Any], None], face_context: face.ServicerContext) -> stream.Consumer[Any]:
        context = _context.ServicerContext(name, coders, face_context)
        response = _Response(context, callback)
        try:
            return Requests(context, behavior(response, context), response.end)
        except Exception as error:
            context.note(error)
            return abandoned(context, response.end)

    return utilities.stream_unary_event(run)


def stream_stream(name: str, coders: Coders, behavior: _Behavior) -> face.MethodImplementation:
    """A method with many requests and many responses."""

    def run(consumer: stream.Consumer[Any], face_context: face.ServicerContext) -> stream.Consumer[Any]:
        context = _context.ServicerContext(name, coders, face_context)
        try:
            return Requests(context, behavior(Responses(context, consumer), context), consumer.terminate)
        except Exception as error:
            context.note(error)
            return abandoned(context, consumer.terminate)

    return utilities.stream_stream_event(run)
