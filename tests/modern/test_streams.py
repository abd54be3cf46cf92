"""Calls with many requests or many responses, over every transport."""

from __future__ import annotations

import contextvars
import queue
import threading
from typing import Any, Callable, Iterator, List, Optional

import pytest

import grpc
from tests.modern.conftest import failure_of, path

Serve = Callable[..., grpc.Channel]

_VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("_VARIABLE", default="unset")


def count(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    for number in range(int(request)):
        yield b"%d" % number


def join(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
    return b",".join(requests)


def echo(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    yield from requests


def served(serve: Serve) -> grpc.Channel:
    return serve(
        Count=grpc.unary_stream_rpc_method_handler(count),
        Join=grpc.stream_unary_rpc_method_handler(join),
        Echo=grpc.stream_stream_rpc_method_handler(echo),
    )


class TestAnswers:
    @pytest.mark.parametrize("number", [0, 1, 2, 1000])
    def test_all_responses_arrive_in_order(self, serve: Serve, number: int) -> None:
        call = served(serve).unary_stream(path("Count"))(b"%d" % number, timeout=20)
        assert list(call) == [b"%d" % i for i in range(number)]
        assert call.code() is grpc.StatusCode.OK

    @pytest.mark.parametrize("number", [0, 1, 2, 1000])
    def test_all_requests_arrive_in_order(self, serve: Serve, number: int) -> None:
        call = served(serve).stream_unary(path("Join"))
        assert call(iter([b"%d" % i for i in range(number)]), timeout=20) == b",".join(b"%d" % i for i in range(number))

    def test_a_stream_unary_call_has_the_three_styles(self, serve: Serve) -> None:
        call = served(serve).stream_unary(path("Join"))
        assert call.with_call(iter([b"a", b"b"]), timeout=10)[0] == b"a,b"
        assert call.with_call(iter([b"a", b"b"]), timeout=10)[1].code() is grpc.StatusCode.OK
        assert call.future(iter([b"a", b"b"]), timeout=10).result() == b"a,b"

    @pytest.mark.parametrize("number", [0, 1, 2, 1000])
    def test_both_streams_flow(self, serve: Serve, number: int) -> None:
        call = served(serve).stream_stream(path("Echo"))
        requests = [b"%d" % i for i in range(number)]
        assert list(call(iter(requests), timeout=20)) == requests

    def test_large_messages_flow_in_both_directions(self, serve: Serve) -> None:
        call = served(serve).stream_stream(path("Echo"))
        requests = [bytes([i]) * (3 << 20) for i in range(5)]
        assert list(call(iter(requests), timeout=30)) == requests

    def test_messages_as_long_as_they_may_be_flow_after_short_ones(self, serve: Serve) -> None:
        """A message alone is longer than the window then, and short ones have used some of it."""
        sizes = [1, 4 << 20, 1, 1, 4 << 20, *[1000] * 100, 4 << 20, 2]
        responses = served(serve).stream_stream(path("Echo"))(bytes(size) for size in sizes)
        assert [len(response) for response in responses] == sizes

    def test_a_conversation_takes_turns(self, serve: Serve) -> None:
        answers: List[bytes] = []
        heard = threading.Semaphore(0)

        def requests() -> Iterator[bytes]:
            for number in range(5):
                yield b"%d" % number
                assert heard.acquire(timeout=10)

        for answer in served(serve).stream_stream(path("Echo"))(requests(), timeout=20):
            answers.append(answer)
            heard.release()
        assert answers == [b"%d" % i for i in range(5)]

    def test_a_handler_may_answer_before_it_has_heard_everything(self, serve: Serve) -> None:
        def first(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            return next(requests)

        release = threading.Event()

        def requests() -> Iterator[bytes]:
            yield b"first"
            release.wait(10)

        channel = serve(First=grpc.stream_unary_rpc_method_handler(first))
        assert channel.stream_unary(path("First"))(requests(), timeout=10) == b"first"
        release.set()

    def test_a_handler_may_speak_before_the_first_request(self, serve: Serve) -> None:
        def greet(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            yield b"welcome"
            yield from requests

        release = threading.Event()

        def requests() -> Iterator[bytes]:
            release.wait(10)
            yield b"thanks"

        call = serve(Greet=grpc.stream_stream_rpc_method_handler(greet)).stream_stream(path("Greet"))(
            requests(), timeout=10
        )
        assert next(call) == b"welcome"
        release.set()
        assert list(call) == [b"thanks"]


class TestMetadata:
    def test_initial_metadata_arrive_before_the_first_response(self, serve: Serve) -> None:
        release = threading.Event()

        def behavior(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            context.send_initial_metadata((("early", "yes"),))
            assert release.wait(10)
            context.set_trailing_metadata((("late", "yes"),))
            yield b"x"

        call = serve(Say=grpc.unary_stream_rpc_method_handler(behavior)).unary_stream(path("Say"))(b"", timeout=20)
        assert tuple(call.initial_metadata()) == (("early", "yes"),)
        release.set()
        assert list(call) == [b"x"]
        assert tuple(call.trailing_metadata()) == (("late", "yes"),)


class TestFailures:
    def test_a_handler_that_raises_between_responses_ends_the_stream_as_unknown(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            yield b"one"
            raise ValueError("no more")

        call = serve(Fail=grpc.unary_stream_rpc_method_handler(behavior)).unary_stream(path("Fail"))(b"", timeout=10)
        assert next(call) == b"one"
        error = failure_of(lambda: next(call))
        assert error.code() is grpc.StatusCode.UNKNOWN
        assert error.details() == "Exception calling application: no more"
        assert call.code() is grpc.StatusCode.UNKNOWN

    @pytest.mark.parametrize("code", [None, grpc.StatusCode.NOT_FOUND])
    def test_none_among_the_responses_ends_them_and_the_handler(
        self, serve: Serve, code: Optional[grpc.StatusCode]
    ) -> None:
        closed = threading.Event()

        kept: List[Iterator[Optional[bytes]]] = []  # so that nothing else closes it

        def behavior(request: bytes, context: grpc.ServicerContext) -> Iterator[Optional[bytes]]:
            kept.append(responses(context))
            return kept[-1]

        def responses(context: grpc.ServicerContext) -> Iterator[Optional[bytes]]:
            try:
                yield b"one"
                if code is not None:
                    context.set_code(code)
                yield None
                yield b"two"
            finally:
                closed.set()

        call = serve(Stop=grpc.unary_stream_rpc_method_handler(behavior)).unary_stream(path("Stop"))(b"", timeout=10)
        assert next(call) == b"one"
        with pytest.raises((StopIteration, grpc.RpcError)):
            next(call)
        assert call.code() is (code or grpc.StatusCode.OK)
        assert closed.wait(10)

    def test_abort_ends_the_stream_with_its_status(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            yield b"one"
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")

        call = serve(Fail=grpc.unary_stream_rpc_method_handler(behavior)).unary_stream(path("Fail"))(b"", timeout=10)
        received: List[bytes] = []
        error = failure_of(lambda: received.extend(call))
        assert (error.code(), error.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")

    @pytest.mark.parametrize("kind", ["stream_unary", "stream_stream"])
    def test_a_request_iterator_that_raises_ends_the_call_with_the_reason(self, serve: Serve, kind: str) -> None:
        def requests() -> Iterator[bytes]:
            yield b"one"
            raise LookupError("lost my notes")

        channel = served(serve)
        if kind == "stream_unary":
            error = failure_of(lambda: channel.stream_unary(path("Join"))(requests(), timeout=10))
        else:
            error = failure_of(lambda: list(channel.stream_stream(path("Echo"))(requests(), timeout=10)))
        assert error.code() is grpc.StatusCode.UNKNOWN
        assert error.details() == "Exception iterating requests! lost my notes"
        assert isinstance(error.__cause__, LookupError)

    def test_a_request_that_does_not_serialize_ends_the_call_as_internal(self, serve: Serve) -> None:
        call = served(serve).stream_unary(path("Join"), request_serializer=lambda text: text.encode("ascii"))
        error = failure_of(lambda: call(iter(["a", "\xff"]), timeout=10))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "serializing request" in error.details()

    def test_a_response_that_does_not_deserialize_ends_the_call_as_internal(self, serve: Serve) -> None:
        call = served(serve).unary_stream(path("Count"), response_deserializer=lambda data: data.no_such_attribute)
        error = failure_of(lambda: next(call(b"3", timeout=10)))
        assert error.code() is grpc.StatusCode.INTERNAL

    @pytest.mark.parametrize("number", [2, 200])
    def test_more_than_one_response_to_a_unary_call_end_it(self, serve: Serve, number: int) -> None:
        error = failure_of(lambda: served(serve).unary_unary(path("Count"))(b"%d" % number))
        assert (error.code(), error.details()) == (
            grpc.StatusCode.UNIMPLEMENTED,
            "the service sent more than one response",
        )

    def test_a_service_that_goes_on_after_its_response_to_a_unary_call_hears_of_the_end(self, serve: Serve) -> None:
        ended = threading.Event()

        def endless(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            context.add_callback(ended.set)
            while True:
                yield b"again"

        channel = serve(Endless=grpc.unary_stream_rpc_method_handler(endless))
        error = failure_of(lambda: channel.unary_unary(path("Endless"))(b""))
        assert error.details() == "the service sent more than one response"
        assert ended.wait(10)

    def test_a_unary_method_that_is_sent_two_requests_before_it_answers_is_unimplemented(self, serve: Serve) -> None:
        ended = threading.Event()

        def patient(request: bytes, context: grpc.ServicerContext) -> bytes:
            if not context.add_callback(ended.set):  # it is over already
                ended.set()
            ended.wait(10)
            return request

        channel = serve(Patient=grpc.unary_unary_rpc_method_handler(patient))
        error = failure_of(lambda: channel.stream_unary(path("Patient"))(iter([b"1", b"2"])))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error.details() == "the method takes exactly one request, and another one was sent"

    def test_a_request_that_the_server_cannot_deserialize_ends_the_call_as_internal(self, serve: Serve) -> None:
        handler = grpc.unary_stream_rpc_method_handler(count, request_deserializer=lambda data: data.no_such_attribute)
        error = failure_of(lambda: list(serve(Count=handler).unary_stream(path("Count"))(b"3", timeout=10)))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "deserializing request" in error.details()

    def test_a_deadline_ends_a_stream(self, serve: Serve) -> None:
        ended = threading.Event()

        def behavior(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            context.add_callback(ended.set)
            yield b"one"
            ended.wait(10)

        call = serve(Wait=grpc.unary_stream_rpc_method_handler(behavior)).unary_stream(path("Wait"))(b"", timeout=0.3)
        assert next(call) == b"one"
        assert failure_of(lambda: next(call)).code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert ended.wait(10)

    def test_cancelling_ends_the_handler_and_the_iteration(self, serve: Serve) -> None:
        ended = threading.Event()

        def behavior(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            context.add_callback(ended.set)
            yield from requests

        release = threading.Event()

        def requests() -> Iterator[bytes]:
            yield b"one"
            release.wait(10)

        call = serve(Wait=grpc.stream_stream_rpc_method_handler(behavior)).stream_stream(path("Wait"))(
            requests(), timeout=20
        )
        assert next(call) == b"one"
        call.cancel()
        assert failure_of(lambda: next(call)).code() is grpc.StatusCode.CANCELLED
        assert ended.wait(10)
        assert call.cancelled()
        release.set()

    def test_a_handler_that_waits_for_a_request_gets_an_rpc_error_when_the_call_is_over(self, serve: Serve) -> None:
        begun = threading.Event()
        raised: queue.SimpleQueue[Exception] = queue.SimpleQueue()

        def listen(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
            begun.set()
            try:
                return b"".join(requests)
            except grpc.RpcError as error:
                raised.put(error)
                raise

        silent = threading.Event()
        channel = serve(Listen=grpc.stream_unary_rpc_method_handler(listen))
        call = channel.stream_unary(path("Listen")).future(iter(silent.wait, True), timeout=10)
        try:
            assert begun.wait(10)
            call.cancel()
            assert "the call is over" in str(raised.get(timeout=10))
        finally:
            silent.set()

    def test_done_callbacks_of_a_stream_are_called(self, serve: Serve) -> None:
        done = threading.Event()
        call = served(serve).unary_stream(path("Count"))(b"2", timeout=10)
        call.add_done_callback(lambda _: done.set())
        assert list(call) == [b"0", b"1"]
        assert done.wait(10)
        assert not call.add_callback(done.set)

    def test_the_result_of_a_stream_waits_for_its_end(self, serve: Serve) -> None:
        call = served(serve).unary_stream(path("Count"))(b"0", timeout=10)
        assert call.result(timeout=10) is None
        assert call.exception() is None


class TestContextVariables:
    def test_request_iterators_run_in_the_callers_context(self, serve: Serve) -> None:
        seen: List[str] = []

        def requests() -> Iterator[bytes]:
            seen.append(_VARIABLE.get())
            yield b"x"

        channel = served(serve)
        context = contextvars.copy_context()
        context.run(_VARIABLE.set, "mine")
        assert context.run(channel.stream_unary(path("Join")), requests(), 10) == b"x"
        assert seen == ["mine"]

    def test_done_callbacks_run_in_the_context_that_added_them(self, serve: Serve) -> None:
        seen: List[Any] = []
        told = threading.Event()

        def done(_: Any) -> None:
            seen.append(_VARIABLE.get())
            told.set()

        future = served(serve).stream_unary(path("Join")).future(iter([b"x"]), timeout=10)
        context = contextvars.copy_context()
        context.run(_VARIABLE.set, "mine")
        context.run(future.add_done_callback, done)
        assert told.wait(10)
        assert seen == ["mine"]
