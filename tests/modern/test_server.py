"""Servers: what handlers are told, how many run at once, how it all ends."""

from __future__ import annotations

import contextvars
import threading
from concurrent import futures
from typing import Callable, List

import pytest

import grpc
from tests.modern.conftest import SERVICE, failure_of, path, serving, unary

Serve = Callable[..., grpc.Channel]


def handlers(**methods: grpc.RpcMethodHandler) -> List[grpc.GenericRpcHandler]:
    return [grpc.method_handlers_generic_handler(SERVICE, methods)]


class TestContext:
    def test_the_peer_is_an_address(self, serve: Serve, transport: str) -> None:
        peer = serve(Peer=unary(lambda request, context: context.peer().encode())).unary_unary(path("Peer"))(b"")
        assert peer.startswith(b"inproc" if transport == "inprocess" else b"ipv4:127.0.0.1:")

    def test_a_client_that_shows_no_certificate_is_not_identified(self, serve: Serve, transport: str) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            kinds = context.auth_context().get("transport_security_type", ())
            return repr((list(kinds), context.peer_identities(), context.peer_identity_key())).encode()

        kinds = [b"ssl"] if transport == "tls" else []
        answer = serve(Who=unary(behavior)).unary_unary(path("Who"))(b"", timeout=10)
        assert answer == repr((kinds, None, None)).encode()

    def test_the_time_remaining_is_the_callers_timeout(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            return repr(context.time_remaining()).encode()

        call = serve(Time=unary(behavior)).unary_unary(path("Time"))
        assert 50 < float(call(b"", timeout=60)) <= 60
        assert call(b"") == b"None"

    def test_a_callback_is_called_when_the_call_completes(self, serve: Serve) -> None:
        called = threading.Event()

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            assert context.add_callback(called.set)
            return b""

        serve(Call=unary(behavior)).unary_unary(path("Call"))(b"", timeout=10)
        assert called.wait(10)

    def test_halves_of_received_metadata_have_names(self) -> None:
        told: List[str] = []

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            told.extend(item.value for item in context.invocation_metadata() if item.key == "ask")
            context.send_initial_metadata((("first", "1"),))
            context.set_trailing_metadata((("last", "2"),))
            if request:
                context.abort(grpc.StatusCode.ABORTED, "enough")
            return b""

        class Look(grpc.GenericRpcHandler):
            def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
                told.extend(item.value for item in handler_call_details.invocation_metadata if item.key == "ask")
                return unary(behavior)

        with futures.ThreadPoolExecutor(max_workers=1) as pool:
            server = grpc.server(pool, handlers=[Look()])
            server.start()
            with grpc.inprocess_channel(server) as channel:
                method = channel.unary_unary(path("Any"))
                _, call = method.with_call(b"", metadata=(("ask", "0"),), timeout=10)
                error = failure_of(lambda: method(b"x", timeout=10))
            server.stop(None).wait()
        for ended in (call, error):
            assert [(item.key, item.value) for item in ended.initial_metadata()] == [("first", "1")]
            assert [(item.key, item.value) for item in ended.trailing_metadata()] == [("last", "2")]
        assert told == ["0", "0"]

    def test_initial_metadata_are_sent_once(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.send_initial_metadata(())
            with pytest.raises(ValueError, match="no longer allowed"):
                context.send_initial_metadata(())
            return b"done"

        assert serve(Twice=unary(behavior)).unary_unary(path("Twice"))(b"", timeout=10) == b"done"

    def test_abort_with_status_carries_trailing_metadata(self, serve: Serve) -> None:
        class Gone(grpc.Status):
            code = grpc.StatusCode.NOT_FOUND
            details = "gone"
            trailing_metadata = (("where", "away"),)

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.abort_with_status(Gone())
            return b""

        error = failure_of(lambda: serve(Fail=unary(behavior)).unary_unary(path("Fail"))(b"", timeout=10))
        assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "gone")
        assert tuple(error.trailing_metadata()) == (("where", "away"),)

    def test_abort_with_ok_is_unknown(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.abort(grpc.StatusCode.OK, "fine")
            return b""

        error = failure_of(lambda: serve(Fail=unary(behavior)).unary_unary(path("Fail"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.UNKNOWN

    def test_details_that_are_no_text_are_a_failure_of_the_handler(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.set_details(5)  # type: ignore[arg-type]
            return b""

        error = failure_of(lambda: serve(Fail=unary(behavior)).unary_unary(path("Fail"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.UNKNOWN
        assert error.details() == "Exception calling application: the details of a status are text, not 5"

    def test_abort_with_details_that_are_no_text_keeps_its_code(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.abort(grpc.StatusCode.NOT_FOUND, KeyError("k"))  # type: ignore[arg-type]
            return b""

        error = failure_of(lambda: serve(Fail=unary(behavior)).unary_unary(path("Fail"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert "the details of a status are text, not KeyError('k')" in (error.details() or "")

    def test_what_a_handler_raises_after_the_end_of_its_call_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        ended = threading.Event()

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.add_callback(ended.set)
            assert ended.wait(10)
            raise KeyError("nobody hears of this")

        with serving("inprocess", {"Fail": unary(behavior)}) as (_, channel):
            failure_of(lambda: channel.unary_unary(path("Fail"))(b"", timeout=0.01))
        assert "KeyError: 'nobody hears of this'" in caplog.text
        assert "in behavior" in caplog.text

    def test_a_handler_can_cancel(self, serve: Serve) -> None:
        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.cancel()
            return b""

        error = failure_of(lambda: serve(Fail=unary(behavior)).unary_unary(path("Fail"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.CANCELLED

    def test_context_variables_of_one_call_are_not_seen_by_another(self) -> None:
        variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

        def behavior(request: bytes, context: grpc.ServicerContext) -> bytes:
            before = variable.get()
            variable.set("set")
            return before.encode()

        with futures.ThreadPoolExecutor(1) as pool:
            server = grpc.server(pool, handlers(Var=unary(behavior)))
            server.start()
            with grpc.inprocess_channel(server) as channel:
                call = channel.unary_unary(path("Var"))
                assert [call(b"", timeout=10) for _ in range(3)] == [b"unset"] * 3
            server.stop(None)


class TestLimits:
    def test_more_calls_than_allowed_are_refused_and_a_free_place_is_used_again(self, transport: str) -> None:
        began = threading.Semaphore(0)
        release = threading.Event()

        def wait(request: bytes, context: grpc.ServicerContext) -> bytes:
            began.release()
            assert release.wait(10)
            return b""

        with futures.ThreadPoolExecutor(4) as pool:
            server = grpc.server(pool, handlers(Wait=unary(wait)), maximum_concurrent_rpcs=2)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            channel = (
                grpc.inprocess_channel(server)
                if transport == "inprocess"
                else grpc.insecure_channel(f"127.0.0.1:{port}")
            )
            with channel:
                call = channel.unary_unary(path("Wait"))
                running = [call.future(b"", timeout=20) for _ in range(2)]
                assert all(began.acquire(timeout=10) for _ in range(2))
                error = failure_of(lambda: call(b"", timeout=10))
                assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
                assert error.details() == "Concurrent RPC limit exceeded!"
                release.set()
                assert [future.result() for future in running] == [b"", b""]
                assert call(b"", timeout=10) == b""
            server.stop(None)


class TestStop:
    def test_running_calls_are_given_the_grace(self, transport: str) -> None:
        began = threading.Event()
        release = threading.Event()

        def wait(request: bytes, context: grpc.ServicerContext) -> bytes:
            began.set()
            assert release.wait(10)
            return b"finished"

        with serving(transport, {"Wait": unary(wait)}) as (server, channel):
            running = channel.unary_unary(path("Wait")).future(b"", timeout=20)
            assert began.wait(10)
            stopped = server.stop(30)
            assert not stopped.is_set()
            assert (
                failure_of(lambda: channel.unary_unary(path("Wait"))(b"", timeout=10)).code()
                is grpc.StatusCode.UNAVAILABLE
            )
            release.set()
            assert running.result(timeout=10) == b"finished"
            assert stopped.wait(10)
            assert server.wait_for_termination(timeout=1) is False

    def test_calls_that_outlast_the_grace_are_aborted(self, transport: str) -> None:
        began = threading.Event()
        ended = threading.Event()

        def wait(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.add_callback(ended.set)
            began.set()
            assert ended.wait(10)
            return b""

        with serving(transport, {"Wait": unary(wait)}) as (server, channel):
            running = channel.unary_unary(path("Wait")).future(b"", timeout=20)
            assert began.wait(10)
            assert server.stop(0.05).wait(10)
            assert running.code() is grpc.StatusCode.UNAVAILABLE

    def test_without_grace_stop_returns_when_everything_has_ended(self, transport: str) -> None:
        with serving(transport, {"Echo": unary(lambda request, context: request)}) as (server, channel):
            assert channel.unary_unary(path("Echo"))(b"x", timeout=10) == b"x"
            assert server.stop(None).is_set()
            assert server.stop(None).is_set()

    def test_a_server_that_runs_has_not_terminated(self, transport: str) -> None:
        with serving(transport, {}) as (server, _):
            assert server.wait_for_termination(timeout=0.01) is True


class TestRegisteredMethods:
    def test_handlers_are_registered_as_generated_code_does(self) -> None:
        with futures.ThreadPoolExecutor(1) as pool:
            server = grpc.server(pool)
            server.add_registered_method_handlers(SERVICE, {"Echo": unary(lambda request, context: request)})
            server.start()
            with grpc.inprocess_channel(server) as channel:
                assert channel.unary_unary(path("Echo"), _registered_method=True)(b"x", timeout=10) == b"x"
            server.stop(None)
