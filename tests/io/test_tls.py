"""One side of TLS, sans-io: two sessions whose ciphertext the test carries."""

from __future__ import annotations

import ssl
import warnings
from typing import TYPE_CHECKING, List, Optional, Tuple

import pytest

from grpc._io import tls, tls_contexts
from tests.io import certificates

if TYPE_CHECKING:
    from grpc._values.security import ClientSecurity, ServerSecurity


def _pair(
    client: Optional[ClientSecurity] = None, server: Optional[ServerSecurity] = None, name: Optional[str] = "localhost"
) -> Tuple[tls.Session, tls.Session]:
    client_context = tls_contexts.client_context(client or certificates.client())
    return (
        tls.Session(client_context, name),
        tls.Session(tls_contexts.ServerContexts(server or certificates.server()).next()),
    )


def _shake(client: tls.Session, server: tls.Session, piece: int = 1 << 20) -> None:
    """Carry ciphertext to and fro until both sides are through, in pieces of a size."""
    done = [client.handshake(), False]
    for _ in range(4):
        for number, (sender, receiver) in enumerate(((client, server), (server, client))):
            data = sender.output()
            for start in range(0, len(data), piece):
                receiver.receive(data[start : start + piece])
                if not done[1 - number]:
                    done[1 - number] = receiver.handshake()
    assert done == [True, True]


def _shaken() -> Tuple[tls.Session, tls.Session]:
    client, server = _pair()
    _shake(client, server)
    return client, server


def _failure(client: tls.Session, server: tls.Session) -> Tuple[Optional[str], Optional[str]]:
    """What each side says about a handshake, None for what it does not object to."""
    reasons: List[Optional[str]] = [None, None]
    sides = (client, server)
    for _ in range(4):
        for number, side in enumerate(sides):
            if reasons[number] is None:
                try:
                    if side.handshake():
                        side.read()
                except tls.TlsError as error:
                    reasons[number] = error.reason
            sides[1 - number].receive(side.output())
    return reasons[0], reasons[1]


class TestHandshake:
    @pytest.mark.parametrize("piece", [1 << 20, 100, 1], ids=["whole", "in pieces", "byte by byte"])
    def test_it_gets_through_however_its_bytes_are_cut(self, piece: int) -> None:
        client, server = _pair()
        _shake(client, server, piece)

    def test_an_address_can_be_the_name(self) -> None:
        for name in ("127.0.0.1", "::1"):
            client, server = _pair(name=name)
            _shake(client, server)

    def test_a_certificate_of_an_unknown_authority_is_refused_and_both_say_why(self) -> None:
        client, server = _failure(*_pair(certificates.client(roots_of=("second",))))
        assert client is not None
        assert client.startswith("TLS handshake failed: the peer's certificate is not accepted: ")
        assert "unable to get local issuer certificate" in client
        assert server == "TLS handshake failed: the peer refuses: unknown ca"

    def test_a_certificate_for_another_name_is_refused(self) -> None:
        client, _ = _failure(*_pair(name="other.example"))
        assert client == (
            "TLS handshake failed: the peer's certificate is not accepted: "
            "Hostname mismatch, certificate is not valid for 'other.example'"
        )

    def test_an_expired_certificate_is_refused(self) -> None:
        client, server = _failure(*_pair(server=certificates.server(certificates.expired("localhost"))))
        assert client == "TLS handshake failed: the peer's certificate is not accepted: certificate has expired"
        assert server == "TLS handshake failed: the peer refuses: certificate expired"

    def test_a_client_that_has_to_show_a_certificate_and_has_none_is_refused(self) -> None:
        client, server = _failure(*_pair(server=certificates.server(require_client_auth=True)))
        assert server == "TLS handshake failed: the client showed no certificate, and one is required"
        # In TLS 1.3 the client learns that after its own handshake, when it first reads.
        assert client is not None
        assert client.endswith("the peer refuses: certificate required")

    def test_a_client_whose_certificate_is_not_believed_is_refused(self) -> None:
        stranger = certificates.client(identity=certificates.identity("me", by="second"))
        _, server = _failure(*_pair(stranger, certificates.server(require_client_auth=True)))
        assert server is not None
        assert server.startswith("TLS handshake failed: the peer's certificate is not accepted: ")

    @pytest.mark.parametrize("side", ["client", "server"])
    def test_a_peer_that_does_not_offer_http2_is_refused(self, side: str) -> None:
        client, server = _pair()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if side == "server" else ssl.PROTOCOL_TLS_SERVER)
        if side == "server":  # it is the server that refuses
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            client = tls.Session(context, "localhost")
        else:
            certificates.authority("first").issue_cert("localhost").configure_cert(context)
            server = tls.Session(context)
        reasons = _failure(client, server)
        assert reasons[side == "server"] == (
            "TLS handshake failed: the peer does not offer HTTP/2 (ALPN 'h2') over TLS"
        )

    @pytest.mark.parametrize(
        "greeting",
        [
            b"\0\0\x12\x04\0\0\0\0\0" + bytes(18),
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.6\r\n",
        ],
        ids=["HTTP/2 server", "HTTP/2 client", "HTTP/1 server", "HTTP/1 client", "SSH"],
    )
    def test_a_peer_without_tls_is_recognised(self, greeting: bytes) -> None:
        for session in _pair():
            session.handshake()
            session.receive(greeting)
            with pytest.raises(tls.TlsError, match="the peer does not speak TLS here"):
                session.handshake()

    def test_versions_before_1_2_are_refused(self) -> None:
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname = False
        old.verify_mode = ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of these versions, older do not
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_alpn_protocols(["h2"])
        _, server = _failure(tls.Session(old, "localhost"), _pair()[1])
        assert server == "TLS handshake failed: no version of TLS suits both sides (1.2 at least)"

    @pytest.mark.parametrize("name", [".example", "a" * 64 + ".example"])
    def test_what_cannot_be_a_name_is_refused_at_once(self, name: str) -> None:
        with pytest.raises(tls.TlsError, match="cannot be the name of a server"):
            _pair(name=name)


