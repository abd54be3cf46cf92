"""Servers: their options, and how they begin and end."""

from __future__ import annotations

import socket
import threading
from concurrent import futures
from typing import Any, Callable, Union

import pytest

from grpc.beta import implementations, interfaces
from grpc.framework.foundation import stream
from grpc.framework.interfaces.face import face, utilities
from tests.beta.conftest import SERVICE, TIMEOUT, failure_of, serving, stub

Code = interfaces.StatusCode
Serve = Callable[..., implementations.Channel]

REMAINING = utilities.unary_unary_inline(lambda request, context: repr(context.time_remaining()).encode())


class TestTimeouts:
    def test_the_default_is_for_calls_without_one(self, serve: Serve) -> None:
        method = stub(serve({"default_timeout": 20}, UU=REMAINING)).UU
        assert 0 < float(method(b"", None)) <= 20
        assert 20 < float(method(b"", 60)) <= 60

    def test_the_maximum_is_for_all_calls(self, serve: Serve) -> None:
        method = stub(serve({"default_timeout": 50, "maximum_timeout": 20}, UU=REMAINING)).UU
        assert 0 < float(method(b"", None)) <= 20
        assert 0 < float(method(b"", 60)) <= 20


class TestPool:
    def test_methods_run_in_the_pool_that_was_given(self, serve: Serve) -> None:
        name = utilities.unary_unary_inline(lambda request, context: threading.current_thread().name.encode())
        with futures.ThreadPoolExecutor(1, thread_name_prefix="given") as pool:
            assert stub(serve({"thread_pool": pool}, UU=name)).UU(b"", TIMEOUT).startswith(b"given")

    def test_the_pool_that_was_given_is_not_shut_down(self, transport: str) -> None:
        with futures.ThreadPoolExecutor(1) as pool:
            with serving(transport, {"UU": REMAINING}, thread_pool=pool) as channel:
                stub(channel).UU(b"", TIMEOUT)
            assert pool.submit(int).result(TIMEOUT) == 0

    def test_a_pool_of_its_own_has_as_many_threads_as_was_said(self, serve: Serve) -> None:
        together = threading.Barrier(3)

        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            together.wait(TIMEOUT)
            return b""

        method = stub(serve({"thread_pool_size": 3}, UU=utilities.unary_unary_inline(behavior))).UU
        assert [call.result(TIMEOUT) for call in [method.future(b"", TIMEOUT) for _ in range(3)]] == [b""] * 3


class Echo(stream.Consumer[Any]):
    def __init__(self, responses: stream.Consumer[Any]) -> None:
        self.consume = responses.consume  # type: ignore[method-assign]
        self.terminate = responses.terminate  # type: ignore[method-assign]
        self.consume_and_terminate = responses.consume_and_terminate  # type: ignore[method-assign]

    def consume(self, value: Any) -> None: ...

    def terminate(self) -> None: ...

    def consume_and_terminate(self, value: Any) -> None: ...


class Multi(face.MultiMethodImplementation):
    """Serves SS by itself, UU by an implementation, nothing else."""

    def service(
        self, group: str, method: str, response_consumer: stream.Consumer[Any], context: face.ServicerContext
    ) -> Union[stream.Consumer[Any], face.MethodImplementation]:
        if method == "SS":
            return Echo(response_consumer)
        if method == "UU":
            return utilities.unary_unary_inline(lambda request, context: request.upper())
        if method == "SU":
            raise KeyError("lost")
        raise face.NoSuchMethodError(group, method)


MULTI = {
    "multi_method_implementation": Multi(),
    "request_deserializers": {(SERVICE, "SS"): bytes.decode, (SERVICE, "UU"): bytes.decode},
    "response_serializers": {(SERVICE, "SS"): str.encode, (SERVICE, "UU"): str.encode},
}


