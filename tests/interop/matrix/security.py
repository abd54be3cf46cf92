"""Keys and certificates in files, made anew for each run, and how an end is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, NamedTuple, Optional

from tests.io import certificates

if TYPE_CHECKING:
    from pathlib import Path

# No machine has this name: a client believes the certificate only if it does as --server_host_override says.
SERVER_NAME = "interop.test"


class Tls(NamedTuple):
    """Who the server is and whom the client believes.

    Attributes:
        ca_file: the authority's certificate.
        cert_file: the server's certificate chain.
        key_file: its private key.
    """

    ca_file: Path
    cert_file: Path
    key_file: Path


Security = Optional[Tls]
"""None is plaintext."""


def make(folder: Path) -> Tls:
    """Write the files into a folder."""
    identity = certificates.identity(SERVER_NAME)
    tls = Tls(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")
    tls.ca_file.write_bytes(certificates.roots("first"))
    tls.cert_file.write_bytes(identity.certificate_chain)
    tls.key_file.write_bytes(identity.private_key)
    return tls


def client_flags(security: Security) -> List[str]:
    """What a client's command line says of it."""
    if security is None:
        return []
    return ["--use_tls", "--use_test_ca", f"--ca_file={security.ca_file}", f"--server_host_override={SERVER_NAME}"]


def server_flags(security: Security) -> List[str]:
    """What a server's command line says of it."""
    if security is None:
        return []
    return ["--use_tls", f"--tls_cert_file={security.cert_file}", f"--tls_key_file={security.key_file}"]
