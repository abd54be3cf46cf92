"""From PEM texts to contexts of the ssl module."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import ssl
import tempfile
import threading
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Sequence, Tuple

from grpc._io.tls import ALPN, explain

if TYPE_CHECKING:
    from grpc._values.security import ClientSecurity, KeyAndChain, ServerCertificates, ServerSecurity

_LOGGER = logging.getLogger(__name__)

ROOTS_VARIABLE = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
CIPHERS_VARIABLE = "GRPC_SSL_CIPHER_SUITES"

# Believe what is given as a root also if another authority vouches for it; older versions of Python lack the name.
_PARTIAL_CHAIN = getattr(ssl, "VERIFY_X509_PARTIAL_CHAIN", 0x80000)
_NO_CHECK_TIME = 0x200000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME


# ------------------------------------------------------------ clients


def client_context(security: ClientSecurity) -> ssl.SSLContext:
    """The context for connections of a client; equal values share one.

    Raises:
      ValueError: What `security` or the environment holds is unusable; the message says what and why.
    """
    return _client_context(
        security.root_certificates, security.identity, os.environ.get(ROOTS_VARIABLE), os.environ.get(CIPHERS_VARIABLE)
    )


@functools.lru_cache(maxsize=64)
def _client_context(
    roots: Optional[bytes], identity: Optional[KeyAndChain], roots_path: Optional[str], ciphers: Optional[str]
) -> ssl.SSLContext:
    context = _context(ssl.PROTOCOL_TLS_CLIENT, ciphers)
    if roots is not None:
        _load_roots(context, roots)
    elif roots_path:
        try:
            context.load_verify_locations(roots_path)
        except (ssl.SSLError, OSError) as error:
            raise ValueError(f"{ROOTS_VARIABLE} is {roots_path!r}, which cannot be used: {explain(error)}") from error
    else:
        context.load_default_certs()
    if identity is not None:
        _load_identity(context, identity)
    return context


# ------------------------------------------------------------ servers


class ServerContexts:
    """The contexts for connections of a server, one after another; made anew when its certificates change."""

    def __init__(self, security: ServerSecurity) -> None:
        """Make the first context.

        Raises:
          ValueError: What `security` or the environment holds is unusable; the message says what and why.
        """
        self._security = security
        # Guards the two below. Nothing is called while it is held.
        self._lock = threading.Lock()
        self._certificates = security.certificates
        self._context = server_context(security.certificates, security.require_client_auth)

    def next(self) -> ssl.SSLContext:
        """The context for a new connection; asks the customer for new certificates, if there is somebody to ask."""
        fetch = self._security.fetch
        if fetch is None:
            return self._context
        try:
            fetched = fetch()
            if fetched is not None and fetched != self._certificates:
                context = server_context(fetched, self._security.require_client_auth)
                with self._lock:
                    self._certificates, self._context = fetched, context
        except Exception:
            _LOGGER.exception("Fetching a server's certificates failed; the former ones stay in use")
        return self._context


def server_context(certificates: ServerCertificates, require_client_auth: bool) -> ssl.SSLContext:
    """A context for connections of a server.

    Raises:
      ValueError: What `certificates` or the environment holds is unusable; the message says what and why.
    """
    identities = certificates.identities
    if not identities:
        raise ValueError("a server needs at least one private key with its certificate chain")
    if require_client_auth and certificates.root_certificates is None:
        raise ValueError("to require certificates of clients, a server needs root certificates to check them by")
    contexts = []
    for identity in identities:
        context = _context(ssl.PROTOCOL_TLS_SERVER, os.environ.get(CIPHERS_VARIABLE))
        # A context holds one certificate for each kind of key. It has them all, so that a client may choose the kind,
        # and its own is loaded last, so that it stands for its kind.
        for other in identities:
            if other is not identity:
                _load_identity(context, other)
        _load_identity(context, identity)
        if require_client_auth:
            assert certificates.root_certificates is not None
            _load_roots(context, certificates.root_certificates)
            context.verify_mode = ssl.CERT_REQUIRED
        contexts.append(context)
    if len(contexts) > 1:
        _choose_by_name(contexts, [_names_of(context, one) for context, one in zip(contexts, identities)])
    return contexts[0]


def _choose_by_name(contexts: Sequence[ssl.SSLContext], names: Sequence[List[str]]) -> None:
    """Have the first context give way to the first one whose certificate has the name that a client asks for."""

    def choose(session: ssl.SSLObject, asked: Optional[str], _: ssl.SSLContext) -> None:
        for context, known in zip(contexts, names):
            if asked is not None and any(_matches(asked.lower(), name.lower()) for name in known):
                session.context = context
                return

    contexts[0].sni_callback = choose


def _matches(asked: str, name: str) -> bool:
    if name.startswith("*."):
        return asked.partition(".")[2] == name[2:]
    return asked == name


def _names_of(context: ssl.SSLContext, identity: KeyAndChain) -> List[str]:
    """The DNS names in an identity's certificate.

    The ssl module tells only about a peer's certificate. So the identity is shown to a client that believes it, in
    memory.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= _PARTIAL_CHAIN | _NO_CHECK_TIME
    _load_roots(client, identity.certificate_chain)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load_identity(server, identity)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True))
    try:
        for _ in range(3):  # a handshake takes two turns, or three up to TLS 1.2
            for end in ends:
                with contextlib.suppress(ssl.SSLWantReadError):
                    end.do_handshake()
    except ssl.SSLError:
        return []  # not one for a server, it seems; who asks for it by no name may still like it
    certificate: Dict[str, Any] = ends[0].getpeercert() or {}
    return [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]


# ------------------------------------------------------------ both


def _context(protocol: int, ciphers: Optional[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)  # a client's checks certificates and names by default
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([ALPN])
    context.verify_flags |= _PARTIAL_CHAIN
    if ciphers:
        try:
            context.set_ciphers(ciphers)
        except ssl.SSLError as error:
            raise ValueError(
                f"{CIPHERS_VARIABLE} is {ciphers!r}, which names no known cipher suite: "
                "write OpenSSL's names with colons between"
            ) from error
    return context


def _load_roots(context: ssl.SSLContext, roots: bytes) -> None:
    try:
        # Only comments can be anything but ASCII.
        context.load_verify_locations(cadata=roots.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError) as error:
        raise ValueError(f"the root certificates are not usable PEM: {explain(error)}") from error


def _load_identity(context: ssl.SSLContext, identity: KeyAndChain) -> None:
    # One file for both: the ssl module takes keys from files alone.
    pem = identity.private_key + b"\n" + identity.certificate_chain
    try:
        for path in _as_files(pem):
            # A key that is encrypted would have OpenSSL ask for a password on the terminal.
            context.load_cert_chain(path, password="")
    except (ssl.SSLError, OSError, ValueError) as error:
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            raise ValueError("the private key does not belong to the first certificate of its chain") from error
        raise ValueError(
            "the private key or its certificate chain is not usable: write both in PEM, the key not encrypted "
            f"({explain(error)})"
        ) from error


def _as_files(data: bytes) -> Iterator[str]:
    """Give the path of a file with some bytes, as long as the loop's body runs, once.

    In memory where the system can do that; else on disk, readable by this user alone.
    """
    fd, path = _secret_file()
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        yield path or f"/proc/self/fd/{fd}"
    finally:
        if path is not None:
            os.unlink(path)
        os.close(fd)


def _secret_file() -> Tuple[int, Optional[str]]:
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        return os.memfd_create("pem"), None
    return tempfile.mkstemp(prefix="pem-")