class TestMultiMethod:
    def test_it_may_serve_by_consumers(self, serve: Serve) -> None:
        assert list(stub(serve(MULTI)).SS(iter([b"a", b"b"]), TIMEOUT)) == [b"a", b"b"]

    def test_it_may_name_an_implementation(self, serve: Serve) -> None:
        assert stub(serve(MULTI)).UU(b"a", TIMEOUT) == b"A"

    def test_what_it_does_not_know_is_unimplemented(self, serve: Serve) -> None:
        assert failure_of(lambda: list(stub(serve(MULTI)).US(b"a", TIMEOUT))).code is Code.UNIMPLEMENTED

    def test_what_it_raises_is_unknown(self, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
        assert failure_of(lambda: stub(serve(MULTI)).SU(iter([b"a"]), TIMEOUT)).code is Code.UNKNOWN
        assert len(caplog.records) == 1

    def test_a_method_of_its_own_comes_first(self, serve: Serve) -> None:
        method = utilities.unary_unary_inline(lambda request, context: request + "!")
        assert stub(serve(MULTI, UU=method)).UU(b"a", TIMEOUT) == b"a!"


class TestLife:
    def test_an_incomplete_implementation_is_refused(self) -> None:
        with pytest.raises(ValueError, match="cardinality and a style"):
            implementations.server({(SERVICE, "UU"): face.MethodImplementation()})
        with pytest.raises(ValueError, match="nothing set as unary_unary_inline"):
            implementations.server({(SERVICE, "UU"): utilities.unary_unary_inline(None)})  # type: ignore[arg-type]

    def test_it_starts_once(self) -> None:
        with implementations.server({}) as server, pytest.raises(ValueError, match="already-started"):
            server.start()

    def test_a_port_that_is_taken_is_an_error(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            server = implementations.server({})
            with pytest.raises(RuntimeError, match="Failed to bind"):
                server.add_insecure_port(f"127.0.0.1:{taken.getsockname()[1]}")
            server.stop(None)

    def test_an_address_is_text(self) -> None:
        server = implementations.server({})
        assert server.add_insecure_port(b"127.0.0.1:0") > 0  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="an address is a string"):
            server.add_insecure_port(50051)  # type: ignore[arg-type]
        server.stop(None)

    def test_stopping_with_grace_lets_calls_finish(self, transport: str) -> None:
        entered, go_on = threading.Event(), threading.Event()

        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            entered.set()
            assert go_on.wait(TIMEOUT)
            return b"finished"

        server = implementations.server({(SERVICE, "UU"): utilities.unary_unary_inline(behavior)})
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        channel = (
            implementations.inprocess_channel(server)
            if transport == "inprocess"
            else implementations.insecure_channel("127.0.0.1", port)
        )
        with channel:
            call = stub(channel).UU.future(b"", TIMEOUT)
            assert entered.wait(TIMEOUT)
            stopped = server.stop(TIMEOUT)
            assert not stopped.is_set()
            assert failure_of(lambda: stub(channel).UU(b"", TIMEOUT)).code is Code.UNAVAILABLE
            go_on.set()
            assert call.result(TIMEOUT) == b"finished"
        assert stopped.wait(TIMEOUT)

    def test_stopping_without_grace_aborts(self, serve: Serve) -> None:
        entered, aborted = threading.Event(), threading.Event()

        def behavior(request: bytes, context: face.ServicerContext) -> bytes:
            context.add_abortion_callback(lambda abortion: aborted.set())
            entered.set()
            assert aborted.wait(TIMEOUT)
            return b""

        server = implementations.server({(SERVICE, "UU"): utilities.unary_unary_inline(behavior)})
        with implementations.inprocess_channel(server) as channel:
            server.start()
            call = stub(channel).UU.future(b"", TIMEOUT)
            assert entered.wait(TIMEOUT)
            assert server.stop(None).is_set()
            assert call.exception(TIMEOUT).code is Code.UNAVAILABLE


def test_only_a_server_has_channels_in_process() -> None:
    with pytest.raises(TypeError, match="takes a server"):
        implementations.inprocess_channel(object())
