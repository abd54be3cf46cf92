"""Credentials: over TLS, of channels and of calls, and what goes wrong with them."""

from __future__ import annotations

import threading
from typing import Any, Iterator

import pytest

import grpc
from grpc.beta import _credentials, implementations, interfaces
from grpc.framework.interfaces.face import face, utilities
from tests.beta.conftest import SERVICE, TIMEOUT, Receiver, failure_of, stub
from tests.io import certificates

Code = interfaces.StatusCode

AUTHORIZATION = utilities.unary_unary_inline(
    lambda request, context: repr(
        [pair for pair in context.invocation_metadata() if pair[0] == "authorization"]
    ).encode()
)


class Plugin(interfaces.GRPCAuthMetadataPlugin):
    """Answers at once, remembering for what; or in its own way."""

    def __init__(self, metadata: Any = (("authorization", "mine"),), error: Any = None) -> None:
        self._answer = (metadata, error)
        self.contexts: list[tuple[str, str]] = []

    def __call__(
        self, context: interfaces.GRPCAuthMetadataContext, callback: interfaces.GRPCAuthMetadataPluginCallback
    ) -> None:
        self.contexts.append((context.service_url, context.method_name))
        callback(*self._answer)


class LatePlugin(Plugin):
    """Answers from another thread, and then a second time."""

    def __call__(self, context: Any, callback: Any) -> None:
        def answer() -> None:
            callback((("authorization", "late"),), None)
            callback((("authorization", "too late"),), None)

        threading.Thread(target=answer).start()


class SilentPlugin(Plugin):
    def __call__(self, context: Any, callback: Any) -> None:
        pass


class RaisingPlugin(Plugin):
    def __call__(self, context: Any, callback: Any) -> None:
        raise KeyError("lost")


def server_credentials(**options: Any) -> Any:
    key, chain = certificates.identity("localhost", "127.0.0.1")
    return implementations.ssl_server_credentials(((key, chain),), **options)


