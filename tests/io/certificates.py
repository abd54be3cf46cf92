"""Certificates for tests, made anew in every run: an authority, what it vouches for, and one that nobody knows."""

from __future__ import annotations

import functools
from typing import NamedTuple

import trustme

from grpc._values.security import ClientSecurity, KeyAndChain, ServerCertificates, ServerSecurity

OURS = "ours"


class Authority(NamedTuple):
    """Somebody who vouches, with an identity for a server on this machine and one for a client."""

    root: bytes
    server: KeyAndChain
    client: KeyAndChain


@functools.cache
def authority(name: str) -> Authority:
    """An authority of this name; the same one each time."""
    maker = trustme.CA(organization_name=name)
    return Authority(
        maker.cert_pem.bytes(),
        _identity(maker.issue_cert("localhost", "127.0.0.1", common_name="the server")),
        _identity(maker.issue_cert("client@tests", common_name="the client")),
    )


def _identity(issued: trustme.LeafCert) -> KeyAndChain:
    return KeyAndChain(
        issued.private_key_pem.bytes(), b"".join(certificate.bytes() for certificate in issued.cert_chain_pems)
    )


def server_security(*, mutual: bool = False) -> ServerSecurity:
    """What a server of our authority shows, and whom it believes."""
    ours = authority(OURS)
    return ServerSecurity(ServerCertificates((ours.server,), ours.root if mutual else None), mutual)


def client_security(*, identity: bool = False, root: str = OURS) -> ClientSecurity:
    """What a client believes, and shows if it has to."""
    return ClientSecurity(authority(root).root, authority(OURS).client if identity else None)
