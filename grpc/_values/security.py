"""How a side of a connection proves who it is and checks its peer: plain data, all PEM texts as bytes.

Nothing here reads a file or parses a certificate. A driver does, when the values are put to use; what it cannot
understand is a ValueError there.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional, Tuple


class KeyAndChain(NamedTuple):
    """A private key with the certificates that vouch for it.

    Attributes:
      private_key: In PEM, not encrypted.
      certificate_chain: In PEM: the key's own certificate first, then those that lead to a root.
    """

    private_key: bytes
    certificate_chain: bytes

    def __repr__(self) -> str:
        return "<KeyAndChain>"  # a key must not get into a log


class ClientSecurity(NamedTuple):
    """How a client speaks TLS.

    Attributes:
      root_certificates: In PEM: whom to believe; None for the roots that the environment variable
        `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH` names, or else the system's.
      identity: What the client shows a server that asks; None to show nothing.
      server_name: What is asked for and must be in the server's certificate; None for the target's host.
    """

    root_certificates: Optional[bytes] = None
    identity: Optional[KeyAndChain] = None
    server_name: Optional[str] = None


class ServerCertificates(NamedTuple):
    """What a server shows and believes.

    Attributes:
      identities: The keys and chains to show; where there are several, the first that fits what the client can verify.
      root_certificates: In PEM: whom to believe about clients; None if none is asked for a certificate.
    """

    identities: Tuple[KeyAndChain, ...]
    root_certificates: Optional[bytes] = None


class ServerSecurity(NamedTuple):
    """How a server speaks TLS.

    Attributes:
      certificates: What to show and believe.
      require_client_auth: Whether a client must show a certificate that a root vouches for; else none is asked for.
      fetch: Gives the certificates for new connections: called at the beginning of each, from the driver's thread;
        None from it keeps those of the last time. What it raises is logged, and the last ones are kept.
    """

    certificates: ServerCertificates
    require_client_auth: bool = False
    fetch: Optional[Callable[[], Optional[ServerCertificates]]] = None
