"""Certificates for tests, made on the fly and shared, as making one takes time."""

from __future__ import annotations

import datetime
import functools
from typing import Optional, Tuple

import trustme

from grpc._values.security import ClientSecurity, KeyAndChain, ServerCertificates, ServerSecurity


@functools.cache
def authority(name: str) -> trustme.CA:
    """A certificate authority; the name only tells it from others."""
    return trustme.CA(organization_name=name)


@functools.cache
def identity(*names: str, by: str = "first", common_name: str = "") -> KeyAndChain:
    """A key with a certificate for some names."""
    return _pem(authority(by).issue_cert(*names, common_name=common_name or None))


@functools.cache
def expired(*names: str) -> KeyAndChain:
    """A key with a certificate of long ago."""
    long_ago = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    return _pem(authority("first").issue_cert(*names, not_before=long_ago, not_after=long_ago + day))


def _pem(issued: trustme.LeafCert) -> KeyAndChain:
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    return KeyAndChain(issued.private_key_pem.bytes(), chain)


def roots(*names: str) -> bytes:
    """The roots of some authorities."""
    return b"".join(authority(name).cert_pem.bytes() for name in names)


def client(
    *,
    roots_of: Tuple[str, ...] = ("first",),
    identity: Optional[KeyAndChain] = None,
    server_name: Optional[str] = None,
) -> ClientSecurity:
    """A client that believes some authorities."""
    return ClientSecurity(roots(*roots_of), identity, server_name)


def server(*identities: KeyAndChain, require_client_auth: bool = False, roots_of: str = "first") -> ServerSecurity:
    """A server with some identities, `localhost` if none is given."""
    shown = identities or (identity("localhost", "127.0.0.1", "::1"),)
    return ServerSecurity(
        ServerCertificates(shown, roots(roots_of) if require_client_auth else None), require_client_auth
    )
