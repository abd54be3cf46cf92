"""Who is who over TLS, and who is refused, between ours and its peers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.interop.conversation import (
    TLS,
    ask,
    client_identity,
    identity_of,
    server_identity,
    texts,
    trust,
    where,
)

if TYPE_CHECKING:
    from tests.interop.conversation import Conversation

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

PAIRS = [
    ("grpcio", "ours"),
    ("ours", "grpcio"),
    ("grpcio", "ours-aio"),
    ("ours-aio", "grpcio"),
    ("grpclib", "ours"),
    ("ours", "grpclib"),
]
SECURITIES = [TLS]

_IDENTITY = ask(["tell", "identity"])


class TestIdentity:
    """What a server knows of its client."""

    def test_a_client_that_shows_a_certificate_is_known_by_its_name(self, talk: Conversation) -> None:
        server = talk.serve(security=server_identity(asks=True))
        answer = talk.call(
            talk.channel(server.target, security=client_identity("client.test")), "unary_unary", _IDENTITY
        )
        assert answer["code"] == "OK"
        key, identities = identity_of(answer)
        assert identities == ["client.test"]
        assert key == (None if talk.server == "grpclib" else "x509_subject_alternative_name")

    # grpclib has no word for "nobody".
    @where(lambda client, server: server != "grpclib")
    def test_a_client_that_shows_no_certificate_is_nobody(self, talk: Conversation) -> None:
        answer = talk.call(talk.channel(talk.serve().target), "unary_unary", _IDENTITY)
        assert (answer["code"], identity_of(answer)) == ("OK", [None, None])

    @where(lambda client, server: server != "grpclib")
    def test_clients_of_one_server_are_told_apart(self, talk: Conversation) -> None:
        server = talk.serve(security=server_identity(asks=True))
        for name in ("one.test", "two.test", "one.test"):
            channel = talk.channel(server.target, security=client_identity(name))
            assert identity_of(talk.call(channel, "unary_unary", _IDENTITY))[1] == [name]

    # grpclib's client cannot be told.
    @where(lambda client, server: client != "grpclib")
    def test_a_server_known_by_another_name_is_taken_by_that(self, talk: Conversation) -> None:
        server = talk.serve(security=server_identity("elsewhere.test"))
        options = [("grpc.ssl_target_name_override", "elsewhere.test")]
        answer = talk.call(talk.channel(server.target, options), "unary_unary", ask(["send", "x"]))
        assert (answer["code"], texts(answer)) == ("OK", ["x"])


class TestRefusal:
    """Whoever is not who they should be finds nobody."""

    def test_a_client_without_a_certificate_is_refused_where_one_is_demanded(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve(security=server_identity(asks=True)).target)
        # grpclib's client learns of it by an end without a reason.
        expected = ["UNAVAILABLE", "CANCELLED"] if talk.client == "grpclib" else ["UNAVAILABLE"]
        assert talk.call(channel, "unary_unary", ask())["code"] in expected

    def test_a_server_that_another_authority_vouches_for_is_refused(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve().target, security=trust("second"))
        answer = talk.call(channel, "unary_unary", ask())
        assert answer["code"] == "UNAVAILABLE"
        assert "certificate" in answer["details"].lower()

    def test_a_server_of_another_name_is_refused(self, talk: Conversation) -> None:
        server = talk.serve(security=server_identity("elsewhere.test"))
        assert talk.call(talk.channel(server.target, security=trust()), "unary_unary", ask())["code"] == "UNAVAILABLE"

    def test_a_server_in_plaintext_is_refused(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve(security=None).target)
        assert talk.call(channel, "unary_unary", ask())["code"] == "UNAVAILABLE"

    def test_a_client_in_plaintext_is_refused(self, talk: Conversation) -> None:
        channel = talk.channel(talk.serve().target, security=None)
        expected = ["UNAVAILABLE", "CANCELLED"] if talk.client == "grpclib" else ["UNAVAILABLE"]
        assert talk.call(channel, "unary_unary", ask())["code"] in expected

    def test_the_next_client_is_served_after_one_was_refused(self, talk: Conversation) -> None:
        server = talk.serve()
        talk.call(talk.channel(server.target, security=trust("second")), "unary_unary", ask())
        assert talk.call(talk.channel(server.target), "unary_unary", ask())["code"] == "OK"
