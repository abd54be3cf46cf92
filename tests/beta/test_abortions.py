"""What the end of an RPC is called: the tables, and errors as invocations raise them."""

from __future__ import annotations

import pickle
from typing import Any, Callable

import pytest

from grpc.beta import _abortions, implementations, interfaces
from grpc.framework.interfaces.face import face, utilities
from tests.beta.conftest import TIMEOUT, Receiver, failure_of, stub

Code = interfaces.StatusCode
Kind = face.Abortion.Kind
Serve = Callable[..., implementations.Channel]

NAMED = {
    Code.CANCELLED: (Kind.CANCELLED, face.CancellationError),
    Code.UNKNOWN: (Kind.REMOTE_FAILURE, face.RemoteError),
    Code.DEADLINE_EXCEEDED: (Kind.EXPIRED, face.ExpirationError),
    Code.UNIMPLEMENTED: (Kind.LOCAL_FAILURE, face.LocalError),
}
FAILURES = [code for code in Code if code is not Code.OK]


@pytest.mark.parametrize("code", FAILURES, ids=lambda code: code.name)
def test_the_code_alone_decides_kind_and_error(code: Any) -> None:
    abortion = _abortions.abortion(None, None, code, "why")
    kind, error = NAMED.get(code, (Kind.LOCAL_FAILURE, face.AbortionError))
    assert abortion == face.Abortion(kind, (), (), code, "why")
    assert type(_abortions.error(abortion)) is error


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.CANCELLED, Code.CANCELLED),
        (Kind.EXPIRED, Code.DEADLINE_EXCEEDED),
        (Kind.LOCAL_SHUTDOWN, Code.CANCELLED),
        (Kind.REMOTE_SHUTDOWN, Code.UNAVAILABLE),
        (Kind.NETWORK_FAILURE, Code.UNAVAILABLE),
        (Kind.LOCAL_FAILURE, Code.INTERNAL),
        (Kind.REMOTE_FAILURE, Code.UNKNOWN),
    ],
)
def test_an_abortion_without_a_code_is_given_one(kind: Any, code: Any) -> None:
    ending = _abortions.ending(kind, None, None)
    assert ending.code is code
    assert ending.details
    assert _abortions.ending(kind, None, "words") == (code, "words")


def test_an_abortion_with_the_code_ok_is_none_the_less_an_abortion() -> None:
    assert _abortions.ending(Kind.REMOTE_FAILURE, 0, None).code is Code.UNKNOWN


def test_a_completion_has_its_own_code_or_ok() -> None:
    assert _abortions.ending(None, None, None) == (Code.OK, "")
    assert _abortions.ending(None, 5, "none such") == (Code.NOT_FOUND, "none such")


def test_the_first_fault_counts() -> None:
    faults = _abortions.Faults()
    first = _abortions.Failure(Code.INTERNAL, "first")
    faults.add(first)
    faults.add(_abortions.Failure(Code.UNKNOWN, "second"))
    assert faults.first is first


# ------------------------------------------------------------ as invocations raise them


def failing(code: Any, details: str) -> Any:
    """A method that sets a code and answers all the same."""

    def behavior(request: bytes, context: face.ServicerContext) -> bytes:
        context.initial_metadata((("first", "1"),))
        context.terminal_metadata((("last", "2"), ("raw-bin", b"\0")))
        context.code(code)
        context.details(details)
        return b"an answer"

    return utilities.unary_unary_inline(behavior)


@pytest.mark.parametrize("code", FAILURES, ids=lambda code: code.name)
def test_every_code_arrives(serve: Serve, code: Any) -> None:
    error = failure_of(lambda: stub(serve(UU=failing(code, "why"))).UU(b"", TIMEOUT))
    assert type(error) is NAMED.get(code, (None, face.AbortionError))[1]
    assert (error.code, error.details) == (code, "why")


