"""Methods as they are served: what they are told, what they say, and what their failures come to."""

from __future__ import annotations

import contextlib
import logging
import threading
from concurrent import futures
from typing import Any, Callable, Iterator

import pytest

from grpc._values import contexts
from grpc.beta import _events, implementations, interfaces
from grpc.framework.foundation import abandonment, stream
from grpc.framework.interfaces.face import face, utilities
from tests.beta.conftest import SERVICE, TIMEOUT, Receiver, failure_of, stub

Code = interfaces.StatusCode
Serve = Callable[..., implementations.Channel]


def inline(behavior: Callable[[Any, face.ServicerContext], Any]) -> face.MethodImplementation:
    return utilities.unary_unary_inline(behavior)


class Sink(stream.Consumer[Any]):
    """Takes requests; raises at the first if it is told to."""

    def __init__(self, error: Any = None, end: Callable[[], None] = lambda: None) -> None:
        self._error = error
        self._end = end

    def consume(self, value: Any) -> None:
        if self._error is not None:
            raise self._error

    def terminate(self) -> None:
        self._end()

    def consume_and_terminate(self, value: Any) -> None:
        self.consume(value)
        self.terminate()


@contextlib.contextmanager
def one_log_record(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The code within logs one error, and no more."""
    caplog.clear()
    yield
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


class TestContext:
    def test_the_peer(self, serve: Serve, transport: str) -> None:
        method = inline(lambda request, context: context.protocol_context().peer().encode())
        peer = stub(serve(UU=method)).UU(b"", TIMEOUT)
        assert peer.startswith(b"inproc:" if transport == "inprocess" else b"ipv4:127.0.0.1:")

    def test_metadata_both_ways(self, serve: Serve) -> None:
        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            sent = dict(context.invocation_metadata())
            context.initial_metadata([["got", sent["k"]]])
            context.terminal_metadata((("raw-bin", sent["r-bin"]),))
            return b""

        _, call = stub(serve(UU=inline(behavior))).UU(
            b"", TIMEOUT, metadata=[("k", "v"), ("r-bin", b"\0")], with_call=True
        )
        assert call.initial_metadata() == (("got", "v"),)
        assert call.terminal_metadata() == (("raw-bin", b"\0"),)

    def test_the_time_remaining_is_the_callers_timeout(self, serve: Serve) -> None:
        method = inline(lambda request, context: repr(context.time_remaining()).encode())
        assert 0 < float(stub(serve(UU=method)).UU(b"", 50)) <= 50

    def test_without_a_timeout_there_is_all_the_time(self, serve: Serve) -> None:
        method = inline(lambda request, context: repr((context.is_active(), context.time_remaining())).encode())
        assert stub(serve(UU=method)).UU(b"", None) == b"(True, None)"

    def test_a_code_may_be_a_number(self, serve: Serve) -> None:
        method = inline(lambda request, context: context.code(5))
        assert failure_of(lambda: stub(serve(UU=method)).UU(b"", TIMEOUT)).code is Code.NOT_FOUND

    @pytest.mark.parametrize("code", [True, "OK", None, 17, -1])
    def test_a_code_is_not_anything_else(self, serve: Serve, code: Any) -> None:
        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            with pytest.raises((TypeError, ValueError)):
                context.code(code)
            return b"refused"

        assert stub(serve(UU=inline(behavior))).UU(b"", TIMEOUT) == b"refused"

    def test_details_may_be_bytes(self, serve: Serve) -> None:
        def behavior(request: bytes, context: face.ServicerContext) -> None:
            context.code(Code.ABORTED)
            context.details(b"because")

        assert failure_of(lambda: stub(serve(UU=inline(behavior))).UU(b"", TIMEOUT)).details == "because"

    def test_cancelling_ends_the_call(self, serve: Serve) -> None:
        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            context.cancel()
            assert not context.is_active()
            return b""

        assert failure_of(lambda: stub(serve(UU=inline(behavior))).UU(b"", TIMEOUT)).code is Code.CANCELLED

    def test_the_next_response_can_be_kept_from_being_compressed(self, serve: Serve, transport: str) -> None:
        def behavior(request: bytes, context: face.ServicerContext) -> Iterator[bytes]:
            yield b"a"
            context.protocol_context().disable_next_response_compression()
            yield b"b"
            yield b"c"

        responses = list(stub(serve(US=utilities.unary_stream_inline(behavior))).US(b"", TIMEOUT))
        assert responses == [b"a", b"b", b"c"]
        if transport == "inprocess":  # where the very payload arrives that was given to the transport
            assert [type(response) is contexts.Uncompressed for response in responses] == [False, True, False]


# Every way to fail, in every shape and style: what fails, and what it does.


def _raise(error: Exception) -> Any:
    raise error


def _inline_methods(fail: Callable[[face.ServicerContext], Any]) -> dict[str, face.MethodImplementation]:
    def stream_of(context: face.ServicerContext) -> Iterator[Any]:
        yield fail(context)

    return {
        "UU": utilities.unary_unary_inline(lambda request, context: fail(context)),
        "US": utilities.unary_stream_inline(lambda request, context: stream_of(context)),
        "SU": utilities.stream_unary_inline(lambda requests, context: fail(context)),
        "SS": utilities.stream_stream_inline(lambda requests, context: stream_of(context)),
    }


def _event_methods(fail: Callable[[face.ServicerContext], Any]) -> dict[str, face.MethodImplementation]:
    def many(request: Any, consumer: stream.Consumer[Any], context: face.ServicerContext) -> None:
        consumer.consume(fail(context))
        consumer.terminate()

    def stream_unary(callback: Callable[[Any], None], context: face.ServicerContext) -> stream.Consumer[Any]:
        return Sink(end=lambda: callback(fail(context)))

    def stream_stream(consumer: stream.Consumer[Any], context: face.ServicerContext) -> stream.Consumer[Any]:
        return Sink(end=lambda: consumer.consume_and_terminate(fail(context)))

    return {
        "UU": utilities.unary_unary_event(lambda request, callback, context: callback(fail(context))),
        "US": utilities.unary_stream_event(many),
        "SU": utilities.stream_unary_event(stream_unary),
        "SS": utilities.stream_stream_event(stream_stream),
    }


CALLS: dict[str, Callable[[Any], Any]] = {
    "UU": lambda methods: methods.UU(b"a", TIMEOUT),
    "US": lambda methods: list(methods.US(b"a", TIMEOUT)),
    "SU": lambda methods: methods.SU(iter([b"a"]), TIMEOUT),
    "SS": lambda methods: list(methods.SS(iter([b"a"]), TIMEOUT)),
}


@pytest.fixture(params=sorted(CALLS))
def call(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """One call, to the end, of the method with a shape."""
    return CALLS[request.param]


@pytest.fixture(params=[_inline_methods, _event_methods], ids=["inline", "event"])
def methods_of(request: pytest.FixtureRequest) -> Any:
    """Makes the four methods, in a style, of a function that gives a response or fails."""
    return request.param


class TestFailures:
    def test_what_a_method_raises_is_unknown_and_logged_once(
        self, serve: Serve, methods_of: Any, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        channel = serve(**methods_of(lambda context: _raise(KeyError("lost"))))
        with one_log_record(caplog):
            error = failure_of(lambda: call(stub(channel)))
        assert type(error) is face.RemoteError
        assert (error.code, error.details) == (Code.UNKNOWN, "Exception calling application: 'lost'")

    def test_the_code_that_it_had_set_is_kept(
        self, serve: Serve, methods_of: Any, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(context: face.ServicerContext) -> Any:
            context.code(Code.DATA_LOSS)
            context.details("my own words")
            raise KeyError("lost")

        channel = serve(**methods_of(fail))
        with one_log_record(caplog):
            error = failure_of(lambda: call(stub(channel)))
        assert (error.code, error.details) == (Code.DATA_LOSS, "my own words")

    def test_a_method_that_says_that_it_is_none_is_unimplemented(
        self, serve: Serve, methods_of: Any, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        channel = serve(**methods_of(lambda context: _raise(face.NoSuchMethodError(SERVICE, "UU"))))
        error = failure_of(lambda: call(stub(channel)))
        assert type(error) is face.LocalError
        assert error.code is Code.UNIMPLEMENTED
        assert caplog.records == []

    def test_a_method_that_gives_up_is_unknown_and_not_logged(
        self, serve: Serve, methods_of: Any, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        channel = serve(**methods_of(lambda context: _raise(abandonment.Abandoned())))
        assert failure_of(lambda: call(stub(channel))).code is Code.UNKNOWN
        assert caplog.records == []

    def test_no_response_needs_to_be_given_with_an_error(self, serve: Serve, methods_of: Any, call: Any) -> None:
        channel = serve(**methods_of(lambda context: context.code(Code.NOT_FOUND)))
        assert failure_of(lambda: call(stub(channel))).code is Code.NOT_FOUND

    def test_no_response_without_an_error_is_internal(
        self, serve: Serve, methods_of: Any, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        channel = serve(**methods_of(lambda context: None))
        with one_log_record(caplog):
            assert failure_of(lambda: call(stub(channel))).code is Code.INTERNAL

    def test_a_response_that_cannot_be_serialized_is_internal(
        self, serve: Serve, methods_of: Any, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        serializers = {(SERVICE, name): lambda response: _raise(ValueError("not this")) for name in CALLS}
        channel = serve({"response_serializers": serializers}, **methods_of(lambda context: b""))
        with one_log_record(caplog):
            error = failure_of(lambda: call(stub(channel)))
        assert (error.code, error.details) == (Code.INTERNAL, "Exception serializing response! not this")

    def test_a_request_that_cannot_be_deserialized_is_internal(
        self, serve: Serve, methods_of: Any, call: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(payload: bytes) -> Any:
            raise ValueError("not this")

        deserializers = {(SERVICE, name): fail for name in CALLS}
        methods = {
            **methods_of(lambda context: b""),
            # An inline method hears of requests only if it draws them.
            **(
                {
                    "SU": utilities.stream_unary_inline(lambda requests, context: b"".join(requests)),
                    "SS": utilities.stream_stream_inline(lambda requests, context: requests),
                }
                if methods_of is _inline_methods
                else {}
            ),
        }
        channel = serve({"request_deserializers": deserializers}, **methods)
        with one_log_record(caplog):
            error = failure_of(lambda: call(stub(channel)))
        assert (error.code, error.details) == (Code.INTERNAL, "Exception deserializing request! not this")

    def test_a_call_that_has_ended_is_no_fault_of_the_methods(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            context.cancel()
            raise KeyError("stumbled over the end")

        with futures.ThreadPoolExecutor(1) as pool:
            failure_of(lambda: stub(serve({"thread_pool": pool}, UU=inline(behavior))).UU(b"", TIMEOUT))
        assert caplog.records == []


class TestInlineStyle:
    def test_none_for_an_iterator_is_enough_with_an_error(self, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
        methods = {
            "US": utilities.unary_stream_inline(lambda request, context: context.code(Code.NOT_FOUND)),
            "SS": utilities.stream_stream_inline(lambda requests, context: context.code(Code.NOT_FOUND)),
        }
        channel = serve(**methods)
        assert failure_of(lambda: list(stub(channel).US(b"", TIMEOUT))).code is Code.NOT_FOUND
        assert failure_of(lambda: list(stub(channel).SS(iter([]), TIMEOUT))).code is Code.NOT_FOUND
        assert caplog.records == []

    def test_what_can_be_closed_is_closed_when_its_call_ends(self, serve: Serve) -> None:
        closed = threading.Event()

        class Responses:
            """Has a method `close`, as generators have."""

            def __iter__(self) -> Responses:
                return self

            def __next__(self) -> bytes:
                return b""

            def close(self) -> None:
                closed.set()

        method = utilities.unary_stream_inline(lambda request, context: Responses())  # type: ignore[arg-type]
        responses = stub(serve(US=method)).US(b"", TIMEOUT)
        next(responses)
        responses.cancel()
        assert closed.wait(TIMEOUT)


class TestEventStyle:
    def test_a_response_may_be_given_later_by_another_thread(self, serve: Serve) -> None:
        def behavior(request: bytes, callback: Callable[[bytes], None], context: face.ServicerContext) -> None:
            thread = threading.Thread(target=callback, args=(request * 2,))
            thread.start()

        assert stub(serve(UU=utilities.unary_unary_event(behavior))).UU(b"a", TIMEOUT) == b"aa"

    @pytest.mark.parametrize("shape", ["SU", "SS"])
    def test_a_method_that_raises_before_it_takes_requests(
        self, serve: Serve, shape: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        def behavior(*_: Any) -> Any:
            raise KeyError("lost")

        methods = {
            "SU": utilities.stream_unary_event(behavior),
            "SS": utilities.stream_stream_event(behavior),
        }
        channel = serve(**methods)
        with one_log_record(caplog):
            assert failure_of(lambda: CALLS[shape](stub(channel))).code is Code.UNKNOWN

    @pytest.mark.parametrize("shape", ["SU", "SS"])
    def test_a_consumer_of_requests_that_raises(
        self, serve: Serve, shape: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        methods = {
            "SU": utilities.stream_unary_event(lambda callback, context: Sink(KeyError("lost"))),
            "SS": utilities.stream_stream_event(lambda consumer, context: Sink(KeyError("lost"))),
        }
        channel = serve(**methods)
        with one_log_record(caplog):
            assert failure_of(lambda: CALLS[shape](stub(channel))).code is Code.UNKNOWN

    def test_a_consumer_that_has_raised_is_passed_no_more(self) -> None:
        ended: list[bool] = []
        context: Any = type("Context", (), {"note": lambda _, error: None, "request": lambda _, payload: payload})()
        requests = _events.Requests(context, Sink(KeyError("lost")), lambda: ended.append(True))
        for _ in range(3):
            requests.consume(b"a")
        requests.consume_and_terminate(b"a")
        requests.terminate()
        assert ended == [True]

    def test_a_method_that_raises_after_its_response_has_answered_all_the_same(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        def behavior(request: bytes, callback: Callable[[bytes], None], context: face.ServicerContext) -> None:
            callback(b"done")
            raise KeyError("too late")

        method = utilities.unary_unary_event(behavior)
        with futures.ThreadPoolExecutor(1) as pool:
            assert stub(serve({"thread_pool": pool}, UU=method)).UU(b"", TIMEOUT) == b"done"
        assert [record.levelno for record in caplog.records if record.name.startswith("grpc.framework")] == []

    def test_who_goes_on_after_a_bad_response_is_told_to_give_up(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        told = threading.Event()

        def behavior(request: bytes, consumer: stream.Consumer[Any], context: face.ServicerContext) -> None:
            try:
                consumer.consume("no bytes")
            except abandonment.Abandoned:
                told.set()

        receiver = Receiver()
        channel = serve(US=utilities.unary_stream_event(behavior))
        stub(channel).US.event(b"", receiver, receiver.abort, TIMEOUT)
        assert receiver.abortion().code is Code.INTERNAL
        assert told.wait(TIMEOUT)