class TestTraffic:
    def test_plaintext_goes_both_ways(self) -> None:
        client, server = _shaken()
        for sender, receiver in ((client, server), (server, client)):
            sender.write(b"hello")
            receiver.receive(sender.output())
            assert receiver.read() == b"hello"
            assert receiver.read() == b""

    def test_large_data_is_written_and_read_whole(self) -> None:
        client, server = _shaken()
        data = bytes(range(256)) * 4096
        client.write(data)
        ciphertext = client.output()
        assert data[:1000] not in ciphertext
        server.receive(ciphertext)
        assert server.read() == data

    def test_plaintext_can_be_read_into_a_buffer_until_that_is_not_full(self) -> None:
        client, server = _shaken()
        data = bytes(range(256)) * 200
        client.write(data)
        server.receive(client.output())
        buffer = memoryview(bytearray(20_000))
        read = b""
        sizes = []
        while not sizes or sizes[-1] == len(buffer):
            sizes.append(server.read_into(buffer))
            read += buffer[: sizes[-1]]
        assert (sizes, read) == ([20_000, 20_000, 11_200], data)
        assert (server.read_into(buffer), server.ended) == (0, False)

    def test_a_farewell_is_an_end_for_a_buffer_too(self) -> None:
        client, server = _shaken()
        client.write(b"last words")
        client.close()
        server.receive(client.output())
        buffer = memoryview(bytearray(100))
        assert bytes(buffer[: server.read_into(buffer)]) == b"last words"
        assert server.ended

    def test_a_spoiled_byte_is_an_error_for_a_buffer_too(self) -> None:
        client, server = _shaken()
        client.write(b"hello")
        data = bytearray(client.output())
        data[-1] ^= 1
        server.receive(bytes(data))
        with pytest.raises(tls.TlsError, match="TLS failed: decryption failed or bad record mac"):
            server.read_into(memoryview(bytearray(100)))

    def test_ciphertext_may_come_byte_by_byte(self) -> None:
        client, server = _shaken()
        client.write(b"hello")
        read = b""
        for byte in client.output():
            server.receive(bytes([byte]))
            read += server.read()
        assert read == b"hello"

    def test_a_spoiled_byte_is_an_error(self) -> None:
        client, server = _shaken()
        client.write(b"hello")
        data = bytearray(client.output())
        data[-1] ^= 1
        server.receive(bytes(data))
        with pytest.raises(tls.TlsError, match="TLS failed: decryption failed or bad record mac"):
            server.read()
        assert server.output()  # tells the peer

    def test_a_farewell_is_an_end_after_all_that_was_sent(self) -> None:
        client, server = _shaken()
        client.write(b"last words")
        client.close()
        client.close()
        server.receive(client.output())
        assert server.read() == b"last words"
        assert server.ended
        server.close()
        client.receive(server.output())
        assert client.read() == b""
        assert client.ended

    def test_after_the_end_nothing_can_be_written(self) -> None:
        client, _ = _shaken()
        client.close()
        with pytest.raises(tls.TlsError, match="TLS failed: protocol is shutdown"):
            client.write(b"x")


class TestAuthContext:
    def test_a_client_knows_the_servers_certificate(self) -> None:
        shown = certificates.identity("localhost", "127.0.0.1", "::1", common_name="the server")
        client, server = _pair(server=certificates.server(shown))
        _shake(client, server)
        known = client.auth_context()
        assert known["transport_security_type"] == [b"ssl"]
        assert known["security_level"] == [b"TSI_PRIVACY_AND_INTEGRITY"]
        assert known["ssl_session_reused"] == [b"false"]
        assert known["x509_common_name"] == [b"the server"]
        assert known["x509_subject_alternative_name"] == [b"localhost", b"127.0.0.1", b"::1"]
        (pem,) = known["x509_pem_cert"]
        assert pem.strip() in shown.certificate_chain

    def test_a_server_knows_nothing_of_a_client_that_shows_nothing(self) -> None:
        assert sorted(_shaken()[1].auth_context()) == [
            "security_level",
            "ssl_session_reused",
            "transport_security_type",
        ]

    def test_a_server_knows_the_certificate_of_a_client_that_has_to_show_one(self) -> None:
        me = certificates.identity("me.example", "me@example.org", common_name="me")
        client, server = _pair(certificates.client(identity=me), certificates.server(require_client_auth=True))
        _shake(client, server)
        known = server.auth_context()
        assert known["x509_common_name"] == [b"me"]
        assert known["x509_subject_alternative_name"] == [b"me.example", b"me@example.org"]

    def test_a_certificate_without_a_common_name_has_none(self) -> None:
        assert "x509_common_name" not in _shaken()[0].auth_context()


def test_errors_without_a_reason_are_given_as_they_are() -> None:
    assert tls.explain(OSError(2, "No such file or directory")) == "No such file or directory"
    assert tls.explain(ValueError("strange")) == "strange"
    assert tls.explain(ssl.SSLEOFError(8, "EOF")) == "the peer closed the connection"