def root() -> bytes:
    return certificates.roots("first")


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a secure server that answers with the authorization that it was given."""
    server = implementations.server({(SERVICE, "UU"): AUTHORIZATION})
    number = server.add_secure_port("127.0.0.1:0", server_credentials())
    with server:
        yield number


def call_over(port: int, credentials: Any, **options: Any) -> Any:
    with implementations.secure_channel("localhost", port, credentials) as channel:
        return stub(channel).UU(b"", TIMEOUT, **options)


class TestChannelCredentials:
    def test_a_call_over_tls(self, port: int) -> None:
        assert call_over(port, implementations.ssl_channel_credentials(root())) == b"[]"

    def test_a_server_that_nobody_vouches_for_is_unavailable(self, port: int) -> None:
        credentials = implementations.ssl_channel_credentials(certificates.roots("second"))
        assert failure_of(lambda: call_over(port, credentials)).code is Code.UNAVAILABLE

    def test_a_client_that_shows_who_it_is(self) -> None:
        server = implementations.server({(SERVICE, "UU"): AUTHORIZATION})
        port = server.add_secure_port(
            "127.0.0.1:0", server_credentials(root_certificates=root(), require_client_auth=True)
        )
        with server:
            credentials = implementations.ssl_channel_credentials(root(), *certificates.identity("client.example"))
            assert call_over(port, credentials) == b"[]"

    def test_those_of_the_modern_api_are_taken_as_well(self, port: int) -> None:
        credentials = grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(root()), grpc.access_token_call_credentials("token")
        )
        assert call_over(port, credentials) == b"[('authorization', 'Bearer token')]"

    def test_a_modern_client_is_served(self, port: int) -> None:
        with grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials(root())) as channel:
            assert channel.unary_unary(f"/{SERVICE}/UU")(b"", timeout=TIMEOUT) == b"[]"


class TestCallCredentials:
    def channel_credentials(self) -> Any:
        return implementations.ssl_channel_credentials(root())

    def test_a_plugin_is_told_what_for(self, port: int) -> None:
        plugin = Plugin()
        credentials = implementations.composite_channel_credentials(
            self.channel_credentials(), implementations.metadata_call_credentials(plugin, name="mine")
        )
        assert call_over(port, credentials) == b"[('authorization', 'mine')]"
        assert plugin.contexts == [(f"https://localhost:{port}/{SERVICE}", "UU")]

    def test_those_of_a_call_follow_those_of_the_channel(self, port: int) -> None:
        credentials = implementations.composite_channel_credentials(
            self.channel_credentials(), implementations.access_token_call_credentials("of the channel")
        )
        options = interfaces.grpc_call_options(
            credentials=implementations.composite_call_credentials(
                implementations.metadata_call_credentials(Plugin()),
                implementations.access_token_call_credentials("of the call"),
            )
        )
        assert call_over(port, credentials, protocol_options=options) == (
            b"[('authorization', 'Bearer of the channel'), ('authorization', 'mine'),"
            b" ('authorization', 'Bearer of the call')]"
        )

    def test_only_the_first_answer_counts_whenever_it_comes(self, port: int) -> None:
        options = interfaces.grpc_call_options(credentials=implementations.metadata_call_credentials(LatePlugin()))
        answer = call_over(port, self.channel_credentials(), protocol_options=options)
        assert answer == b"[('authorization', 'late')]"

    @pytest.mark.parametrize(
        ("plugin", "details"),
        [
            (Plugin(error=KeyError("lost")), "Getting metadata from plugin failed with error: 'lost'"),
            (Plugin(error="lost"), "Getting metadata from plugin failed with error: lost"),
            (RaisingPlugin(), "raised exception KeyError('lost')"),
            (Plugin(metadata=(("UPPER", "x"),)), "gave metadata that cannot be sent"),
        ],
    )
    def test_a_plugin_that_fails_leaves_the_call_unauthenticated(self, port: int, plugin: Any, details: str) -> None:
        options = interfaces.grpc_call_options(credentials=implementations.metadata_call_credentials(plugin))
        error = failure_of(lambda: call_over(port, self.channel_credentials(), protocol_options=options))
        assert (type(error), error.code) == (face.AbortionError, Code.UNAUTHENTICATED)
        assert details in error.details

    def test_a_plugin_that_is_late_makes_the_call_expire(self, port: int) -> None:
        options = interfaces.grpc_call_options(credentials=implementations.metadata_call_credentials(SilentPlugin()))
        with implementations.secure_channel("localhost", port, self.channel_credentials()) as channel:
            error = failure_of(lambda: stub(channel).UU(b"", 0, protocol_options=options))
        assert type(error) is face.ExpirationError

    def test_an_event_driven_call_with_a_plugin_that_fails(self, port: int) -> None:
        options = interfaces.grpc_call_options(credentials=implementations.metadata_call_credentials(RaisingPlugin()))
        receiver = Receiver()
        with implementations.secure_channel("localhost", port, self.channel_credentials()) as channel:
            call = stub(channel).SU.event(receiver, receiver.abort, TIMEOUT, protocol_options=options)
            call.terminate()
            assert receiver.abortion().code is Code.UNAUTHENTICATED
            assert call.code() is Code.UNAUTHENTICATED

    def test_they_are_not_sent_in_the_clear(self) -> None:
        options = interfaces.grpc_call_options(credentials=implementations.access_token_call_credentials("secret"))
        channel = implementations.insecure_channel("127.0.0.1", 1)
        with channel, pytest.raises(ValueError, match="secure channels only"):
            stub(channel).UU(b"", TIMEOUT, protocol_options=options)

    def test_in_process_they_are(self) -> None:
        options = interfaces.grpc_call_options(credentials=implementations.access_token_call_credentials("token"))
        server = implementations.server({(SERVICE, "UU"): AUTHORIZATION})
        with server, implementations.inprocess_channel(server) as channel:
            answer = stub(channel).UU(b"", TIMEOUT, protocol_options=options)
        assert answer == b"[('authorization', 'Bearer token')]"


class Token:
    access_token = "from Google"


class GoogleCredentials:
    """As oauth2client has them."""

    def get_access_token(self) -> Token:
        return Token()


class SelfSigning:
    def __init__(self) -> None:
        self.claims: list[Any] = []

    def get_access_token(self, additional_claims: Any = None) -> Token:
        self.claims.append(additional_claims)
        return Token()


class Broken:
    def get_access_token(self) -> Token:
        raise KeyError("no token")


class TestGoogleCredentials:
    def ask(self, credentials: Any) -> Any:
        plugins = _credentials.plugins_of(implementations.google_call_credentials(credentials))
        return _credentials.ask(plugins, "https://host/service", "method", TIMEOUT)

    def test_their_token_is_sent(self) -> None:
        assert self.ask(GoogleCredentials()) == (("authorization", "Bearer from Google"),)

    def test_those_that_take_claims_are_told_the_audience(self) -> None:
        credentials = SelfSigning()
        assert self.ask(credentials) == (("authorization", "Bearer from Google"),)
        assert credentials.claims == [{"aud": "https://host/service"}]

    def test_their_failure_is_the_plugins(self) -> None:
        with pytest.raises(_credentials.Failure, match="no token"):
            self.ask(Broken())


@pytest.mark.parametrize("make", [implementations.composite_call_credentials, _credentials.plugins_of])
def test_call_credentials_are_known_by_what_they_hold(make: Any) -> None:
    for wrong in (None, "text", implementations.ssl_channel_credentials()):
        with pytest.raises(TypeError, match="CallCredentials"):
            make(wrong)


def test_channel_credentials_are_known_by_what_they_hold() -> None:
    for wrong in (None, implementations.access_token_call_credentials("t"), grpc.local_channel_credentials()):
        with pytest.raises(TypeError, match="ChannelCredentials"):
            implementations.secure_channel("localhost", 1, wrong)


def test_server_credentials_are_known_by_what_they_hold() -> None:
    server = implementations.server({})
    with pytest.raises(TypeError, match="ServerCredentials"):
        server.add_secure_port("127.0.0.1:0", None)
    server.stop(None)


def test_local_server_credentials_are_for_addresses_of_this_machine() -> None:
    server = implementations.server({})
    with pytest.raises(ValueError, match="loopback"):
        server.add_secure_port("192.0.2.1:0", grpc.local_server_credentials())
    assert server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials()) > 0
    server.stop(None)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("text",), TypeError),
        ((None, b"key"), ValueError),
        ((None, None, b"chain"), ValueError),
    ],
)
def test_channel_credentials_are_pem_texts_and_whole_pairs(arguments: Any, error: Any) -> None:
    with pytest.raises(error):
        implementations.ssl_channel_credentials(*arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((),), "At least one private key"),
        (((b"k",),), "are pairs"),
        ((((b"k", b"c"),), None, True), "Illegal to require client auth"),
    ],
)
def test_server_credentials_that_cannot_serve_are_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        implementations.ssl_server_credentials(*arguments)


def test_a_plugin_can_be_called() -> None:
    with pytest.raises(TypeError, match="metadata plugin"):
        implementations.metadata_call_credentials("text")  # type: ignore[arg-type]


def test_a_token_is_not_shown() -> None:
    (plugin,) = _credentials.plugins_of(implementations.access_token_call_credentials("secret"))
    assert "secret" not in repr(plugin)
