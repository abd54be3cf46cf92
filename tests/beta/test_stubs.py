"""Stubs: their options, what goes wrong on their side, and calls that are called off."""

from __future__ import annotations

import logging
import threading
from concurrent import futures
from typing import Any, Callable, Iterator

import pytest

from grpc._values import contexts
from grpc.beta import _calls, _channel, implementations, interfaces
from grpc.framework.common.cardinality import Cardinality
from grpc.framework.foundation import abandonment, future
from grpc.framework.interfaces.face import face, utilities
from tests.beta.conftest import OK_END, SERVICE, TIMEOUT, Receiver, failure_of, serving, stub

Code = interfaces.StatusCode
Serve = Callable[..., implementations.Channel]

ECHO = {
    "UU": utilities.unary_unary_inline(lambda request, context: request),
    "US": utilities.unary_stream_inline(lambda request, context: iter([request, request])),
    "SU": utilities.stream_unary_inline(lambda requests, context: b"".join(requests)),
    "SS": utilities.stream_stream_inline(lambda requests, context: requests),
}


def refuse(message: Any) -> Any:
    raise ValueError("not this one")


class Blocked:
    """Methods that wait until the RPC is called off, or until the test lets them go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.aborted = threading.Event()
        self.abortions: list[face.Abortion] = []

    def unary(self, request: bytes, context: face.ServicerContext) -> bytes:
        def abort(abortion: face.Abortion) -> None:
            self.abortions.append(abortion)
            self.aborted.set()

        context.add_abortion_callback(abort)
        self.entered.set()
        assert self.aborted.wait(TIMEOUT)
        return b""

    def stream(self, request: bytes, context: face.ServicerContext) -> Iterator[bytes]:
        yield b"first"
        yield self.unary(request, context)


class TestGenericStub:
    """The same by names, in one pass: the calls themselves are those of the dynamic stub."""

    def test_every_style(self, serve: Serve) -> None:
        with implementations.generic_stub(serve(**ECHO)) as generic:
            assert generic.blocking_unary_unary(SERVICE, "UU", b"a", TIMEOUT) == b"a"
            assert generic.future_unary_unary(SERVICE, "UU", b"a", TIMEOUT).result(TIMEOUT) == b"a"
            assert list(generic.inline_unary_stream(SERVICE, "US", b"a", TIMEOUT)) == [b"a", b"a"]
            assert generic.blocking_stream_unary(SERVICE, "SU", iter([b"a", b"b"]), TIMEOUT) == b"ab"
            assert generic.future_stream_unary(SERVICE, "SU", iter([b"a"]), TIMEOUT).result(TIMEOUT) == b"a"
            assert list(generic.inline_stream_stream(SERVICE, "SS", iter([b"a"]), TIMEOUT)) == [b"a"]
            response, call = generic.blocking_unary_unary(SERVICE, "UU", b"a", TIMEOUT, with_call=True)
            assert (response, call.code()) == (b"a", Code.OK)

    def test_every_event_style(self, serve: Serve) -> None:
        generic = implementations.generic_stub(serve(**ECHO))
        receivers = [Receiver() for _ in range(4)]
        generic.event_unary_unary(SERVICE, "UU", b"a", receivers[0], receivers[0].abort, TIMEOUT)
        generic.event_unary_stream(SERVICE, "US", b"a", receivers[1], receivers[1].abort, TIMEOUT)
        _, consumer = generic.event_stream_unary(SERVICE, "SU", receivers[2], receivers[2].abort, TIMEOUT)
        consumer.consume_and_terminate(b"a")
        _, consumer = generic.event_stream_stream(SERVICE, "SS", receivers[3], receivers[3].abort, TIMEOUT)
        consumer.consume_and_terminate(b"a")
        assert [receiver.responses() for receiver in receivers] == [[b"a"], [b"a", b"a"], [b"a"], [b"a"]]

    def test_multi_callables(self, serve: Serve) -> None:
        generic = implementations.generic_stub(serve(**ECHO))
        assert generic.unary_unary(SERVICE, "UU")(b"a", TIMEOUT) == b"a"
        assert list(generic.unary_stream(SERVICE, "US")(b"a", TIMEOUT)) == [b"a", b"a"]
        assert generic.stream_unary(SERVICE, "SU")(iter([b"a"]), TIMEOUT) == b"a"
        assert list(generic.stream_stream(SERVICE, "SS")(iter([b"a"]), TIMEOUT)) == [b"a"]


class TestDynamicStub:
    def test_a_name_that_is_no_method_is_no_attribute(self, serve: Serve) -> None:
        methods = implementations.dynamic_stub(serve(), SERVICE, {"UU": Cardinality.UNARY_UNARY})
        with pytest.raises(AttributeError, match=r"no method 'Nope' of 'tests.Service' in this stub; .*: UU"):
            methods.Nope  # noqa: B018
        assert "UU" in dir(methods)
        assert repr(methods) == "<DynamicStub of tests.Service: UU>"

    def test_as_a_context_manager_it_goes_on(self, serve: Serve) -> None:
        with stub(serve(**ECHO), thread_pool_size=1) as methods:
            assert methods.SU(iter([b"a"]), TIMEOUT) == b"a"
        assert methods.SU(iter([b"b"]), TIMEOUT) == b"b"


class TestOptions:
    def test_the_transformer_makes_the_metadata_that_are_sent(self, serve: Serve) -> None:
        seen: list[Any] = []

        def transform(metadata: Any) -> Any:
            seen.append(metadata)
            return [*metadata, ("added", "1")]

        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            sent = context.invocation_metadata()
            return repr([pair for pair in sent if pair[0] in ("own", "added")]).encode()

        method = stub(serve(UU=utilities.unary_unary_inline(behavior)), metadata_transformer=transform).UU
        assert method(b"", TIMEOUT, metadata=(("own", "0"),)) == b"[('own', '0'), ('added', '1')]"
        assert method(b"", TIMEOUT) == b"[('added', '1')]"
        assert seen == [(("own", "0"),), ()]

    def test_metadata_may_be_bytes_throughout(self, serve: Serve) -> None:
        behavior = utilities.unary_unary_inline(
            lambda request, context: dict(context.invocation_metadata())["k"].encode()
        )
        assert stub(serve(UU=behavior)).UU(b"", TIMEOUT, metadata=((b"k", b"v"),)) == b"v"

    def test_metadata_that_cannot_be_sent_are_refused(self, serve: Serve) -> None:
        method = stub(serve(**ECHO)).UU
        for bad, error in ((("a", "b"), TypeError), ((("UPPER", "x"),), ValueError), (5, TypeError)):
            with pytest.raises(error):
                method(b"", TIMEOUT, metadata=bad)

    def test_requests_are_drawn_in_the_pool_that_was_given(self, serve: Serve) -> None:
        names: list[str] = []

        def requests() -> Iterator[bytes]:
            names.append(threading.current_thread().name)
            yield b"a"

        with futures.ThreadPoolExecutor(1, thread_name_prefix="given") as pool:
            assert stub(serve(**ECHO), thread_pool=pool).SU(requests(), TIMEOUT) == b"a"
        assert names[0].startswith("given")

    def test_a_stub_may_have_a_pool_of_its_own(self, serve: Serve) -> None:
        own = stub(serve(**ECHO), thread_pool_size=2)
        assert own.SU(iter([b"a", b"b"]), TIMEOUT) == b"ab"
        assert list(own.SS(iter([b"a"]), TIMEOUT)) == [b"a"]

    def test_many_calls_draw_at_once_without_a_pool(self, serve: Serve) -> None:
        method = stub(serve({"thread_pool_size": 20}, **ECHO)).SS
        going_on = threading.Event()

        def requests() -> Iterator[bytes]:
            yield b"a"
            assert going_on.wait(TIMEOUT)

        calls = [method(requests(), TIMEOUT) for _ in range(12)]
        assert [next(call) for call in calls] == [b"a"] * 12
        going_on.set()
        assert [list(call) for call in calls] == [[]] * 12

    def test_only_call_options_are_protocol_options(self, serve: Serve) -> None:
        method = stub(serve(**ECHO)).UU
        assert method(b"a", TIMEOUT, protocol_options=interfaces.grpc_call_options()) == b"a"
        assert method(b"a", TIMEOUT, protocol_options=interfaces.grpc_call_options(disable_compression=True)) == b"a"
        with pytest.raises(TypeError, match="grpc_call_options"):
            method(b"a", TIMEOUT, protocol_options=object())


REFUSE = {(SERVICE, name): refuse for name in ECHO}


class TestSerialization:
    def test_it_happens_in_the_callers_thread(self, serve: Serve) -> None:
        threads: list[threading.Thread] = []

        def serialize(message: str) -> bytes:
            threads.append(threading.current_thread())
            return message.encode()

        def deserialize(payload: bytes) -> str:
            threads.append(threading.current_thread())
            return payload.decode()

        method = stub(
            serve(**ECHO),
            request_serializers={(SERVICE, "UU"): serialize},
            response_deserializers={(SERVICE, "UU"): deserialize},
        ).UU
        assert method("a", TIMEOUT) == "a"
        assert threads == [threading.current_thread()] * 2

    def test_a_result_is_deserialized_once(self, serve: Serve) -> None:
        result = stub(serve(**ECHO), response_deserializers={(SERVICE, "UU"): list}).UU.future(b"ab", TIMEOUT)
        assert result.result(TIMEOUT) == [97, 98]
        assert result.result() is result.result()

    def test_nothing_is_sent_if_a_request_cannot_be_serialized(self, serve: Serve) -> None:
        called: list[bytes] = []
        method = stub(
            serve(UU=utilities.unary_unary_inline(lambda request, context: called.append(request) or b"")),
            request_serializers=REFUSE,
        ).UU
        error = failure_of(lambda: method(b"a", TIMEOUT))
        assert (type(error), error.code) == (face.AbortionError, Code.INTERNAL)
        assert error.details == "Exception serializing request! not this one"
        assert isinstance(error.__cause__, ValueError)
        assert called == []

    def test_a_future_has_the_error_for_that(self, serve: Serve) -> None:
        call = stub(serve(**ECHO), request_serializers=REFUSE).UU.future(b"a", TIMEOUT)
        assert call.done()
        assert call.exception().code is Code.INTERNAL
        assert (call.code(), call.is_active(), call.time_remaining()) == (Code.INTERNAL, False, 0.0)
        assert (call.initial_metadata(), call.terminal_metadata()) == ((), ())
        done: list[Any] = []
        call.add_done_callback(done.append)
        assert done == [call]

    def test_many_responses_begin_with_the_error_for_that(self, serve: Serve) -> None:
        call = stub(serve(**ECHO), request_serializers=REFUSE).US(b"a", TIMEOUT)
        assert failure_of(lambda: next(call)).code is Code.INTERNAL

    @pytest.mark.parametrize("method", ["UU", "US"])
    def test_an_event_driven_call_hears_of_that(self, serve: Serve, method: str) -> None:
        receiver = Receiver()
        methods = stub(serve(**ECHO), request_serializers=REFUSE)
        getattr(methods, method).event(b"a", receiver, receiver.abort, TIMEOUT)
        assert receiver.abortion().code is Code.INTERNAL
        assert [what[0] for what in receiver.heard] == ["abort"]

    def test_what_is_no_bytes_is_not_sent(self, serve: Serve) -> None:
        error = failure_of(lambda: stub(serve(**ECHO)).UU("text", TIMEOUT))
        assert (error.code, error.details) == (
            Code.INTERNAL,
            "Failed to serialize request: what is sent is bytes, not str",
        )

    @pytest.mark.parametrize("method", ["SU", "SS"])
    def test_one_of_many_requests_that_cannot_be_serialized_ends_the_call(
        self, serve: Serve, method: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        methods = stub(serve(**ECHO), request_serializers=REFUSE)
        call = getattr(methods, method)
        with caplog.at_level(logging.CRITICAL):
            error = failure_of(lambda: list(call(iter([b"a"]), TIMEOUT)))
        assert (error.code, error.details) == (Code.INTERNAL, "Exception serializing request! not this one")

    def test_an_iterator_of_requests_that_raises_ends_the_call(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        def requests() -> Iterator[bytes]:
            yield b"a"
            raise KeyError("nothing more")

        error = failure_of(lambda: stub(serve(**ECHO)).SU(requests(), TIMEOUT))
        assert (error.code, error.details) == (Code.UNKNOWN, "Exception iterating requests! 'nothing more'")
        assert isinstance(error.__cause__, KeyError)
        assert len([record for record in caplog.records if "iterator of requests" in record.message]) == 1

    def test_a_request_passed_in_that_cannot_be_serialized_ends_the_call(self, serve: Serve) -> None:
        receiver = Receiver()
        call = stub(serve(**ECHO), request_serializers=REFUSE).SU.event(receiver, receiver.abort, TIMEOUT)
        with pytest.raises(abandonment.Abandoned):
            call.consume(b"a")
        assert receiver.abortion().code is Code.INTERNAL
        assert call.code() is Code.INTERNAL

    def test_a_response_that_cannot_be_deserialized_is_an_error(self, serve: Serve) -> None:
        methods = stub(serve(**ECHO), response_deserializers=REFUSE)
        for call in (lambda: methods.UU(b"a", TIMEOUT), lambda: list(methods.US(b"a", TIMEOUT))):
            error = failure_of(call)
            assert (error.code, error.details) == (Code.INTERNAL, "Exception deserializing response! not this one")

    def test_the_call_says_so_as_well(self, serve: Serve) -> None:
        call = stub(serve(**ECHO), response_deserializers=REFUSE).UU.future(b"a", TIMEOUT)
        assert call.exception(TIMEOUT).code is Code.INTERNAL
        assert call.code() is Code.INTERNAL

    @pytest.mark.parametrize("method", ["UU", "US"])
    def test_a_receiver_hears_of_that_and_of_nothing_else(self, serve: Serve, method: str) -> None:
        receiver = Receiver()
        methods = stub(serve(**ECHO), response_deserializers=REFUSE)
        getattr(methods, method).event(b"a", receiver, receiver.abort, TIMEOUT)
        assert receiver.abortion().code is Code.INTERNAL
        assert "response" not in [what[0] for what in receiver.heard]


class TestReceiver:
    def test_it_hears_initial_metadata_responses_and_completion_in_this_order(self, serve: Serve) -> None:
        receiver = Receiver()
        stub(serve(**ECHO)).US.event(b"a", receiver, receiver.abort, TIMEOUT)
        assert receiver.wait() == [("initial", ()), ("response", b"a"), ("response", b"a"), OK_END]

    def test_it_hears_the_metadata_that_were_sent(self, serve: Serve) -> None:
        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            context.initial_metadata((("first", "1"),))
            context.terminal_metadata((("last", "2"),))
            context.details("all well")
            return request

        receiver = Receiver()
        stub(serve(UU=utilities.unary_unary_inline(behavior))).UU.event(b"a", receiver, None, TIMEOUT)
        assert receiver.wait() == [
            ("initial", (("first", "1"),)),
            ("response", b"a"),
            ("complete", (("last", "2"),), Code.OK, "all well"),
        ]


class TestCancellation:
    def test_a_future_that_was_cancelled_has_no_result(self, serve: Serve) -> None:
        blocked = Blocked()
        call = stub(serve(UU=utilities.unary_unary_inline(blocked.unary))).UU.future(b"", TIMEOUT)
        assert blocked.entered.wait(TIMEOUT)
        assert not call.cancelled()
        call.cancel()
        for wait in (call.result, call.exception, call.traceback):
            with pytest.raises(future.CancelledError):
                wait(TIMEOUT)
        assert call.cancelled()
        assert call.code() is Code.CANCELLED
        assert blocked.aborted.wait(TIMEOUT)
        assert (blocked.abortions[0].kind, blocked.abortions[0].code) == (face.Abortion.Kind.CANCELLED, Code.CANCELLED)

    def test_cancelled_by_the_other_side_it_has_an_error(self, serve: Serve) -> None:
        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            context.code(Code.CANCELLED)
            return b""

        call = stub(serve(UU=utilities.unary_unary_inline(behavior))).UU.future(b"", TIMEOUT)
        assert isinstance(call.exception(TIMEOUT), face.CancellationError)
        call.cancel()
        assert isinstance(call.exception(TIMEOUT), face.CancellationError)
        assert not call.cancelled()

    def test_many_responses_end_with_an_error(self, serve: Serve) -> None:
        blocked = Blocked()
        call = stub(serve(US=utilities.unary_stream_inline(blocked.stream))).US(b"", TIMEOUT)
        assert next(call) == b"first"
        assert blocked.entered.wait(TIMEOUT)
        call.cancel()
        assert isinstance(failure_of(lambda: next(call)), face.CancellationError)
        assert blocked.aborted.wait(TIMEOUT)

    def test_a_future_need_not_be_waited_for_long(self, serve: Serve) -> None:
        blocked = Blocked()
        call = stub(serve(UU=utilities.unary_unary_inline(blocked.unary))).UU.future(b"", TIMEOUT)
        with pytest.raises(future.TimeoutError):
            call.result(0)
        assert 0 < call.time_remaining() <= TIMEOUT
        assert (call.running(), call.is_active()) == (True, True)
        call.cancel()

    def test_closing_the_channel_cancels(self, serve: Serve) -> None:
        blocked = Blocked()
        channel = serve(UU=utilities.unary_unary_inline(blocked.unary))
        method = stub(channel).UU
        call = method.future(b"", TIMEOUT)
        assert blocked.entered.wait(TIMEOUT)
        channel.close()
        assert isinstance(call.exception(TIMEOUT), face.CancellationError)
        with pytest.raises(ValueError, match="closed"):
            method(b"", TIMEOUT)


class TestCompression:
    """In process the very payload arrives that was given to the transport."""

    @pytest.fixture
    def kinds(self) -> Iterator[tuple[Any, list[bool]]]:
        """The methods, and for each request that has arrived whether it was not to be compressed."""
        seen: list[bool] = []

        def note(payload: bytes) -> bytes:
            seen.append(type(payload) is contexts.Uncompressed)
            return payload

        options = {"request_deserializers": {(SERVICE, name): note for name in ECHO}}
        with serving("inprocess", ECHO, **options) as channel:
            yield stub(channel), seen

    def test_the_next_request_passed_in_can_be_kept_from_being_compressed(self, kinds: Any) -> None:
        methods, seen = kinds
        receiver = Receiver()
        call = methods.SU.event(receiver, receiver.abort, TIMEOUT)
        call.protocol_context().disable_next_request_compression()
        call.consume(b"a")
        call.consume_and_terminate(b"b")
        assert receiver.responses() == [b"ab"]
        assert seen == [True, False]

    def test_the_next_request_drawn_can_be_kept_from_being_compressed(self, kinds: Any) -> None:
        methods, seen = kinds
        going_on = threading.Event()

        def requests() -> Iterator[bytes]:
            assert going_on.wait(TIMEOUT)
            yield b"a"
            yield b"b"

        call = methods.SU.future(requests(), TIMEOUT)
        call.protocol_context().disable_next_request_compression()
        going_on.set()
        assert call.result(TIMEOUT) == b"ab"
        assert seen == [True, False]


class _Recording:
    """A Face stub, and the client side that it is over, which remember what a call was given."""

    authority = "channel.example"
    closed = False

    def __init__(self) -> None:
        self.options: list[Any] = []

    def another_stub(self, pool: Any) -> _Recording:
        return self

    def future_unary_unary(self, *_: Any, metadata: Any, protocol_options: Any) -> _calls.Unbegun:
        self.options.append(protocol_options)
        return _calls.Unbegun()


class TestWhatTheTransportIsTold:
    def told(self, call_options: Any = None, **stub_options: Any) -> Any:
        recording = _Recording()
        channel = implementations.Channel(_channel.Connection(recording, True, ()))  # type: ignore[arg-type]
        stub(channel, **stub_options).UU.future(b"", TIMEOUT, protocol_options=call_options)
        return recording.options[0]

    def test_nothing_where_nothing_was_asked_for(self) -> None:
        assert self.told() is None
        assert self.told(interfaces.grpc_call_options()) is None

    def test_the_stubs_host_is_the_authority(self) -> None:
        assert self.told(host="other.example") == contexts.CallOptions(authority="other.example")

    def test_no_compression_is_an_algorithm_of_its_own(self) -> None:
        told = self.told(interfaces.grpc_call_options(disable_compression=True))
        assert told == contexts.CallOptions(compression=0)

    def test_credentials_are_for_the_stubs_host(self) -> None:
        asked: list[str] = []

        def plugin(context: Any, callback: Any) -> None:
            asked.append(context.service_url)
            callback((), None)

        options = interfaces.grpc_call_options(credentials=implementations.metadata_call_credentials(plugin))
        self.told(options)
        self.told(options, host="other.example")
        assert asked == [f"https://channel.example/{SERVICE}", f"https://other.example/{SERVICE}"]


def test_the_text_of_a_call(serve: Serve) -> None:
    call = stub(serve(**ECHO)).UU.future(b"a", TIMEOUT)
    call.result(TIMEOUT)
    assert repr(call) == "<beta UnaryCall, ended with OK: >"
