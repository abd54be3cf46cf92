"""Contexts made of PEM texts: what is loaded, and what is said about what cannot be."""

from __future__ import annotations

import os
import ssl
import stat
from typing import TYPE_CHECKING, Any, List, Optional

import pytest

from grpc._io import tls, tls_contexts
from grpc._values.security import ClientSecurity, KeyAndChain, ServerCertificates, ServerSecurity
from tests.io import certificates

if TYPE_CHECKING:
    import pathlib

GOOD = certificates.identity("localhost", "127.0.0.1", "::1")
OTHER = certificates.identity("other.example")


def _certificate_seen(server: ssl.SSLContext, name: str, believing: str = "first") -> bytes:
    """The certificate that a client gets to see that asks for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificates.roots(believing).decode())
    context.check_hostname = False
    context.set_alpn_protocols([tls.ALPN])
    client, other = tls.Session(context, name), tls.Session(server)
    client.handshake()
    for _ in range(3):
        other.receive(client.output())
        other.handshake()
        client.receive(other.output())
        client.handshake()
    (pem,) = client.auth_context()["x509_pem_cert"]
    return pem.strip()


class TestClients:
    def test_equal_values_share_a_context(self) -> None:
        first = tls_contexts.client_context(certificates.client(server_name="a"))
        assert tls_contexts.client_context(certificates.client(server_name="b")) is first
        assert tls_contexts.client_context(certificates.client(roots_of=("second",))) is not first

    def test_names_and_certificates_are_checked(self) -> None:
        context = tls_contexts.client_context(ClientSecurity())
        assert context.check_hostname
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2

    def test_without_roots_the_systems_are_believed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: List[Any] = []
        monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda self: asked.append(self))
        monkeypatch.setenv(tls_contexts.CIPHERS_VARIABLE, "ECDHE+AESGCM:ECDHE+CHACHA20:DEFAULT")  # no shared context
        monkeypatch.delenv(tls_contexts.ROOTS_VARIABLE, raising=False)
        context = tls_contexts.client_context(ClientSecurity())
        assert asked == [context]

    def test_the_environment_names_other_default_roots(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
    ) -> None:
        path = tmp_path / "roots.pem"
        path.write_bytes(certificates.roots("first", "second"))
        monkeypatch.setenv(tls_contexts.ROOTS_VARIABLE, str(path))
        context = tls_contexts.client_context(ClientSecurity())
        assert context.cert_store_stats()["x509_ca"] == 2

    def test_given_roots_win_over_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(tls_contexts.ROOTS_VARIABLE, "/nowhere")
        assert tls_contexts.client_context(certificates.client()).cert_store_stats()["x509_ca"] == 1

    def test_default_roots_that_cannot_be_read_are_an_error_that_names_the_variable(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(tls_contexts.ROOTS_VARIABLE, "/nowhere")
        with pytest.raises(ValueError, match=f"{tls_contexts.ROOTS_VARIABLE} is '/nowhere', which cannot be used"):
            tls_contexts.client_context(ClientSecurity())

    def test_the_environment_chooses_cipher_suites(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(tls_contexts.CIPHERS_VARIABLE, "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256")
        for context in (
            tls_contexts.client_context(certificates.client()),
            tls_contexts.ServerContexts(certificates.server()).next(),
        ):
            old = [cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
            assert sorted(old) == ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"]

    def test_unknown_cipher_suites_are_an_error_that_says_what_to_write(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(tls_contexts.CIPHERS_VARIABLE, "NONSENSE")
        with pytest.raises(ValueError, match="write OpenSSL's names with colons between"):
            tls_contexts.client_context(certificates.client())

    @pytest.mark.parametrize("roots", [b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nxx\n"])
    def test_bad_roots_are_an_error(self, roots: bytes) -> None:
        with pytest.raises(ValueError, match="the root certificates are not usable PEM"):
            tls_contexts.client_context(ClientSecurity(root_certificates=roots))

    def test_comments_in_roots_may_be_in_any_language(self) -> None:
        roots = "# Größe\n".encode() + certificates.roots("first")
        tls_contexts.client_context(ClientSecurity(root_certificates=roots))

    def test_an_intermediate_or_leaf_may_be_believed_by_itself(self) -> None:
        leaf = GOOD.certificate_chain
        context = tls_contexts.client_context(ClientSecurity(root_certificates=leaf))
        client, server = tls.Session(context, "localhost"), tls.Session(_server_context(GOOD))
        client.handshake()
        server.receive(client.output())
        server.handshake()
        client.receive(server.output())
        assert client.handshake()


def _server_context(*identities: KeyAndChain) -> ssl.SSLContext:
    return tls_contexts.server_context(ServerCertificates(identities), False)


class TestIdentities:
    @pytest.mark.parametrize(
        ("identity", "message"),
        [
            (KeyAndChain(b"", b""), "write both in PEM"),
            (KeyAndChain(b"not PEM", GOOD.certificate_chain), "write both in PEM"),
            (KeyAndChain(GOOD.private_key, b"not PEM"), "write both in PEM"),
            (KeyAndChain(OTHER.private_key, GOOD.certificate_chain), "does not belong to the first certificate"),
        ],
        ids=["nothing", "no key", "no certificate", "another's key"],
    )
    def test_a_bad_one_is_an_error_on_either_side(self, identity: KeyAndChain, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            tls_contexts.client_context(certificates.client(identity=identity))
        with pytest.raises(ValueError, match=message):
            _server_context(identity)

    def test_an_encrypted_key_is_an_error_and_asks_nobody_for_a_password(self) -> None:
        serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
        key = serialization.load_pem_private_key(GOOD.private_key, None).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
        with pytest.raises(ValueError, match="the key not encrypted"):
            _server_context(KeyAndChain(key, GOOD.certificate_chain))

    def test_a_key_is_not_shown_in_a_repr(self) -> None:
        security = certificates.server()
        assert b"PRIVATE KEY" in security.certificates.identities[0].private_key
        assert "PRIVATE KEY" not in repr(security)

    def test_keys_pass_through_memory_and_leave_no_descriptor(self, tmp_path: pathlib.Path) -> None:
        before = len(os.listdir("/proc/self/fd"))
        _server_context(GOOD)
        assert len(os.listdir("/proc/self/fd")) == before

    def test_where_there_is_no_memory_file_a_secret_file_is_used_and_removed(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
    ) -> None:
        modes: List[int] = []
        load = ssl.SSLContext.load_cert_chain

        def noting(self: ssl.SSLContext, path: str, *arguments: Any, **keywords: Any) -> None:
            modes.append(stat.S_IMODE(os.stat(path).st_mode))
            assert path.startswith(str(tmp_path))
            assert keywords["password"] is not None  # else OpenSSL would ask for one on the terminal
            load(self, path, *arguments, **keywords)

        monkeypatch.delattr(os, "memfd_create")
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", noting)
        _server_context(GOOD)
        with pytest.raises(ValueError, match="write both in PEM"):
            _server_context(KeyAndChain(b"bad", b"bad"))
        assert modes == [0o600, 0o600]
        assert list(tmp_path.iterdir()) == []


class TestServers:
    def test_one_without_an_identity_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="at least one private key"):
            _server_context()

    def test_to_require_client_certificates_roots_are_needed(self) -> None:
        with pytest.raises(ValueError, match="needs root certificates to check them by"):
            tls_contexts.server_context(ServerCertificates((GOOD,)), True)

    def test_roots_alone_ask_no_client_for_a_certificate(self) -> None:
        context = tls_contexts.server_context(ServerCertificates((GOOD,), certificates.roots("first")), False)
        assert context.verify_mode is ssl.CERT_NONE

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("localhost", 0),
            ("other.example", 1),
            ("OTHER.example", 1),
            ("a.wild.example", 2),
            ("a.b.wild.example", 0),
            ("unknown.example", 0),
        ],
    )
    def test_of_several_identities_the_one_is_shown_that_has_the_name_asked_for(self, name: str, expected: int) -> None:
        identities = (GOOD, OTHER, certificates.identity("*.wild.example"))
        seen = _certificate_seen(_server_context(*identities), name)
        assert seen in identities[expected].certificate_chain

    def test_an_expired_identity_among_several_is_still_found_by_its_name(self) -> None:
        old = certificates.expired("old.example")
        assert tls_contexts._names_of(_server_context(old), old) == ["old.example"]


class TestDynamicCertificates:
    @staticmethod
    def _security(answers: List[Any]) -> ServerSecurity:
        def fetch() -> Optional[ServerCertificates]:
            answer = answers.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            return answer  # type: ignore[no-any-return]  # the tests' lists hold these

        return certificates.server(GOOD)._replace(fetch=fetch)

    def test_each_connection_asks_and_none_keeps_the_last(self) -> None:
        contexts = tls_contexts.ServerContexts(self._security([None, ServerCertificates((OTHER,)), None]))
        assert _certificate_seen(contexts.next(), "x") in GOOD.certificate_chain
        assert _certificate_seen(contexts.next(), "x") in OTHER.certificate_chain
        assert _certificate_seen(contexts.next(), "x") in OTHER.certificate_chain

    def test_equal_certificates_make_no_new_context(self) -> None:
        contexts = tls_contexts.ServerContexts(self._security([None, ServerCertificates((GOOD,))]))
        assert contexts.next() is contexts.next()

    @pytest.mark.parametrize(
        "answer", [RuntimeError("no"), ServerCertificates((KeyAndChain(b"bad", b"bad"),))], ids=["raised", "unusable"]
    )
    def test_a_fetch_that_fails_is_logged_and_the_last_ones_stay(
        self, answer: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        contexts = tls_contexts.ServerContexts(self._security([answer]))
        assert _certificate_seen(contexts.next(), "x") in GOOD.certificate_chain
        assert "the former ones stay in use" in caplog.text
