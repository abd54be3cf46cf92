"""Unary-unary calls of the modern API, over every transport."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable

import pytest

import grpc
from tests.modern.conftest import failure_of, path, unary

Serve = Callable[..., grpc.Channel]


def echo(request: bytes, context: grpc.ServicerContext) -> bytes:
    return request


class TestAnswers:
    @pytest.mark.parametrize("size", [0, 1, 100, 65_531, 1 << 20, (4 << 20) - 5])
    def test_a_payload_of_any_size_comes_back_unchanged(self, serve: Serve, size: int) -> None:
        payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
        assert serve(Echo=unary(echo)).unary_unary(path("Echo"))(payload, timeout=20) == payload

    def test_with_call_gives_the_response_and_a_call_with_status_ok(self, serve: Serve) -> None:
        response, call = serve(Echo=unary(echo)).unary_unary(path("Echo")).with_call(b"x", timeout=10)
        assert response == b"x"
        assert call.code() is grpc.StatusCode.OK
        assert not call.is_active()

    def test_a_future_gives_the_response(self, serve: Serve) -> None:
        future = serve(Echo=unary(echo)).unary_unary(path("Echo")).future(b"x", timeout=10)
        assert future.result(timeout=10) == b"x"
        assert future.done()
        assert not future.cancelled()
        assert future.exception() is None
        assert future.code() is grpc.StatusCode.OK

    def test_a_done_callback_is_called_with_the_future(self, serve: Serve) -> None:
        told = threading.Event()
        heard = []

        def done(future: Any) -> None:
            heard.append(future)
            told.set()

        future = serve(Echo=unary(echo)).unary_unary(path("Echo")).future(b"x", timeout=10)
        future.add_done_callback(done)
        assert told.wait(10)
        assert heard == [future]

    def test_many_futures_in_flight_are_answered_each_with_its_own(self, serve: Serve) -> None:
        call = serve(Echo=unary(echo)).unary_unary(path("Echo"))
        calls = [call.future(b"%d" % number, timeout=20) for number in range(300)]
        assert [future.result() for future in calls] == [b"%d" % number for number in range(300)]

    def test_threads_share_a_channel(self, serve: Serve) -> None:
        call = serve(Echo=unary(echo)).unary_unary(path("Echo"))
        answers = {}

        def work(worker: int) -> None:
            answers[worker] = [call(b"%d %d" % (worker, number), timeout=20) for number in range(20)]

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == {worker: [b"%d %d" % (worker, number) for number in range(20)] for worker in range(16)}

    def test_metadata_goes_both_ways(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.send_initial_metadata((("initial", "1"), ("initial-bin", b"\0\xff")))
            context.set_trailing_metadata((("trailing", "2"),))
            return b"|".join(
                key.encode() + b"=" + (value if isinstance(value, bytes) else value.encode())
                for key, value in context.invocation_metadata()
                if key.startswith("own")
            )

        call = serve(Tell=unary(behavior)).unary_unary(path("Tell"))
        response, told = call.with_call(b"", timeout=10, metadata=(("own", "a"), ("own-bin", b"\1"), ("own", "b")))
        assert response == b"own=a|own-bin=\1|own=b"
        assert tuple(told.initial_metadata()) == (("initial", "1"), ("initial-bin", b"\0\xff"))
        assert tuple(told.trailing_metadata()) == (("trailing", "2"),)


class TestFailures:
    def test_an_unknown_method_is_unimplemented(self, serve: Serve) -> None:
        error = failure_of(lambda: serve(Echo=unary(echo)).unary_unary(path("Other"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error.details() == "Method not found!"

    def test_a_handler_that_raises_is_unknown_to_the_client_and_logged_with_its_traceback(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            raise ZeroDivisionError("by zero")

        error = failure_of(lambda: serve(Fail=unary(behavior)).unary_unary(path("Fail"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.UNKNOWN
        assert error.details() == "Exception calling application: by zero"
        assert "ZeroDivisionError: by zero" in caplog.text
        assert "in behavior" in caplog.text

    def test_abort_ends_the_call_with_its_status_and_is_not_logged(
        self, serve: Serve, caplog: pytest.LogCaptureFixture
    ) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.set_trailing_metadata((("why", "because"),))
            context.abort(grpc.StatusCode.NOT_FOUND, "100 % gone: ☺ \t\r\n")
            return b"never"

        error = failure_of(lambda: serve(Fail=unary(behavior)).unary_unary(path("Fail"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert error.details() == "100 % gone: ☺ \t\r\n"
        assert tuple(error.trailing_metadata()) == (("why", "because"),)
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]

    def test_a_status_set_beside_a_response_is_raised(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.set_code(grpc.StatusCode.DATA_LOSS)
            context.set_details("lost")
            return b"something"

        error = failure_of(lambda: serve(Fail=unary(behavior)).unary_unary(path("Fail"))(b"", timeout=10))
        assert (error.code(), error.details()) == (grpc.StatusCode.DATA_LOSS, "lost")

    def test_a_request_that_does_not_deserialize_is_internal(self, serve: Serve) -> None:
        channel = serve(Echo=unary(echo, request_deserializer=lambda data: data.decode("ascii")))
        error = failure_of(lambda: channel.unary_unary(path("Echo"))(b"\xff", timeout=10))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "deserializing request" in error.details()

    def test_a_response_that_does_not_deserialize_is_internal(self, serve: Serve) -> None:
        call = serve(Echo=unary(echo)).unary_unary(
            path("Echo"), response_deserializer=lambda data: data.decode("ascii")
        )
        error = failure_of(lambda: call(b"\xff", timeout=10))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "deserializing response" in error.details()

    def test_a_request_that_does_not_serialize_is_internal_and_nothing_is_sent(self, serve: Serve) -> None:
        heard = []

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            heard.append(request)
            return b""

        call = serve(Hear=unary(behavior)).unary_unary(
            path("Hear"), request_serializer=lambda text: text.encode("ascii")
        )
        error = failure_of(lambda: call("\xff", timeout=10))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "serializing request" in error.details()
        assert call("a", timeout=10) == b""
        assert heard == [b"a"]

    def test_a_response_that_does_not_serialize_is_internal(self, serve: Serve) -> None:
        channel = serve(Echo=unary(echo, response_serializer=lambda message: message.no_such_attribute))
        error = failure_of(lambda: channel.unary_unary(path("Echo"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.INTERNAL
        assert "serializing response" in error.details()

    def test_a_deadline_that_passes_is_deadline_exceeded_and_the_handler_learns_of_it(self, serve: Serve) -> None:
        ended = threading.Event()
        release = threading.Event()

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            assert context.add_callback(ended.set)
            assert release.wait(10)
            return b""

        channel = serve(Wait=unary(behavior))
        error = failure_of(lambda: channel.unary_unary(path("Wait"))(b"", timeout=0.05))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert ended.wait(10)
        release.set()

    def test_a_cancelled_future_cancels_the_call_on_the_server(self, serve: Serve) -> None:
        began = threading.Event()
        ended = threading.Event()

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            assert context.add_callback(ended.set)
            began.set()
            assert ended.wait(10)
            return b""

        future = serve(Wait=unary(behavior)).unary_unary(path("Wait")).future(b"", timeout=20)
        assert began.wait(10)
        assert future.cancel()
        assert ended.wait(10)
        assert future.cancelled()
        assert future.code() is grpc.StatusCode.CANCELLED
        with pytest.raises(grpc.FutureCancelledError):
            future.result()

    def test_a_server_that_says_cancelled_cancels_no_future(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> None:
            context.abort(grpc.StatusCode.CANCELLED, "not today")

        future = serve(Refuse=unary(behavior)).unary_unary(path("Refuse")).future(b"", timeout=10)
        with pytest.raises(grpc.RpcError, match="not today"):
            future.result()
        assert not future.cancelled()
        assert not future.cancel()

    def test_a_future_that_is_not_over_in_time_goes_on(self, serve: Serve) -> None:
        release = threading.Event()

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            assert release.wait(10)
            return b"late"

        future = serve(Wait=unary(behavior)).unary_unary(path("Wait")).future(b"", timeout=20)
        with pytest.raises(grpc.FutureTimeoutError):
            future.result(timeout=0.01)
        assert future.running()
        release.set()
        assert future.result(timeout=10) == b"late"

    def test_a_server_that_ends_without_a_response_has_another_method_in_mind(self, serve: Serve) -> None:
        channel = serve(Nothing=grpc.unary_stream_rpc_method_handler(lambda request, context: iter(())))
        error = failure_of(lambda: channel.unary_unary(path("Nothing"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert error.details() == "The server ended the call without a response"
