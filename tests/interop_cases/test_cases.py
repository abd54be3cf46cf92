"""All test cases between our client and our server, and against a server that does everything wrong."""

from __future__ import annotations

import socket
import time
from typing import Any, Dict, Iterator

import pytest

import grpc
from grpc.interop import _aio_cases, _flags, _rules, _seeing, _sync_cases, _sync_service
from grpc.interop.protos import messages_pb2 as messages
from grpc.interop.protos import test_pb2_grpc
from tests.interop_cases import caching_proxy, rig

NO_PROXY = "no proxy that keeps responses stands before the server; --caching_proxy says that one does"

both_clients = pytest.mark.parametrize(
    "play", [pytest.param(rig.play_sync, id="sync"), pytest.param(rig.play_aio, id="aio")]
)
both_among_themselves = pytest.mark.parametrize(
    "play", [pytest.param(rig.play_among_sync, id="sync"), pytest.param(rig.play_among_aio, id="aio")]
)


def test_both_apis_have_every_case() -> None:
    assert tuple(_sync_cases.CASES) == tuple(_aio_cases.CASES) == _flags.CASES


@both_among_themselves
def test_our_client_and_our_server_pass_every_case(play: rig.Play) -> None:
    results = {result.case: (result.result, result.why) for result in play(*_flags.CASES)}
    assert results.pop("cacheable_unary") == ("not_run", NO_PROXY)
    assert results == {case: ("passed", None) for case in _flags.CASES if case != "cacheable_unary"}


@both_clients
def test_cacheable_unary_passes_where_a_proxy_keeps_responses(play: rig.Play) -> None:
    with _sync_service.serving(rig.ANY_PORT) as port, caching_proxy.serving(port) as proxy:
        (result,) = play(proxy, "cacheable_unary", flags=["--caching_proxy"])
    assert (result.result, result.why) == ("passed", None)


@both_clients
def test_cacheable_unary_fails_where_a_proxy_should_have_kept_responses(play: rig.Play) -> None:
    with _sync_service.serving(rig.ANY_PORT) as port:
        (result,) = play(port, "cacheable_unary", flags=["--caching_proxy"])
    assert result.result == "failed"
    assert str(result.why).startswith("the second response should be b'")


# ------------------------------------------------------------ the client's checks


class _Wrong(test_pb2_grpc.TestServiceServicer):
    """Does none of the things that it is asked for."""

    def EmptyCall(self, request: messages.Empty, context: Any) -> messages.Empty:
        return messages.Empty.FromString(b"\x08\x01")  # a field that nobody knows

    def UnaryCall(self, request: messages.SimpleRequest, context: Any) -> messages.SimpleResponse:
        if request.response_status.code:
            context.abort(grpc.StatusCode.UNKNOWN, request.response_status.message.strip().replace(" status", ""))
        compressed = not request.response_compressed.value
        context.set_compression(grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression)
        size = request.response_size - (0 if request.HasField("response_compressed") or self._echoing(context) else 1)
        return messages.SimpleResponse(payload=_rules.zeros(size))

    @staticmethod
    def _echoing(context: Any) -> bool:
        return any(pair[0] == _rules.ECHO_INITIAL for pair in context.invocation_metadata())

    def CacheableUnaryCall(self, request: messages.SimpleRequest, context: Any) -> messages.SimpleResponse:
        return messages.SimpleResponse(payload=messages.Payload(body=str(time.time_ns()).encode()))

    def StreamingOutputCall(self, request: messages.StreamingOutputCallRequest, context: Any) -> Iterator[Any]:
        context.set_compression(grpc.Compression.Gzip)
        sizes = [wanted.size for wanted in request.response_parameters]
        compared = any(wanted.HasField("compressed") for wanted in request.response_parameters)
        for size in sizes if compared else reversed(sizes):
            yield messages.StreamingOutputCallResponse(payload=_rules.zeros(size))

    def StreamingInputCall(self, request_iterator: Any, context: Any) -> messages.StreamingInputCallResponse:
        size = sum(len(request.payload.body) for request in request_iterator)
        return messages.StreamingInputCallResponse(aggregated_payload_size=size + 1)

    def FullDuplexCall(self, request_iterator: Any, context: Any) -> Iterator[Any]:
        for request in request_iterator:
            for wanted in request.response_parameters:
                yield messages.StreamingOutputCallResponse(payload=messages.Payload(body=b"x" * wanted.size))
        yield messages.StreamingOutputCallResponse()

    def UnimplementedCall(self, request: messages.Empty, context: Any) -> messages.Empty:
        context.abort(grpc.StatusCode.NOT_FOUND, "not here")
        raise AssertionError()


