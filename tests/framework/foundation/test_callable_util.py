"""Tests of grpc.framework.foundation.callable_util."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable

import pytest

from grpc.framework.foundation import callable_util
from grpc.framework.foundation.callable_util import Outcome

_Caller = Callable[..., Outcome[Any]]


def _wrapping(behavior: Callable[..., Any], message: str, *args: Any, **kwargs: Any) -> Outcome[Any]:
    return callable_util.with_exceptions_logged(behavior, message)(*args, **kwargs)


@pytest.fixture(params=[callable_util.call_logging_exceptions, _wrapping], ids=["call", "wrap"])
def call(request: pytest.FixtureRequest) -> _Caller:
    caller: _Caller = request.param
    return caller


def _fail(error: BaseException) -> None:
    raise error


def test_a_call_that_returns_gives_its_value_and_logs_nothing(call: _Caller, caplog: pytest.LogCaptureFixture) -> None:
    outcome = call(divmod, "no message", 7, 2)
    assert outcome == Outcome(Outcome.Kind.RETURNED, (3, 1), None)
    assert not caplog.records


def test_keyword_arguments_reach_the_behavior(call: _Caller) -> None:
    assert call(dict, "no message", [("a", 1)], b=2).return_value == {"a": 1, "b": 2}


def test_a_call_that_raises_gives_the_exception(call: _Caller) -> None:
    error = ValueError("no")
    assert call(_fail, "failed", error) == Outcome(Outcome.Kind.RAISED, None, error)


def test_a_call_that_raises_is_logged_once_with_message_and_traceback(
    call: _Caller, caplog: pytest.LogCaptureFixture
) -> None:
    error = ValueError("no")
    call(_fail, "100% failed %s", error)
    (record,) = caplog.records
    assert record.getMessage() == "100% failed %s"
    assert record.levelname == "ERROR"
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_proper_passes_unlogged(
    call: _Caller, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(kind):
        call(_fail, "failed", kind())
    assert not caplog.records


def test_the_wrapper_passes_on_arguments_named_like_its_own() -> None:
    wrapped: _Caller = callable_util.with_exceptions_logged(dict, "failed")
    assert wrapped(behavior=1, message=2).return_value == {"behavior": 1, "message": 2}


def test_the_wrapper_carries_the_name_of_the_behavior() -> None:
    assert callable_util.with_exceptions_logged(_fail, "failed").__name__ == "_fail"


def test_an_outcome_cannot_be_changed() -> None:
    outcome = Outcome(Outcome.Kind.RETURNED, 1, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        outcome.return_value = 2  # type: ignore[misc]  # the very thing under test
    assert not hasattr(outcome, "__dict__")
