"""Calls by themselves: over Face calls that are made up for the case."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable

import pytest

from grpc.beta import _abortions, _calls, _coding, _receivers, implementations, interfaces
from grpc.framework.foundation import abandonment
from grpc.framework.interfaces.face import face, utilities
from tests.beta.conftest import SERVICE, TIMEOUT, Receiver, failure_of, stub

Code = interfaces.StatusCode
PLAIN = _coding.Coders(None, None)
Serve = Callable[..., implementations.Channel]


class Interrupted(_calls.Unbegun):
    """A Face call during which somebody presses Ctrl-C."""

    cancelled_times = 0

    def result(self, timeout: float | None = None) -> Any:
        raise KeyboardInterrupt

    def cancel(self) -> bool:
        self.cancelled_times += 1
        return False


def test_who_is_torn_out_of_the_wait_cancels_the_call() -> None:
    interrupted = Interrupted()
    call = _calls.UnaryCall(interrupted, PLAIN, _abortions.Faults(), _coding.NextUncompressed())
    with pytest.raises(KeyboardInterrupt):
        call.response()
    assert interrupted.cancelled_times == 1


def test_who_is_torn_out_of_a_futures_result_does_not() -> None:
    interrupted = Interrupted()
    call = _calls.UnaryCall(interrupted, PLAIN, _abortions.Faults(), _coding.NextUncompressed())
    with pytest.raises(KeyboardInterrupt):
        call.result()
    assert interrupted.cancelled_times == 0


class TestACallThatNeverBegan:
    """It has its Face call's interface, and each of its methods says that all is over."""

    def test_as_a_call_it_has_ended_with_nothing(self) -> None:
        call = _calls.Unbegun()
        assert (call.is_active(), call.time_remaining(), call.cancel()) == (False, 0.0, False)
        assert (call.protocol_context(), call.initial_metadata(), call.terminal_metadata()) == (None, None, None)
        assert (call.code(), call.details()) == (None, None)

    def test_as_a_future_it_has_failed(self) -> None:
        call = _calls.Unbegun()
        assert (call.cancelled(), call.running(), call.done(), call.traceback()) == (False, False, True, None)
        assert isinstance(call.exception(), face.LocalError)
        with pytest.raises(face.LocalError):
            call.result()

    def test_as_a_consumer_it_takes_nothing(self) -> None:
        call = _calls.Unbegun()
        call.terminate()
        for consume in (call.consume, call.consume_and_terminate):
            with pytest.raises(abandonment.Abandoned):
                consume(b"")

    def test_clothed_it_says_why(self) -> None:
        faults = _abortions.Faults()
        faults.add(_abortions.Failure(Code.INTERNAL, "why"))
        call = _calls.UnaryCall(_calls.Unbegun(), PLAIN, faults, _coding.NextUncompressed())
        assert repr(call) == "<beta UnaryCall, ended with INTERNAL: why>"
        assert not call.cancel()
        assert not call.cancelled()
        heard: list[face.Abortion] = []
        call.add_abortion_callback(heard.append)
        assert [(abortion.code, abortion.details) for abortion in heard] == [(Code.INTERNAL, "why")]


def test_many_requests_with_credentials_that_fail(serve: Serve) -> None:
    def plugin(context: Any, callback: Any) -> None:
        callback((), KeyError("lost"))

    server = implementations.server({})
    with server, implementations.inprocess_channel(server) as channel:
        options = interfaces.grpc_call_options(credentials=implementations.metadata_call_credentials(plugin))
        call = stub(channel)
        assert failure_of(lambda: call.SU(iter([]), TIMEOUT, protocol_options=options)).code is Code.UNAUTHENTICATED
        responses = call.SS(iter([]), TIMEOUT, protocol_options=options)
        assert failure_of(lambda: next(responses)).code is Code.UNAUTHENTICATED


class TestReceiver:
    """What stands between Face and an application's receiver, for orders of events that are seldom met."""

    def make(self, receiver: Receiver, many: bool = True) -> _receivers.Receiver:
        coders = _coding.Coders(None, bytes.decode)
        return _receivers.Receiver(receiver, receiver.abort, many, coders, _abortions.Faults())

    def test_a_bad_response_before_the_call_is_known_cancels_it_then(self) -> None:
        receiver, call = Receiver(), Interrupted()
        between = self.make(receiver)
        between.response(b"\xff")
        assert call.cancelled_times == 0
        between.attach(call)
        assert call.cancelled_times == 1
        assert receiver.abortion().code is Code.INTERNAL

    def test_a_bad_response_after_that_cancels_it_at_once(self) -> None:
        receiver, call = Receiver(), Interrupted()
        between = self.make(receiver)
        between.attach(call)
        between.response(b"\xff")
        assert call.cancelled_times == 1

    def test_nothing_follows_the_end(self) -> None:
        receiver = Receiver()
        between = self.make(receiver)
        between.response(b"\xff")
        heard = list(receiver.heard)
        between.initial_metadata(())
        between.response(b"")
        between.complete((), 0, "")
        between.aborted(face.Abortion(face.Abortion.Kind.CANCELLED, None, None, None, None))
        assert receiver.heard == heard

    def test_the_one_response_is_held_until_the_end_is_known(self) -> None:
        receiver = Receiver()
        between = self.make(receiver, many=False)
        between.response(b"a")
        assert receiver.heard == [("initial", ())]
        between.complete(None, None, None)
        assert receiver.responses() == ["a"]


def test_an_abortion_callback_that_raises_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    raised = threading.Event()

    def fail(abortion: face.Abortion) -> None:
        try:
            raise KeyError("lost")
        finally:
            raised.set()

    class Logged(logging.Handler):
        def __init__(self) -> None:
            super().__init__()
            self.event = threading.Event()

        def emit(self, record: logging.LogRecord) -> None:
            self.event.set()

    logged = Logged()
    logger = logging.getLogger("grpc.beta._invocations")
    logger.addHandler(logged)
    try:
        stub(serve()).UU.event("no bytes", Receiver(), fail, TIMEOUT)
        assert raised.wait(TIMEOUT)
        assert logged.event.wait(TIMEOUT)
    finally:
        logger.removeHandler(logged)


def test_without_an_abortion_callback_an_abortion_is_silent(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    call = stub(serve()).UU.event("no bytes", Receiver(), None, TIMEOUT)
    assert call.code() is Code.INTERNAL
    method = stub(serve(UU=utilities.unary_unary_inline(lambda request, context: context.code(5)))).UU
    assert method.event(b"", Receiver(), None, TIMEOUT).code() is Code.NOT_FOUND
    assert repr(method) == f"<UnaryUnaryMultiCallable of {SERVICE}/UU>"
    assert caplog.records == []