WHY: Dict[str, str] = {
    "empty_unary": "the length of the response should be 0, and is 2",
    "large_unary": "the payload's size should be 314159, and is 314158",
    "cacheable_unary": "cache-control should give a max-age, and is []",
    "client_compressed_unary": "the payload's size should be 314159, and is 314158",
    "server_compressed_unary": "whether the response is compressed should be True, and is False",
    "client_streaming": "the aggregated size should be 74922, and is 74923",
    "client_compressed_streaming": "the aggregated size should be 73086, and is 73087",
    "server_streaming": "the payload's size should be 31415, and is 58979",
    "server_compressed_streaming": "which responses are compressed should be [True, False], and is [True, True]",
    "ping_pong": "the payload should consist of zeros",
    "empty_stream": "the number of responses should be 0, and is 1",
    "custom_metadata": "what initial metadata have for x-grpc-test-echo-initial should be "
    "['test_initial_metadata_value'], and is []",
    "status_code_and_message": "the status text should be 'test status message', and is 'test message'",
    "special_status_message": "the status text should be '\\t\\ntest with whitespace\\r\\nand Unicode BMP \u263a and "
    "non-BMP \U0001f608\\t\\n', and is 'test with whitespace\\r\\nand Unicode BMP \u263a and non-BMP \U0001f608'",
    "unimplemented_method": "the status should be UNIMPLEMENTED, and is NOT_FOUND: not here",
    "rpc_soak": "the payload's size should be 314159, and is 314158",
    "channel_soak": "the payload's size should be 314159, and is 314158",
    "concurrent_large_unary": "the payload's size should be 314159, and is 314158",
    "long_lived_channel": "the payload's size should be 314159, and is 314158",
}


@both_clients
def test_what_a_server_does_wrong_fails_the_case(play: rig.Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sync_service, "TestService", _Wrong)
    with _sync_service.serving(rig.ANY_PORT) as port:
        results = play(port, *WHY)
    assert {result.case: (result.result, result.why) for result in results} == {
        case: ("failed", why) for case, why in WHY.items()
    }


@both_clients
def test_a_call_that_should_have_failed_and_does_not_fails_the_case(
    play: rig.Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Obliging(_sync_service.TestService):
        def UnimplementedCall(self, request: messages.Empty, context: Any) -> messages.Empty:
            return messages.Empty()

    monkeypatch.setattr(_sync_service, "TestService", Obliging)
    with _sync_service.serving(rig.ANY_PORT) as port:
        (result,) = play(port, "unimplemented_method")
    assert (result.result, result.why) == ("failed", "the call should have failed, and ended with OK")


@both_clients
def test_calls_of_a_soak_that_fail_are_counted(play: rig.Play) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        results = play(nobody.getsockname()[1], "rpc_soak", "channel_soak")
    for result in results:
        assert result.result == "failed"
        assert str(result.why).startswith("3 of 3 calls failed, and 0 may: call 1 ended with UNAVAILABLE: ")


@both_clients
def test_a_server_that_does_not_look_at_compression_fails_the_probe(
    play: rig.Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_seeing, "CHECKED", ())
    with _sync_service.serving(rig.ANY_PORT) as port:
        results = play(port, "client_compressed_unary", "client_compressed_streaming")
    assert {(result.result, result.why) for result in results} == {
        ("failed", "the call should have failed, and ended with OK")
    }


@both_among_themselves
def test_compression_that_cannot_be_seen_is_not_run(play: rig.Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_seeing, "_message_compressed", None)
    cases = [f"{side}_compressed_{kind}" for side in ("client", "server") for kind in ("unary", "streaming")]
    blind = "this library does not show whether a message came compressed"
    assert {result.case: (result.result, result.why) for result in play(*cases)} == {
        case: ("not_run", f"the server does not check compression: {blind}" if case.startswith("client") else blind)
        for case in cases
    }