def test_an_error_carries_metadata_as_pairs(serve: Serve) -> None:
    error = failure_of(lambda: stub(serve(UU=failing(Code.NOT_FOUND, "none such"))).UU(b"", TIMEOUT))
    assert error.initial_metadata == (("first", "1"),)
    assert error.terminal_metadata == (("last", "2"), ("raw-bin", b"\0"))


def test_an_error_can_be_pickled(serve: Serve) -> None:
    error = failure_of(lambda: stub(serve(UU=failing(Code.NOT_FOUND, "none such"))).UU(b"", TIMEOUT))
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.code, copy.details) == (type(error), error.code, error.details)


def test_a_future_has_the_error(serve: Serve) -> None:
    future = stub(serve(UU=failing(Code.NOT_FOUND, "none such"))).UU.future(b"", TIMEOUT)
    error = future.exception(TIMEOUT)
    assert (type(error), error.code) == (face.AbortionError, Code.NOT_FOUND)
    assert (future.code(), future.details()) == (Code.NOT_FOUND, "none such")
    assert future.traceback() is not None
    assert not future.cancelled()


def test_an_event_driven_call_hears_of_the_abortion_and_of_no_response(serve: Serve) -> None:
    receiver = Receiver()
    stub(serve(UU=failing(Code.NOT_FOUND, "none such"))).UU.event(b"", receiver, receiver.abort, TIMEOUT)
    abortion = receiver.abortion()
    assert abortion == face.Abortion(
        Kind.LOCAL_FAILURE,
        (("first", "1"),),
        (("last", "2"), ("raw-bin", b"\0")),
        Code.NOT_FOUND,
        "none such",
    )
    assert [what[0] for what in receiver.heard] in (["initial", "abort"], ["abort"])


def test_responses_before_an_abortion_are_drawn_first(serve: Serve) -> None:
    def behavior(request: bytes, context: face.ServicerContext) -> Any:
        yield b"a"
        yield b"b"
        context.code(Code.ABORTED)
        context.details("that was all")

    responses = stub(serve(US=utilities.unary_stream_inline(behavior))).US(b"", TIMEOUT)
    assert [next(responses), next(responses)] == [b"a", b"b"]
    error = failure_of(lambda: next(responses))
    assert (error.code, error.details) == (Code.ABORTED, "that was all")
    assert failure_of(lambda: next(responses)).code is Code.ABORTED
    assert responses.code() is Code.ABORTED


def test_an_abortion_callback_hears_of_a_completion_with_another_code_than_ok(serve: Serve) -> None:
    heard: list[face.Abortion] = []
    future = stub(serve(UU=failing(Code.NOT_FOUND, "none such"))).UU.future(b"", TIMEOUT)
    future.exception(TIMEOUT)
    future.add_abortion_callback(heard.append)
    assert [abortion.code for abortion in heard] == [Code.NOT_FOUND]


def test_an_abortion_callback_does_not_hear_of_ok(serve: Serve) -> None:
    heard: list[face.Abortion] = []
    future = stub(serve(UU=utilities.unary_unary_inline(lambda request, context: request))).UU.future(b"a", TIMEOUT)
    assert future.result(TIMEOUT) == b"a"
    future.add_abortion_callback(heard.append)
    assert heard == []


def test_no_time_at_all_expires(serve: Serve) -> None:
    echo = stub(serve(UU=utilities.unary_unary_inline(lambda request, context: request))).UU
    error = failure_of(lambda: echo(b"", 0))
    assert type(error) is face.ExpirationError
    assert error.code is Code.DEADLINE_EXCEEDED


def test_an_unreachable_server_is_unavailable() -> None:
    with implementations.insecure_channel("127.0.0.1", 1) as channel:
        error = failure_of(lambda: stub(channel).UU(b"", TIMEOUT))
    assert type(error) is face.AbortionError
    assert error.code is Code.UNAVAILABLE


def test_a_method_that_nobody_serves_is_unimplemented(serve: Serve) -> None:
    error = failure_of(lambda: stub(serve()).UU(b"", TIMEOUT))
    assert type(error) is face.LocalError
    assert (error.code, error.details) == (Code.UNIMPLEMENTED, "Method not found!")
