"""Keepalive between ours and grpcio: pings that are welcome do no harm, and others end the connection."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import pytest

from tests.interop.conversation import PLAINTEXT, TLS, ask, where
from tests.interop.wire_tap import WireTap

if TYPE_CHECKING:
    from tests.interop.conversation import Conversation

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [("grpcio", "ours"), ("ours", "grpcio"), ("ours-aio", "grpcio")]

# Pings at this pace, whatever is sent or not. grpcio's client makes a second of it, but not its server.
_PINGING = [("grpc.keepalive_time_ms", 50), ("grpc.http2.max_pings_without_data", 0)]
# A server that permits them.
_PATIENT = [("grpc.http2.min_ping_interval_without_data_ms", 10), ("grpc.http2.max_ping_strikes", 0)]
# More than a server takes that permits none.
_MANY = 4
# Enough for as many, in seconds: a timeout.
_HELD = 0.4


def _client_is_quick(client: str, server: str) -> bool:
    return client != "grpcio"


class TestClient:
    """A client that asks whether its server is there."""

    @where(_client_is_quick, [PLAINTEXT])
    def test_pings_that_the_server_permits_do_no_harm(self, talk: Conversation) -> None:
        server = talk.serve(_PATIENT)
        with contextlib.closing(WireTap(server.target)) as wire:
            channel = talk.channel(wire.target, _PINGING)
            call = talk.open(channel, "stream_stream", ask(["hold"]))
            server.await_call(call.tag)
            wire.requests.await_pings(_MANY)
            server.release(call.tag)
            assert call.finish()["code"] == "OK"

    @where(securities=[TLS])  # once is enough, for grpcio's client takes three seconds
    def test_pings_that_it_does_not_permit_end_the_connection(
        self, talk: Conversation, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = talk.serve()
        call = talk.open(talk.channel(server.target, _PINGING), "stream_stream", ask(["hold"]))
        server.await_call(call.tag)
        assert call.finish()["code"] == "UNAVAILABLE"
        server.await_call(call.tag, "over")
        if talk.client.startswith("ours"):
            (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
            assert "because of too many pings" in record.getMessage()


class TestBoth:
    """Both at once, out of sight: what a ping would spoil is seen by how the call ends."""

    @where(securities=[TLS])
    def test_welcome_pings_over_tls_do_no_harm(self, talk: Conversation) -> None:
        server = talk.serve([*_PINGING, *_PATIENT])
        call = talk.open(talk.channel(server.target, _PINGING), "stream_stream", ask(["hold"]), timeout=_HELD)
        server.await_call(call.tag)
        assert call.finish()["code"] == "DEADLINE_EXCEEDED"


class TestServer:
    """A server that asks whether its clients are there."""

    @where(securities=[PLAINTEXT])
    def test_its_pings_are_answered_and_do_no_harm(self, talk: Conversation) -> None:
        # Its first ping that nobody answers in time would end the connection.
        server = talk.serve([*_PINGING, ("grpc.keepalive_timeout_ms", 5000)])
        with contextlib.closing(WireTap(server.target)) as wire:
            call = talk.open(talk.channel(wire.target), "stream_stream", ask(["hold"]))
            server.await_call(call.tag)
            wire.responses.await_pings(_MANY)
            server.release(call.tag)
            assert call.finish()["code"] == "OK"
