"""Errors and the mark at the end of a stream."""

from __future__ import annotations

import copy
import pickle
from typing import Any, Callable

import pytest

import grpc
from grpc import aio, experimental
from grpc.experimental import aio as older

CLONES = [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]


@pytest.fixture
def error() -> aio.AioRpcError:
    metadata = aio.Metadata(("k", "v"))
    return aio.AioRpcError(grpc.StatusCode.NOT_FOUND, metadata, aio.Metadata(), "no such thing", "debug", "/p.S/M")


def test_an_error_says_which_method_ended_how(error: aio.AioRpcError) -> None:
    assert str(error) == repr(error) == "<AioRpcError: /p.S/M ended with status NOT_FOUND: no such thing>"


@pytest.mark.parametrize("clone", CLONES)
def test_an_error_survives_copying_and_pickling(error: aio.AioRpcError, clone: Callable[[Any], Any]) -> None:
    found = clone(error)
    assert type(found) is aio.AioRpcError
    assert (found.code(), found.details(), found.debug_error_string(), str(found)) == (
        grpc.StatusCode.NOT_FOUND,
        "no such thing",
        "debug",
        str(error),
    )
    assert (found.initial_metadata(), found.trailing_metadata()) == ((("k", "v"),), ())


def test_an_error_made_of_what_is_documented_is_complete() -> None:
    error = aio.AioRpcError(grpc.StatusCode.ABORTED, aio.Metadata(), aio.Metadata())
    assert (error.details(), error.debug_error_string()) == (None, "ABORTED: None")


def test_the_hierarchy_is_the_documented_one() -> None:
    assert issubclass(aio.AioRpcError, grpc.RpcError)
    for kind in (aio.UsageError, aio.AbortError, aio.InternalError):
        assert issubclass(kind, aio.BaseError)
    assert not issubclass(aio.BaseError, grpc.RpcError)


def test_eof_is_false_prints_and_is_one_object() -> None:
    assert not aio.EOF
    assert repr(aio.EOF) == "<grpc.aio.EOF>"
    assert all(clone(aio.EOF) is aio.EOF for clone in CLONES)


def test_the_older_name_has_the_same_objects() -> None:
    assert older.__all__ == aio.__all__
    assert all(getattr(older, name) is getattr(aio, name) for name in aio.__all__)
    assert experimental.aio is older


def test_what_other_implementations_initialize_needs_nothing() -> None:
    aio.init_grpc_aio()
    aio.shutdown_grpc_aio()
