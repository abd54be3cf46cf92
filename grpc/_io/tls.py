"""TLS on one connection, sans-io: ciphertext in, plaintext out, and the other way round.

A `Session` belongs to one thread at a time: whoever holds the lock of the transport beneath. (An SSLSocket could not be
used like this: one thread may not read from it while another one writes.)
"""

from __future__ import annotations

import contextlib
import ipaddress
import ssl
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Union

if TYPE_CHECKING:
    from grpc._io.contract import AuthContext

ALPN = "h2"

_RECORD = 16 * 1024  # what one read can give at the most: a record

_PLAINTEXT = "the peer does not speak TLS here"
# What OpenSSL says -> what that means to people. Anything else is given in OpenSSL's words.
_REASONS = {
    **dict.fromkeys(
        (
            "BAD_RECORD_TYPE",
            "HTTPS_PROXY_REQUEST",
            "HTTP_REQUEST",
            "PACKET_LENGTH_TOO_LONG",
            "RECORD_LAYER_FAILURE",
            "UNKNOWN_PROTOCOL",
            "WRONG_VERSION_NUMBER",
        ),
        _PLAINTEXT,
    ),
    "NO_SHARED_CIPHER": "no cipher suite suits both sides",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "the client showed no certificate, and one is required",
    "UNSUPPORTED_PROTOCOL": "no version of TLS suits both sides (1.2 at least)",
}


class TlsError(Exception):
    """TLS cannot go on; what is left of the session's output tells the peer why.

    Attributes:
      reason: For status details.
      cause: What OpenSSL raised, if it did.
    """

    def __init__(self, reason: str, cause: Optional[BaseException] = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause


class Session:
    """One side of TLS on one connection."""

    __slots__ = ("_incoming", "_object", "_outgoing", "ended")

    def __init__(self, context: ssl.SSLContext, server_name: Optional[str] = None) -> None:
        """Make a session that has not yet said anything.

        Args:
          context: For the role that this side plays.
          server_name: Only for a client: whom to ask for, and to find in the server's certificate.

        Raises:
          TlsError: The name cannot be one of a server.
        """
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        server_side = context.protocol == ssl.PROTOCOL_TLS_SERVER
        try:
            self._object = context.wrap_bio(self._incoming, self._outgoing, server_side, server_name)
        except (UnicodeError, ValueError) as error:
            raise TlsError(f"{server_name!r} cannot be the name of a server: {error}", error) from error
        self.ended = False
        """Whether the peer has said that nothing more will come."""

    def receive(self, data: bytes) -> None:
        """Take ciphertext that arrived; `handshake` or `read` makes use of it."""
        self._incoming.write(data)

    def output(self) -> bytes:
        """Give the ciphertext to be written next, all that there is."""
        return self._outgoing.read()

    def handshake(self) -> bool:
        """Go on with the handshake as far as what has arrived permits; tell whether it is over.

        Raises:
          TlsError: It has failed.
        """
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except (ssl.SSLError, OSError, ValueError) as error:
            raise TlsError(f"TLS handshake failed: {explain(error)}", error) from error
        if self._object.selected_alpn_protocol() != ALPN:
            raise TlsError("TLS handshake failed: the peer does not offer HTTP/2 (ALPN 'h2') over TLS")
        return True

    def read(self) -> bytes:
        """Give the plaintext of what has arrived, all that there is; sets `ended` at the end.

        Raises:
          TlsError: What has arrived is not what the peer has sent.
        """
        pieces: List[bytes] = []
        try:
            while True:
                piece = self._object.read(_RECORD)
                if not piece:
                    self.ended = True
                    break
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        except (ssl.SSLError, OSError) as error:
            raise TlsError(f"TLS failed: {explain(error)}", error) from error
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read_into(self, buffer: memoryview) -> int:
        """Put as much of the plaintext of what has arrived into a buffer as it holds; sets `ended` at the end.

        Returns:
          How many bytes that is. If the buffer is full there may be more.

        Raises:
          TlsError: What has arrived is not what the peer has sent.
        """
        size = 0
        try:
            while size < len(buffer):
                read = self._object.read(len(buffer) - size, buffer[size:])
                if not read:
                    self.ended = True
                    break
                size += read  # type: ignore[operator]  # a number where a buffer is given
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        except (ssl.SSLError, OSError) as error:
            raise TlsError(f"TLS failed: {explain(error)}", error) from error
        return size

    def write(self, data: Union[bytes, memoryview]) -> None:
        """Encrypt; `output` gives the result.

        Raises:
          TlsError: The session has failed or ended before.
        """
        view = memoryview(data)
        try:
            while view:
                view = view[self._object.write(view) :]
        except (ssl.SSLError, OSError) as error:
            raise TlsError(f"TLS failed: {explain(error)}", error) from error

    def close(self) -> None:
        """Tell the peer that nothing more will come; `output` gives it."""
        # It raises where it would wait for the peer's own farewell, and where the session is broken.
        with contextlib.suppress(ssl.SSLError, OSError, ValueError):
            self._object.unwrap()

    def auth_context(self) -> AuthContext:
        """What is known of the peer after the handshake, under the names that gRPC gives to these properties."""
        found: Dict[str, List[bytes]] = {
            "transport_security_type": [b"ssl"],
            "security_level": [b"TSI_PRIVACY_AND_INTEGRITY"],
            "ssl_session_reused": [b"true" if self._object.session_reused else b"false"],
        }
        binary = self._object.getpeercert(binary_form=True)
        if binary is None:
            return found
        found["x509_pem_cert"] = [ssl.DER_cert_to_PEM_cert(binary).encode("ascii")]
        certificate: Dict[str, Any] = self._object.getpeercert() or {}
        names = [_name(kind, value) for kind, value in certificate.get("subjectAltName", ()) if kind in _NAME_KINDS]
        common = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
        if common:
            found["x509_common_name"] = [common[-1].encode("utf-8")]
        if names:
            found["x509_subject_alternative_name"] = names
        return found


_NAME_KINDS = ("DNS", "IP Address", "URI", "email")


def _name(kind: str, value: str) -> bytes:
    if kind == "IP Address":
        with contextlib.suppress(ValueError):
            value = str(ipaddress.ip_address(value.strip()))  # OpenSSL writes IPv6 addresses at full length
    return value.encode("utf-8")


def explain(error: BaseException) -> str:
    """An error of the ssl module in readable words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the peer's certificate is not accepted: {error.verify_message.rstrip('.')}"
    if isinstance(error, ssl.SSLEOFError):
        return "the peer closed the connection"
    reason = getattr(error, "reason", None)
    if not reason:
        return getattr(error, "strerror", None) or str(error)
    if reason in _REASONS:
        return _REASONS[reason]
    before, alert, after = str(reason).partition("ALERT_")
    words = (after if alert else before).replace("_", " ").lower()
    return f"the peer refuses: {words}" if alert else words
