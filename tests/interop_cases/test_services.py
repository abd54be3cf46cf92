"""What our servers do beyond the cases of our clients: others call them too."""

from __future__ import annotations

import asyncio
import contextlib
import types
from typing import Any, AsyncIterator, Awaitable, Callable, List, Tuple

import pytest

import grpc
import grpc.aio
from grpc.interop import _aio_service, _rules, _sync_service
from grpc.interop.protos import messages_pb2 as messages
from grpc.interop.protos import test_pb2_grpc
from tests.interop_cases import rig

Stub = Any
Waited = List[float]


@contextlib.asynccontextmanager
async def _sync_serving() -> AsyncIterator[int]:
    with _sync_service.serving(rig.ANY_PORT) as port:
        yield port


def _aio_serving() -> Any:
    return _aio_service.serving(rig.ANY_PORT)


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Waited:
    """How long the servers have waited, for they do not really."""
    waited: Waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(_sync_service, "time", types.SimpleNamespace(sleep=waited.append))
    monkeypatch.setattr(_aio_service, "asyncio", types.SimpleNamespace(sleep=sleep))
    return waited


@pytest.fixture(params=[_sync_serving, _aio_serving], ids=["sync", "aio"])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[Stub], Awaitable[None]]], None]:
    """Runs a test with a stub of either server."""

    async def main(test: Callable[[Stub], Awaitable[None]]) -> None:
        async with request.param() as port, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await test(test_pb2_grpc.TestServiceStub(channel))

    return lambda test: asyncio.run(main(test))


Run = Callable[[Callable[[Stub], Awaitable[None]]], None]


class _Context:
    """As much of a servicer context as a stream needs."""

    def invocation_metadata(self) -> Tuple[()]:
        return ()

    def set_trailing_metadata(self, metadata: object) -> None:
        pass

    def disable_next_message_compression(self) -> None:
        pass


def test_half_duplex_reads_the_last_request_before_it_answers_the_first() -> None:
    requests = iter([_rules.output_request((size, size + 1)) for size in (3, 5)])
    responses = _sync_service.TestService().HalfDuplexCall(requests, _Context())
    first = next(responses)
    assert next(requests, None) is None
    assert [len(response.payload.body) for response in (first, *responses)] == [3, 4, 5, 6]


def test_half_duplex_does_so_on_the_asynchronous_api() -> None:
    read: List[int] = []

    async def requests() -> AsyncIterator[messages.StreamingOutputCallRequest]:
        for size in (3, 5):
            read.append(size)
            yield _rules.output_request((size, size + 1))

    async def main() -> None:
        sizes = []
        async for response in _aio_service.TestService().HalfDuplexCall(requests(), _Context()):
            assert read == [3, 5]
            sizes.append(len(response.payload.body))
        assert sizes == [3, 4, 5, 6]

    asyncio.run(main())


def test_a_stream_waits_before_each_response_as_long_as_it_is_asked_to(run: Run, waited: Waited) -> None:
    async def test(stub: Stub) -> None:
        parameters = [messages.ResponseParameters(size=1, interval_us=interval) for interval in (1500000, 0, 20)]
        call = stub.StreamingOutputCall(messages.StreamingOutputCallRequest(response_parameters=parameters))
        assert len([response async for response in call]) == 3

    run(test)
    assert waited == [1.5, 20e-6]


def test_a_status_that_is_asked_for_follows_the_responses(run: Run) -> None:
    async def test(stub: Stub) -> None:
        request = _rules.output_request((7,))
        request.response_status.CopyFrom(messages.EchoStatus(code=5, message="as asked"))
        call = stub.StreamingOutputCall(request, timeout=_rules.TIMEOUT)
        assert len((await call.read()).payload.body) == 7
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call.read()
        assert (raised.value.code(), raised.value.details()) == (grpc.StatusCode.NOT_FOUND, "as asked")

    run(test)


@pytest.mark.parametrize(
    ("sent", "expected", "came"),
    [(grpc.Compression.NoCompression, True, "uncompressed"), (grpc.Compression.Gzip, False, "compressed")],
)
def test_a_request_that_is_not_as_compressed_as_it_says_is_refused(
    run: Run, sent: grpc.Compression, expected: bool, came: str
) -> None:
    async def refused(call: Awaitable[object]) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await call
        assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert raised.value.details() == f"the request came {came}, and should not have"

    async def test(stub: Stub) -> None:
        zeros, flag = _rules.zeros(1000), _rules.flag(expected)
        one = messages.SimpleRequest(payload=zeros, expect_compressed=flag)
        await refused(stub.UnaryCall(one, compression=sent, timeout=_rules.TIMEOUT))
        many = [messages.StreamingInputCallRequest(payload=zeros, expect_compressed=flag)]
        await refused(stub.StreamingInputCall(many, compression=sent, timeout=_rules.TIMEOUT))

    run(test)


def test_each_cacheable_response_is_another_one(run: Run) -> None:
    async def test(stub: Stub) -> None:
        bodies = {(await stub.CacheableUnaryCall(messages.SimpleRequest())).payload.body for _ in range(5)}
        assert len(bodies) == 5

    run(test)
