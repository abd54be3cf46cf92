"""Interceptors on both sides."""

from __future__ import annotations

from concurrent import futures
from typing import Any, Callable, List

import pytest

import grpc
from tests.modern.conftest import failure_of, path

Serve = Callable[..., grpc.Channel]


def served(serve: Serve) -> grpc.Channel:
    def unary(request: bytes, context: grpc.ServicerContext) -> bytes:
        return request + b"".join(value.encode() for key, value in context.invocation_metadata() if key == "by")

    def fail(request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return b""

    return serve(
        Unary=grpc.unary_unary_rpc_method_handler(unary),
        Fail=grpc.unary_unary_rpc_method_handler(fail),
        Many=grpc.unary_stream_rpc_method_handler(lambda request, context: iter([request, request])),
        Join=grpc.stream_unary_rpc_method_handler(lambda requests, context: b"".join(requests)),
        Echo=grpc.stream_stream_rpc_method_handler(lambda requests, context: requests),
    )


class Everything(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Writes down what passes, and adds a metadatum."""

    def __init__(self, name: str, log: List[str]) -> None:
        self._name = name
        self._log = log

    def _note(self, continuation: Any, details: Any, request: Any) -> Any:
        self._log.append(f"{self._name} {details.method.rpartition('/')[2]}")
        metadata = (*(details.metadata or ()), ("by", self._name))
        return continuation(details._replace(metadata=metadata), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _note


class TestClient:
    def test_all_four_kinds_are_intercepted_in_order(self, serve: Serve) -> None:
        log: List[str] = []
        channel = grpc.intercept_channel(served(serve), Everything("a", log), Everything("b", log))
        assert channel.unary_unary(path("Unary"))(b"x", timeout=10) == b"xab"
        assert channel.unary_unary(path("Unary")).with_call(b"x", timeout=10)[0] == b"xab"
        assert channel.unary_unary(path("Unary")).future(b"x", timeout=10).result() == b"xab"
        assert list(channel.unary_stream(path("Many"))(b"x", timeout=10)) == [b"x", b"x"]
        assert channel.stream_unary(path("Join"))(iter([b"x", b"y"]), timeout=10) == b"xy"
        assert channel.stream_unary(path("Join")).future(iter([b"x", b"y"]), timeout=10).result() == b"xy"
        assert list(channel.stream_stream(path("Echo"))(iter([b"x", b"y"]), timeout=10)) == [b"x", b"y"]
        names = ["Unary", "Unary", "Unary", "Many", "Join", "Join", "Echo"]
        assert log == [f"{interceptor} {name}" for name in names for interceptor in "ab"]

    def test_an_interceptor_may_answer_by_itself(self, serve: Serve) -> None:
        class Cache(grpc.UnaryUnaryClientInterceptor):
            def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                first = continuation(client_call_details, b"first")
                assert first.code() is grpc.StatusCode.OK
                return first

        channel = grpc.intercept_channel(served(serve), Cache())
        assert channel.unary_unary(path("Unary"))(b"second", timeout=10) == b"first"

    def test_an_interceptor_sees_a_failure_and_may_try_again(self, serve: Serve) -> None:
        seen: List[Any] = []

        class Retry(grpc.UnaryUnaryClientInterceptor):
            def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = continuation(client_call_details, request)
                seen.append(call.code())
                if call.code() is grpc.StatusCode.UNAVAILABLE:
                    return continuation(client_call_details._replace(method=path("Unary")), request)
                return call

        channel = grpc.intercept_channel(served(serve), Retry())
        assert channel.unary_unary(path("Fail"))(b"x", timeout=10) == b"x"
        assert channel.unary_unary(path("Fail")).future(b"x", timeout=10).result() == b"x"
        assert seen == [grpc.StatusCode.UNAVAILABLE] * 2

    def test_a_failure_passes_through(self, serve: Serve) -> None:
        channel = grpc.intercept_channel(served(serve), Everything("a", []))
        assert failure_of(lambda: channel.unary_unary(path("Fail"))(b"", timeout=10)).details() == "not now"
        assert failure_of(channel.unary_unary(path("Fail")).future(b"", timeout=10).result).details() == "not now"

    def test_the_failure_of_a_blocking_call_is_known_by_its_class_as_that_of_a_future_is(self, serve: Serve) -> None:
        seen: List[Any] = []

        class Look(grpc.UnaryUnaryClientInterceptor):
            def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = continuation(client_call_details, request)
                call.exception()  # which waits
                seen.append((isinstance(call, grpc.RpcError), call.code(), "not now" in call.debug_error_string()))
                return call

        channel = grpc.intercept_channel(served(serve), Look(), Look())
        call = channel.unary_unary(path("Fail"))
        failure_of(lambda: call(b"", timeout=10))
        failure_of(lambda: call.with_call(b"", timeout=10))
        failure_of(call.future(b"", timeout=10).result)
        assert seen == [(True, grpc.StatusCode.UNAVAILABLE, True)] * 6

    def test_the_failure_of_a_blocking_call_is_the_error_that_the_caller_gets(self, serve: Serve) -> None:
        seen: List[Any] = []

        class Look(grpc.UnaryUnaryClientInterceptor):
            def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                seen.append(continuation(client_call_details, request))
                return seen[-1]

        channel = grpc.intercept_channel(served(serve), Look(), Look())
        error = failure_of(lambda: channel.unary_unary(path("Fail"))(b"", timeout=10))
        assert [call is error for call in seen] == [True, True]

    def test_what_the_next_interceptor_raises_is_in_the_result(self, serve: Serve) -> None:
        seen: List[Any] = []

        class Look(grpc.UnaryUnaryClientInterceptor):
            def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                call = continuation(client_call_details, request)
                seen.append((isinstance(call, grpc.RpcError), call.code(), type(call.exception())))
                assert str(call).endswith("of an RPC that ended with KeyError: 'broken'>")
                assert call.debug_error_string() == "INTERNAL: Exception in interceptor: 'broken'"
                return call

        class Broken(grpc.UnaryUnaryClientInterceptor):
            def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                raise KeyError("broken")

        call = grpc.intercept_channel(served(serve), Look(), Broken()).unary_unary(path("Unary"))
        with pytest.raises(KeyError):
            call(b"", timeout=10)
        with pytest.raises(KeyError):
            call.with_call(b"", timeout=10)
        with pytest.raises(KeyError):
            call.future(b"", timeout=10).result()
        assert seen == [(True, grpc.StatusCode.INTERNAL, KeyError)] * 3

    def test_an_interceptor_that_raises_fails_the_call(self, serve: Serve) -> None:
        class Broken(grpc.UnaryUnaryClientInterceptor):
            def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
                raise KeyError("broken")

        channel = grpc.intercept_channel(served(serve), Broken())
        with pytest.raises(KeyError):
            channel.unary_unary(path("Unary"))(b"", timeout=10)
        assert isinstance(channel.unary_unary(path("Unary")).future(b"", timeout=10).exception(), KeyError)

    def test_what_is_no_interceptor_is_refused(self, serve: Serve) -> None:
        with pytest.raises(TypeError, match=r"interceptor must be a grpc\.UnaryUnaryClientInterceptor"):
            grpc.intercept_channel(served(serve), object())


class TestServer:
    def test_interceptors_are_asked_in_order_and_may_replace_the_handler(self) -> None:
        log: List[str] = []

        class Note(grpc.ServerInterceptor):
            def __init__(self, name: str) -> None:
                self._name = name

            def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
                log.append(f"{self._name} {handler_call_details.method}")
                return continuation(handler_call_details)

        class Refuse(grpc.ServerInterceptor):
            def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
                if dict(handler_call_details.invocation_metadata).get("token") == "right":
                    return continuation(handler_call_details)
                return grpc.unary_unary_rpc_method_handler(
                    lambda request, context: context.abort(grpc.StatusCode.UNAUTHENTICATED, "no token")
                )

        with futures.ThreadPoolExecutor(2) as pool:
            server = grpc.server(pool, interceptors=[Note("a"), Note("b"), Refuse()])
            server.add_generic_rpc_handlers(
                [
                    grpc.method_handlers_generic_handler(
                        "tests.Service", {"Echo": grpc.unary_unary_rpc_method_handler(lambda r, c: r)}
                    )
                ]
            )
            server.start()
            with grpc.inprocess_channel(server) as channel:
                call = channel.unary_unary(path("Echo"))
                assert call(b"x", timeout=10, metadata=(("token", "right"),)) == b"x"
                assert failure_of(lambda: call(b"x", timeout=10)).code() is grpc.StatusCode.UNAUTHENTICATED
            server.stop(None)
        assert log == [f"{name} {path('Echo')}" for _ in range(2) for name in "ab"]

    def test_what_is_no_interceptor_is_refused(self) -> None:
        with futures.ThreadPoolExecutor(1) as pool, pytest.raises(TypeError, match=r"grpc\.ServerInterceptor"):
            grpc.server(pool, interceptors=[object()])  # type: ignore[list-item]
