"""A call as a future, which every call is, and what its accessors wait for."""

from __future__ import annotations

import threading
import weakref
from concurrent import futures
from typing import Any, Callable, Iterator, List

import pytest

from grpc.framework.crust import _event, _stream, _unary
from grpc.framework.foundation import abandonment, future
from grpc.framework.interfaces.base import base, utilities
from grpc.framework.interfaces.face import face
from tests.framework.crust.fakes import FakeOperation
from tests.framework.crust.invocations import Receiver
from tests.support.environment import FakeEnvironment

Kind = base.Outcome.Kind


def unary() -> Any:
    return _unary.UnaryCall(FakeEnvironment())


def stream() -> Any:
    return _stream.StreamCall(FakeEnvironment())


def event() -> Any:
    return _event.EventCall(FakeEnvironment(), None, False, Receiver(), None)


@pytest.fixture(params=[unary, stream, event])
def call(request: pytest.FixtureRequest) -> Any:
    return attached(request.param)


def attached(make: Callable[[], Any]) -> Any:
    made = make()
    operation = FakeOperation()
    operation.rendezvous = made
    made.attach(operation, operation)
    return made


def complete(call: Any, payload: Any = b"response") -> None:
    """Let the RPC complete with one response."""
    call.advance(("initial",), payload, utilities.completion(("terminal",), 0, "well"))
    call._operation.end(Kind.COMPLETED, 0, "well")


@pytest.fixture
def aside() -> Iterator[futures.Executor]:
    with futures.ThreadPoolExecutor(1) as executor:
        yield executor


class TestEveryCallAsAFuture:
    def test_runs_until_it_has_ended(self, call: Any) -> None:
        assert (call.running(), call.done(), call.cancelled()) == (True, False, False)
        complete(call)
        assert (call.running(), call.done(), call.cancelled()) == (False, True, False)

    def test_does_not_promise_that_a_cancelled_rpc_never_began(self, call: Any) -> None:
        assert call.cancel() is False
        assert (call.running(), call.done(), call.cancelled()) == (False, True, True)
        assert call.cancel() is False

    @pytest.mark.parametrize("method", ["result", "exception", "traceback"])
    @pytest.mark.parametrize("timeout", [0, -1.0])
    def test_times_out_while_the_rpc_goes_on(self, call: Any, method: str, timeout: float) -> None:
        with pytest.raises(future.TimeoutError, match="goes on"):
            getattr(call, method)(timeout)
        assert call.is_active()

    @pytest.mark.parametrize("method", ["result", "exception", "traceback"])
    def test_has_no_result_when_cancelled(self, call: Any, method: str) -> None:
        call.cancel()
        with pytest.raises(future.CancelledError):
            getattr(call, method)()

    def test_raises_what_the_abortion_was(self, call: Any) -> None:
        call._operation.end(Kind.EXPIRED)
        with pytest.raises(face.ExpirationError):
            call.result()
        assert isinstance(call.exception(), face.ExpirationError)
        assert call.traceback() is not None

    def test_raises_an_error_of_its_own_every_time(self, call: Any) -> None:
        call._operation.end(Kind.EXPIRED)
        assert call.exception() is not call.exception()

    def test_has_neither_exception_nor_traceback_when_completed(self, call: Any) -> None:
        complete(call)
        assert (call.exception(), call.traceback()) == (None, None)

    def test_calls_back_once_when_done(self, call: Any) -> None:
        seen: List[Any] = []
        call.add_done_callback(seen.append)
        assert seen == []
        complete(call)
        assert seen == [call]

    def test_calls_back_at_once_when_done_already(self, call: Any) -> None:
        complete(call)
        seen: List[Any] = []
        call.add_done_callback(seen.append)
        assert seen == [call]

    def test_logs_a_callback_that_raises_and_calls_the_next(self, call: Any, caplog: pytest.LogCaptureFixture) -> None:
        def fail(_: Any) -> None:
            raise ValueError("of the callback")

        def give_up(_: Any) -> None:
            raise abandonment.Abandoned

        seen: List[Any] = []
        for callback in (fail, give_up, seen.append):
            call.add_done_callback(callback)
        complete(call)
        assert seen == [call]
        assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["of the callback"]

    def test_may_be_asked_from_within_its_callback(self, call: Any) -> None:
        seen: List[Any] = []
        call.add_done_callback(lambda done: seen.append((done.done(), done.code())))
        complete(call)
        assert seen == [(True, 0)]

    def test_wakes_a_thread_that_waits_for_the_result(self, call: Any, aside: futures.Executor) -> None:
        waiting = aside.submit(call.exception, 1.0)
        complete(call)
        assert waiting.result(10.0) is None


