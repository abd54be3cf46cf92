"""Credentials: who is believed, who is shown, and what is added to calls."""

from __future__ import annotations

import contextlib
import threading
from concurrent import futures
from typing import Any, Iterator, List, Optional

import pytest
import trustme

import grpc
from tests.modern import conftest
from tests.modern.conftest import SERVICE, failure_of, identity, path, unary


def metadata_of(request: bytes, context: grpc.ServicerContext) -> bytes:
    return repr([tuple(item) for item in context.invocation_metadata() if item.key in ("authorization", "by")]).encode()


def who(request: bytes, context: grpc.ServicerContext) -> bytes:
    return repr((context.peer_identity_key(), list(context.peer_identities() or ()))).encode()


@contextlib.contextmanager
def listening(credentials: Optional[grpc.ServerCredentials]) -> Iterator[str]:
    """The address of a server with these credentials."""
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler(SERVICE, {"Metadata": unary(metadata_of), "Who": unary(who)})]
        )
        if credentials is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None)


def roots() -> bytes:
    pem: bytes = conftest.authority().cert_pem.bytes()
    return pem


class TestCertificates:
    def test_a_client_shows_its_certificate_to_a_server_that_asks(self) -> None:
        key, chain = identity("client.example")
        with (
            listening(grpc.ssl_server_credentials([identity("127.0.0.1")], roots(), True)) as target,
            grpc.secure_channel(target, grpc.ssl_channel_credentials(roots(), key, chain)) as channel,
        ):
            answer = channel.unary_unary(path("Who"))(b"", timeout=10)
        assert answer == repr(("x509_subject_alternative_name", [b"client.example"])).encode()

    def test_a_client_without_a_certificate_is_not_let_in_where_one_is_required(self) -> None:
        with (
            listening(grpc.ssl_server_credentials([identity("127.0.0.1")], roots(), True)) as target,
            grpc.secure_channel(target, grpc.ssl_channel_credentials(roots())) as channel,
        ):
            error = failure_of(lambda: channel.unary_unary(path("Who"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert target in error.details()

    def test_a_server_that_nobody_believed_vouches_for_is_unavailable_with_the_reason(self) -> None:
        with (
            listening(conftest.server_credentials()) as target,
            grpc.secure_channel(target, grpc.ssl_channel_credentials(trustme.CA().cert_pem.bytes())) as channel,
        ):
            error = failure_of(lambda: channel.unary_unary(path("Who"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert "certificate" in error.details()
        assert error.__cause__ is not None

    def test_a_certificate_for_another_name_is_refused_and_the_override_changes_the_name(self) -> None:
        with listening(grpc.ssl_server_credentials([identity("other.example")])) as target:
            with grpc.secure_channel(target, conftest.channel_credentials()) as channel:
                error = failure_of(lambda: channel.unary_unary(path("Who"))(b"", timeout=10))
                assert error.code() is grpc.StatusCode.UNAVAILABLE
            options = [("grpc.ssl_target_name_override", "other.example")]
            with grpc.secure_channel(target, conftest.channel_credentials(), options) as channel:
                assert channel.unary_unary(path("Who"))(b"", timeout=10)

    def test_a_server_that_speaks_plaintext_is_unavailable_to_tls(self) -> None:
        with listening(None) as target, grpc.secure_channel(target, conftest.channel_credentials()) as channel:
            error = failure_of(lambda: channel.unary_unary(path("Who"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert target in error.details()

    def test_a_server_that_speaks_tls_is_unavailable_to_plaintext(self) -> None:
        with listening(conftest.server_credentials()) as target, grpc.insecure_channel(target) as channel:
            error = failure_of(lambda: channel.unary_unary(path("Who"))(b"", timeout=10))
        assert error.code() is grpc.StatusCode.UNAVAILABLE

    def test_a_server_changes_its_certificate_while_it_runs(self) -> None:
        fetched: List[str] = []
        names = iter(["127.0.0.1", "changed.example"])

        def fetch() -> Any:
            name = next(names, None)
            if name is None:
                return None
            fetched.append(name)
            return grpc.ssl_server_certificate_configuration([identity(name)])

        initial = grpc.ssl_server_certificate_configuration([identity("initial.example")])
        with listening(grpc.dynamic_ssl_server_credentials(initial, fetch)) as target:
            with grpc.secure_channel(target, conftest.channel_credentials()) as channel:
                assert channel.unary_unary(path("Who"))(b"", timeout=10)
            options = [("grpc.ssl_target_name_override", "changed.example")]
            for _ in range(2):
                with grpc.secure_channel(target, conftest.channel_credentials(), options) as channel:
                    assert channel.unary_unary(path("Who"))(b"", timeout=10)
        assert fetched == ["127.0.0.1", "changed.example"]


class Plugin(grpc.AuthMetadataPlugin):
    """Answers at once, later from another thread, with an error, or not at all."""

    def __init__(self, how: str, value: str = "plugin") -> None:
        self._how = how
        self._value = value
        self.asked: List[Any] = []

    def __call__(self, context: Any, callback: Any) -> None:
        self.asked.append((context.service_url, context.method_name))
        if self._how == "now":
            callback((("by", self._value),), None)
        elif self._how == "later":
            threading.Thread(target=callback, args=((("by", self._value),), None)).start()
        elif self._how == "error":
            callback((), RuntimeError("no token today"))
        elif self._how == "raise":
            raise RuntimeError("broken")
        elif self._how == "bad":
            callback((("Not A Key", "x"),), None)


class TestCallCredentials:
    @pytest.fixture
    def target(self) -> Iterator[str]:
        with listening(conftest.server_credentials()) as target:
            yield target

    @pytest.mark.parametrize("how", ["now", "later"])
    def test_a_plugin_adds_metadata_to_a_call(self, target: str, how: str) -> None:
        plugin = Plugin(how)
        with grpc.secure_channel(target, conftest.channel_credentials()) as channel:
            answer = channel.unary_unary(path("Metadata"))(
                b"", timeout=10, credentials=grpc.metadata_call_credentials(plugin)
            )
        assert answer == b"[('by', 'plugin')]"
        assert plugin.asked == [(f"https://{target}/{SERVICE}", "Metadata")]

    def test_those_of_the_channel_and_of_the_call_add_up(self, target: str) -> None:
        of_channel = grpc.composite_channel_credentials(
            conftest.channel_credentials(),
            grpc.composite_call_credentials(
                grpc.metadata_call_credentials(Plugin("now", "a")), grpc.metadata_call_credentials(Plugin("now", "b"))
            ),
        )
        with grpc.secure_channel(target, of_channel) as channel:
            call = channel.unary_unary(path("Metadata"))
            assert call(b"", timeout=10) == b"[('by', 'a'), ('by', 'b')]"
            token = grpc.access_token_call_credentials("secret")
            answer = call(b"", timeout=10, credentials=token)
            assert answer == b"[('by', 'a'), ('by', 'b'), ('authorization', 'Bearer secret')]"

    @pytest.mark.parametrize(
        ("how", "code", "text"),
        [
            ("error", grpc.StatusCode.UNAVAILABLE, "no token today"),
            ("raise", grpc.StatusCode.UNAVAILABLE, "broken"),
            ("bad", grpc.StatusCode.UNAVAILABLE, "cannot be sent"),
            ("never", grpc.StatusCode.DEADLINE_EXCEEDED, "did not answer in time"),
        ],
    )
    def test_a_plugin_that_fails_fails_the_call(self, target: str, how: str, code: grpc.StatusCode, text: str) -> None:
        credentials = grpc.metadata_call_credentials(Plugin(how))
        with grpc.secure_channel(target, conftest.channel_credentials()) as channel:
            error = failure_of(lambda: channel.unary_unary(path("Metadata"))(b"", timeout=0.2, credentials=credentials))
        assert error.code() is code
        assert text in error.details()

    def test_they_may_be_sent_in_plaintext_within_this_machine(self) -> None:
        credentials = grpc.composite_channel_credentials(
            grpc.local_channel_credentials(), grpc.access_token_call_credentials("secret")
        )
        with listening(grpc.local_server_credentials()) as target, grpc.secure_channel(target, credentials) as channel:
            answer = channel.unary_unary(path("Metadata"))(b"", timeout=10)
        assert answer == b"[('authorization', 'Bearer secret')]"


def test_insecure_server_credentials_make_a_plaintext_port() -> None:
    with listening(grpc.insecure_server_credentials()) as target, grpc.insecure_channel(target) as channel:
        assert channel.unary_unary(path("Metadata"))(b"", timeout=10) == b"[]"
