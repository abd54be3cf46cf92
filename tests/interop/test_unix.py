"""Sockets with names in place of ports between ours and grpcio, both ways, in plaintext and over TLS."""

from __future__ import annotations

import tempfile
import uuid
from typing import TYPE_CHECKING, Iterator

import pytest

from tests.interop.conversation import ask, seen_return, texts

if TYPE_CHECKING:
    from tests.interop.conversation import Conversation

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [("grpcio", "ours"), ("ours", "grpcio"), ("grpcio", "ours-aio"), ("ours-aio", "grpcio")]

# A socket's name is nobody's certificate's.
_OPTIONS = [("grpc.ssl_target_name_override", "localhost")]


@pytest.fixture(params=["unix:", "unix://", "unix-abstract:"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where nobody listens yet, in each of the forms."""
    scheme: str = request.param
    if scheme == "unix-abstract:":
        yield f"{scheme}{uuid.uuid4()}"
        return
    # Not pytest's folder, whose name may be longer than a socket's may.
    with tempfile.TemporaryDirectory() as folder:
        yield f"{scheme}{folder}/socket"


def test_calls_go_over_a_socket_with_a_name(talk: Conversation, address: str) -> None:
    channel = talk.channel(talk.serve(address=address).target, _OPTIONS)
    requests = [ask(["return"], size=size) for size in (0, 200_000, 1)]
    answer = talk.call(channel, "stream_stream", *requests)
    assert (answer["code"], answer["responses"]) == ("OK", [seen_return(request) for request in requests])


def test_the_client_is_no_address(talk: Conversation, address: str) -> None:
    channel = talk.channel(talk.serve(address=address).target, _OPTIONS)
    (peer,) = texts(talk.call(channel, "unary_unary", ask(["tell", "peer"])))
    assert peer.startswith("unix")


def test_nobody_listens_there_after_a_stop(talk: Conversation, address: str) -> None:
    server = talk.serve(address=address)
    channel = talk.channel(server.target, _OPTIONS)
    assert talk.call(channel, "unary_unary", ask())["code"] == "OK"
    server.stop(None)
    server.await_stop()
    assert talk.call(channel, "unary_unary", ask())["code"] == "UNAVAILABLE"