class TestAbortions:
    def test_carry_all_that_had_arrived(self, call: Any) -> None:
        seen: List[face.Abortion] = []
        call.add_abortion_callback(seen.append)
        call.advance(("initial",))
        call._operation.end(Kind.REMOTE_FAILURE, 3, "words")
        assert seen == [face.Abortion(face.Abortion.Kind.REMOTE_FAILURE, ("initial",), None, 3, "words")]
        assert call.abortion() == seen[0]
        assert str(call.exception()) == "RPC aborted (remote failure): code 3, details 'words'"

    def test_carry_the_terminal_metadata_that_an_outcome_brings(self, call: Any) -> None:
        class Outcome(base.Outcome):
            kind, code, details, terminal_metadata = Kind.REMOTE_FAILURE, 3, "words", ("terminal",)

        call.termination_callback(Outcome())
        assert call.terminal_metadata() == ("terminal",)

    def test_are_told_once_each(self, call: Any) -> None:
        seen: List[face.Abortion] = []
        for _ in range(3):
            call.add_abortion_callback(seen.append)
        call.cancel()
        call.cancel()
        assert len(seen) == 3

    @pytest.mark.parametrize(
        ("end", "text"),
        [
            (lambda call: None, "active"),
            (complete, "completed"),
            (lambda call: call.cancel(), "aborted: cancelled"),
        ],
    )
    def test_show_in_the_call(self, call: Any, end: Callable[[Any], None], text: str) -> None:
        end(call)
        assert repr(call) == f"<{type(call).__name__} {text}>"

    def test_let_go_of_their_callbacks(self, call: Any) -> None:
        class Callback:
            def __call__(self, argument: Any) -> None: ...

        callbacks = [Callback(), Callback()]
        references = [weakref.ref(callback) for callback in callbacks]
        call.add_abortion_callback(callbacks[0])
        call.add_done_callback(callbacks[1])
        call.cancel()
        del callbacks
        assert [reference() for reference in references] == [None, None]


