"""Errors that users can work with."""

from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
import textwrap
import traceback
from typing import Any, Callable, List

import pytest

import grpc
from grpc._modern import _rpc
from grpc.framework.interfaces.face import face
from tests.modern.conftest import failure_of, path, unary

Serve = Callable[..., grpc.Channel]


def refuse(request: bytes, context: grpc.ServicerContext) -> bytes:
    context.set_trailing_metadata((("why", "because"), ("raw-bin", b"\0")))
    context.abort(grpc.StatusCode.ABORTED, "no")
    return b""


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_rpc_error_is_copied_and_pickled_with_its_status(serve: Serve, again: Callable[[Any], Any]) -> None:
    error = failure_of(lambda: serve(Refuse=unary(refuse)).unary_unary(path("Refuse"))(b"", timeout=10))
    same = again(error)
    assert (same.code(), same.details()) == (grpc.StatusCode.ABORTED, "no")
    assert tuple(same.trailing_metadata()) == (("why", "because"), ("raw-bin", b"\0"))
    assert str(same) == str(error)


def test_an_rpc_error_says_what_happened(serve: Serve) -> None:
    error = failure_of(lambda: serve(Refuse=unary(refuse)).unary_unary(path("Refuse"))(b"", timeout=10))
    assert str(error) == "<RpcError: /tests.Service/Refuse ended with status ABORTED: no>"
    assert error.debug_error_string() == "ABORTED: no"
    assert not error.is_active()
    assert error.time_remaining() is None


def test_an_rpc_error_is_a_future_that_is_over(serve: Serve) -> None:
    error = failure_of(lambda: serve(Refuse=unary(refuse)).unary_unary(path("Refuse"))(b"", timeout=10))
    assert isinstance(error, grpc.Future)
    assert (error.done(), error.running(), error.cancelled(), error.cancel()) == (True, False, False, False)
    assert error.exception() is error
    assert error.traceback() is error.__traceback__
    told: List[Any] = []
    error.add_done_callback(told.append)
    assert told == [error]
    with pytest.raises(grpc.RpcError) as raised:
        error.result()
    assert raised.value is error


def test_the_traceback_ends_in_the_public_api(serve: Serve) -> None:
    call = serve(Refuse=unary(refuse)).unary_unary(path("Refuse"))
    for style in (call, call.with_call, lambda request, timeout: call.future(request, timeout=timeout).result()):
        error = failure_of(lambda style=style: style(b"", timeout=10))  # type: ignore[misc]
        ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/grpc/" in frame.filename]
        assert [frame.name for frame in ours] in (["__call__"], ["with_call"], ["result"])
        assert error.__suppress_context__


def test_the_error_of_the_system_is_the_cause() -> None:
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        error = failure_of(lambda: channel.unary_unary("/a/b")(b"", timeout=10))
    assert isinstance(error.__cause__, ConnectionRefusedError)
    assert "ConnectionRefusedError" in error.debug_error_string()


def test_nothing_is_logged_where_nobody_listens() -> None:
    program = """
        import grpc
        with grpc.insecure_channel("127.0.0.1:1") as channel:
            try:
                channel.unary_unary("/a/b")(b"", timeout=10)
            except grpc.RpcError as error:
                print(error.code().name)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("UNAVAILABLE\n", "")


def test_loggers_are_named_after_the_package(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    def fail(request: bytes, context: grpc.ServicerContext) -> bytes:
        raise ValueError("broken")

    with caplog.at_level(logging.DEBUG):
        failure_of(lambda: serve(Fail=unary(fail)).unary_unary(path("Fail"))(b"", timeout=10))
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert errors[0].name.startswith("grpc.")


def test_control_c_ends_a_blocking_call_at_once() -> None:
    program = """
        import signal, threading
        from concurrent import futures
        import grpc

        began, release = threading.Event(), threading.Event()
        ended = threading.Event()

        def wait(request, context):
            context.add_callback(ended.set)
            began.set()
            release.wait(300)
            return b""

        pool = futures.ThreadPoolExecutor(1)
        server = grpc.server(pool)
        server.add_registered_method_handlers("s", {"Wait": grpc.unary_unary_rpc_method_handler(wait)})
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()

        def interrupt():
            began.wait(20)
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=10)
            threading.Thread(target=interrupt).start()
            try:
                channel.unary_unary("/s/Wait")(b"", timeout=300)
            except KeyboardInterrupt:
                print("interrupted", ended.wait(10))
        release.set()
        server.stop(None)
        pool.shutdown()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("interrupted True\n", "")


class _Ended:
    """A Face call that was aborted when everything of the service's had arrived, its OK included."""

    def __init__(self, kind: face.Abortion.Kind) -> None:
        self._kind = kind

    def code(self) -> int:
        return 0

    def details(self) -> str:
        return ""

    def initial_metadata(self) -> Any:
        return ()

    terminal_metadata = initial_metadata

    def protocol_context(self) -> Any:
        return None

    def add_abortion_callback(self, callback: Callable[[face.Abortion], None]) -> None:
        callback(face.Abortion(self._kind, (), (), 0, ""))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (face.Abortion.Kind.CANCELLED, grpc.StatusCode.CANCELLED),
        (face.Abortion.Kind.EXPIRED, grpc.StatusCode.DEADLINE_EXCEEDED),
        (face.Abortion.Kind.LOCAL_SHUTDOWN, grpc.StatusCode.CANCELLED),
        (face.Abortion.Kind.REMOTE_SHUTDOWN, grpc.StatusCode.UNAVAILABLE),
        (face.Abortion.Kind.NETWORK_FAILURE, grpc.StatusCode.UNAVAILABLE),
        (face.Abortion.Kind.LOCAL_FAILURE, grpc.StatusCode.INTERNAL),
        (face.Abortion.Kind.REMOTE_FAILURE, grpc.StatusCode.UNIMPLEMENTED),
    ],
)
def test_an_rpc_that_is_aborted_after_its_ok_has_arrived_has_the_status_of_the_abortion(
    kind: face.Abortion.Kind, code: grpc.StatusCode
) -> None:
    ending = _rpc.ending_of(_Ended(kind), "/a/b")  # type: ignore[arg-type]  # the part of a call that is asked
    assert ending.code is code
    assert ending.details
