"""The private names of grpcio's asyncio API that other people's packages reach for."""

from __future__ import annotations

import typing
from typing import Any, List

import pytest

import grpc.aio
from grpc import aio
from tests.aio.conftest import Run, failure_of, path, serving, unary


async def _echo(request: bytes, context: Any) -> bytes:
    return request


class _Passing(aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        call = await continuation(client_call_details, request)
        assert isinstance(call, grpc.aio._call.UnaryUnaryCall)
        return call


def test_calls_and_their_errors_are_those_of_the_private_modules(run: Run) -> None:
    async def main() -> None:
        async with serving("inprocess", {"Echo": unary(_echo)}) as (_, channel):
            call = channel.unary_unary(path("Echo"))(b"x")
            assert isinstance(call, grpc.aio._call.UnaryUnaryCall)
            assert await call == b"x"
            error = await failure_of(channel.unary_unary(path("Nobody"))(b"x"))
            assert isinstance(error, grpc.aio._call.AioRpcError)
        async with serving("inprocess", {"Echo": unary(_echo)}, [_Passing()]) as (_, channel):
            call = channel.unary_unary(path("Echo"))(b"x")
            assert isinstance(call, grpc.aio._interceptor.InterceptedUnaryUnaryCall)
            assert await call == b"x"

    run(main())


@pytest.mark.parametrize("name", ["UnaryUnaryCall", "UnaryStreamCall", "StreamUnaryCall", "StreamStreamCall"])
def test_the_four_calls_are_named_in_both_modules(name: str) -> None:
    concrete = getattr(grpc.aio._call, name)
    assert issubclass(concrete, getattr(aio, name))
    assert getattr(grpc.aio._interceptor, name) is concrete


def test_interceptors_are_the_public_ones() -> None:
    assert grpc.aio._interceptor.ClientCallDetails is aio.ClientCallDetails
    assert grpc.aio._interceptor.UnaryUnaryClientInterceptor is aio.UnaryUnaryClientInterceptor
    assert grpc.aio._metadata.Metadata is aio.Metadata


def test_the_types_of_annotations_take_the_messages_of_a_method() -> None:
    names = grpc.aio._typing
    assert typing.get_args(names.RequestIterableType[bytes])
    assert names.ResponseIterableType[bytes] == typing.AsyncIterable[bytes]
    assert isinstance(names.RequestType, typing.TypeVar)
    assert names.Metadata is aio.Metadata


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream", "stream_unary", "stream_stream"])
def test_an_interceptor_appended_to_the_channels_list_stands_before_what_is_made_later(run: Run, kind: str) -> None:
    class Replacing(
        aio.UnaryUnaryClientInterceptor,
        aio.UnaryStreamClientInterceptor,
        aio.StreamUnaryClientInterceptor,
        aio.StreamStreamClientInterceptor,
    ):
        async def _replace(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
            raise LookupError(kind)

        intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = intercept_stream_stream = _replace

    async def main() -> None:
        async with aio.insecure_channel("127.0.0.1:1") as channel:
            appended: List[Any] = getattr(channel, f"_{kind}_interceptors")
            assert appended == []
            appended.append(Replacing())
            call = getattr(channel, kind)("/a.B/C")(b"" if kind.startswith("unary") else [b""])
            with pytest.raises(LookupError, match=kind):
                await (call if kind.endswith("unary") else call.read())

    run(main())


def test_the_channels_lists_hold_the_interceptors_that_it_was_made_with(run: Run) -> None:
    async def main() -> None:
        passing = _Passing()
        async with aio.insecure_channel("127.0.0.1:1", interceptors=[passing]) as channel:
            private: Any = channel
            assert private._unary_unary_interceptors == [passing]
            assert private._unary_stream_interceptors == []

    run(main())