class TestAccessors:
    def test_initial_metadata_is_there_as_soon_as_it_has_arrived(self, call: Any, aside: futures.Executor) -> None:
        waiting = aside.submit(call.initial_metadata)
        call.advance(("initial",))
        assert waiting.result(10.0) == ("initial",)
        assert call.is_active()

    def test_initial_metadata_is_none_if_the_end_comes_first(self, call: Any, aside: futures.Executor) -> None:
        waiting = aside.submit(call.initial_metadata)
        call.cancel()
        assert waiting.result(10.0) is None

    def test_the_time_remaining_is_that_of_the_operation_until_the_end(self, call: Any) -> None:
        assert call.time_remaining() == 7.0
        call.cancel()
        assert call.time_remaining() == 0.0

    def test_the_protocol_context_is_what_the_transport_offered(self, call: Any) -> None:
        assert call.protocol_context() is None
        call.context("of the transport")
        assert call.protocol_context() == "of the transport"

    def test_a_wait_that_times_out_leaves_no_waiter_behind(self, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(FakeEnvironment, "wait", lambda *args: False)  # the deadline has passed
        with pytest.raises(future.TimeoutError):
            call.result(5.0)
        assert not call._waiters


class TestUnaryResponses:
    def test_the_result_is_the_response(self) -> None:
        call = attached(unary)
        complete(call)
        assert (call.result(), call.response()) == (b"response", b"response")

    def test_a_response_alone_is_not_the_end(self) -> None:
        call = attached(unary)
        call.advance(None, b"response")
        assert not call.done()

    def test_an_aborted_rpc_has_no_result_even_if_a_response_came(self) -> None:
        call = attached(unary)
        call.advance(None, b"response")
        call._operation.end(Kind.REMOTE_FAILURE)
        with pytest.raises(face.RemoteError):
            call.response()

    @pytest.mark.parametrize("make", [unary, event])
    def test_completing_without_the_response_is_a_remote_failure(self, make: Callable[[], Any]) -> None:
        call = attached(make)
        call.advance(None, None, utilities.completion(None, 5, "words"))
        call._operation.end(Kind.COMPLETED)
        assert call.abortion() == face.Abortion(face.Abortion.Kind.REMOTE_FAILURE, None, None, 5, "words")

    def test_a_blocked_caller_that_is_interrupted_cancels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        call = attached(unary)

        def interrupt(*args: Any) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(FakeEnvironment, "wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            call.response()
        assert call.cancelled()
        assert not call._waiters


class TestStreamsOfResponses:
    def test_have_no_result_but_their_end(self) -> None:
        call = attached(stream)
        complete(call)
        assert call.result() is None

    def test_end_again_and_again(self) -> None:
        call = attached(stream)
        complete(call)
        assert list(call) == [b"response"]
        assert list(call) == []
        assert iter(call) is call

    def test_of_an_aborted_rpc_raise_again_and_again(self) -> None:
        call = attached(stream)
        call.cancel()
        for _ in range(2):
            with pytest.raises(face.CancellationError):
                next(call)

    def test_a_batch_wakes_the_thread_that_waits(self, aside: futures.Executor) -> None:
        call = attached(stream)
        begun = threading.Event()

        def draw() -> List[Any]:
            begun.set()
            return list(call)

        drawn = aside.submit(draw)
        assert begun.wait(10.0)
        call.advance_payloads([b"a", b"b"])
        call.advance_payloads([b"c"], utilities.completion(None, None, None))
        call._operation.end(Kind.COMPLETED)
        assert drawn.result(10.0) == [b"a", b"b", b"c"]


class TestASecondResponse:
    """There must not be one; but for all that a service that has one is not to wait for ever."""

    @pytest.fixture(params=[unary, event])
    def make(self, request: pytest.FixtureRequest) -> Any:
        return request.param

    def test_is_allowed_when_the_first_came_without_an_end(self, make: Callable[[], Any]) -> None:
        call = attached(make)
        call.advance(("initial",))
        assert call._operation.said == []
        call.advance(None, b"response")
        assert call._operation.said == [("allowance", 1)]

    def test_is_allowed_as_well_if_the_first_came_before_the_invocation_had_returned(
        self, make: Callable[[], Any]
    ) -> None:
        call, operation = make(), FakeOperation()
        operation.rendezvous = call
        call.advance(None, b"response")
        call.attach(operation, operation)
        assert operation.said == [("allowance", 1)]

    @pytest.mark.parametrize("early", [False, True])
    def test_is_not_allowed_when_the_first_was_the_end(self, make: Callable[[], Any], early: bool) -> None:
        call, operation = make(), FakeOperation()
        operation.rendezvous = call
        if not early:
            call.attach(operation, operation)
        call.advance(None, b"response", utilities.completion(None, None, None))
        operation.end(Kind.COMPLETED)
        if early:
            call.attach(operation, operation)
        assert operation.said == []

    @pytest.mark.parametrize("completion", [None, utilities.completion(None, 0, "")])
    def test_ends_the_rpc_as_the_services_failure(self, make: Callable[[], Any], completion: Any) -> None:
        call = attached(make)
        call.advance(None, b"response")
        call.advance(None, b"another", completion)
        (failure,) = call._operation.failures
        assert isinstance(failure, base.NoSuchMethodError)
        assert failure.details == "the service sent more than one response"
        assert call.code() is None

    def test_does_not_reach_a_receiver(self) -> None:
        receiver = Receiver()
        call = attached(lambda: _event.EventCall(FakeEnvironment(), None, False, receiver, None))
        call.advance(None, b"response")
        call.advance(None, b"another")
        assert receiver.told == [("response", b"response")]
